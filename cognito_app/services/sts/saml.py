"""AssumeRoleWithSAML: an assertion, used once, for credentials of a role that it names.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html
"""

from __future__ import annotations

import base64
from dataclasses import replace
from hashlib import sha1

import regex

from cognito_app.conf import app_settings
from cognito_app.core import clock, numbers
from cognito_app.core.saml_response import Assertion
from cognito_app.core.saml_xml import Reason, SamlError
from cognito_app.errors import AccessDenied, ExpiredWebIdentityToken, InvalidIdentityToken
from cognito_app.models import SamlProvider, SpentNonce
from cognito_app.services import principals, roles, saml_assertions, saml_providers
from cognito_app.services.saml_assertions import ATTRIBUTES
from cognito_app.services.sts import minting
from cognito_app.services.sts.minting import Minted, Wish
from cognito_app.services.sts.narrowing import Asked

ASSUME = "sts:AssumeRoleWithSAML"
FORMATS = ("urn:oasis:names:tc:SAML:2.0:nameid-format:", "urn:oasis:names:tc:SAML:1.1:nameid-format:")
SHORTEST, LONGEST = 900, 43_200
USED = "The SAML assertion was used already."
EXPIRED = "Token must be redeemed within 5 minutes of issuance"
REFUSALS = {
    Reason.UNUSABLE: "Invalid SAML response",
    Reason.EARLY: "The SAML assertion is not valid yet.",
    Reason.ISSUER: "Issuer not present in specified provider",
    Reason.SIGNATURE: "Response signature invalid",
    Reason.RECIPIENT: "The recipient of the SAML response is invalid.",
    Reason.AUDIENCE: "Audience is invalid",
}
_SESSION_NAME = regex.compile(r"[\w+=,.@-]{2,64}")


def assume(
    asked: Asked,
    *,
    encoded: str,
    role_arn: str,
    provider_arn: str,
) -> Minted:
    """Return credentials of a role for a SAML response.

    Raises InvalidIdentityToken, ExpiredWebIdentityToken, AccessDenied, MalformedPolicyDocument, PackedPolicyTooLarge
    or ValidationError.
    """
    provider = saml_providers.by_arn(provider_arn)
    if provider is None:
        raise InvalidIdentityToken("Specified provider doesn't exist")
    assertion = _verified(provider, encoded)
    _check_named(assertion, role_arn, provider_arn)
    held = asked.narrowing(tags=_tags(assertion), transitive=assertion.values(f"{ATTRIBUTES}TransitiveTagKeys"))
    wish = Wish(
        action=ASSUME,
        names={"Federated": {provider_arn}},
        session_name=_session_name(assertion),
        seconds=_seconds(assertion, asked.seconds),
        context=principals.surroundings(asked.ip),
        carried={**_keys(provider, assertion), "aws:FederatedProvider": provider_arn},
        narrowing=held,
        source_identity=assertion.one(f"{ATTRIBUTES}SourceIdentity"),
        minimum_size=asked.minimum_size,
    )
    role = minting.check_trust(roles.loaded_by_arn(role_arn), wish)
    minting.check_duration(role, wish.seconds)
    if not SpentNonce.spend(*saml_assertions.once(assertion, ASSUME)):
        raise InvalidIdentityToken(USED)
    return replace(
        minting.mint(role, replace(wish, seconds=_until_session_ends(assertion, wish.seconds))),
        subject=assertion.name_id,
        subject_type=_subject_type(assertion),
        provider=assertion.issuer,
        audience=assertion.recipient,
        name_qualifier=_qualifier(provider, assertion),
    )


def _verified(provider: SamlProvider, encoded: str) -> Assertion:
    """Verify a response. Raises InvalidIdentityToken or ExpiredWebIdentityToken."""
    try:
        return saml_assertions.verify(provider, encoded)
    except SamlError as error:
        if error.reason == Reason.EXPIRED:
            raise ExpiredWebIdentityToken(EXPIRED) from None
        raise InvalidIdentityToken(REFUSALS.get(error.reason, REFUSALS[Reason.UNUSABLE])) from None


def _check_named(assertion: Assertion, role_arn: str, provider_arn: str) -> None:
    """The provider must have named this role with itself. Raises AccessDenied or InvalidIdentityToken."""
    if not assertion.values(f"{ATTRIBUTES}Role"):
        raise InvalidIdentityToken("Role attribute is required in AuthnResponse")
    if role_arn not in saml_assertions.roles_for(assertion, provider_arn):
        raise AccessDenied(f"Not authorized to perform {ASSUME}")


def _tags(assertion: Assertion) -> dict[str, str]:
    prefix = f"{ATTRIBUTES}PrincipalTag:"
    return {
        name[len(prefix) :]: values[0]
        for name, values in assertion.attributes.items()
        if name.startswith(prefix) and len(values) == 1
    }


def _session_name(assertion: Assertion) -> str:
    name = assertion.one(f"{ATTRIBUTES}RoleSessionName")
    if name is None:
        raise InvalidIdentityToken("RoleSessionName is required in AuthnResponse")
    if not _SESSION_NAME.fullmatch(name):
        raise InvalidIdentityToken("RoleSessionName in AuthnResponse is invalid")
    return name


def _seconds(assertion: Assertion, asked: int | None) -> int:
    given = assertion.one(f"{ATTRIBUTES}SessionDuration")
    if given is None:
        return asked or minting.DEFAULT_SECONDS
    seconds = numbers.whole(given, LONGEST)
    if seconds is None or seconds < SHORTEST:
        raise InvalidIdentityToken("SessionDuration in AuthnResponse is invalid")
    return min(asked, seconds) if asked else seconds


def _until_session_ends(assertion: Assertion, seconds: int) -> int:
    """A session does not outlive the one at the provider. Raises InvalidIdentityToken for one that is over."""
    if assertion.session_until is None:
        return seconds
    left = int((assertion.session_until - clock.now()).total_seconds())
    if left <= 0:
        raise InvalidIdentityToken("The session at the provider has ended.")
    return min(seconds, left)


def _keys(provider: SamlProvider, assertion: Assertion) -> dict[str, str | list[str]]:
    return {
        "saml:aud": assertion.recipient,
        "saml:iss": assertion.issuer,
        "saml:sub": assertion.name_id,
        "saml:sub_type": _subject_type(assertion),
        "saml:doc": f"{app_settings.account_id}/{provider.name}",
        "saml:namequalifier": _qualifier(provider, assertion),
    }


def _subject_type(assertion: Assertion) -> str:
    for prefix in FORMATS:
        if assertion.name_id_format.startswith(prefix):
            return assertion.name_id_format[len(prefix) :]
    return assertion.name_id_format


def _qualifier(provider: SamlProvider, assertion: Assertion) -> str:
    text = f"{assertion.issuer}{app_settings.account_id}/{provider.name}"
    return base64.b64encode(sha1(text.encode(), usedforsecurity=False).digest()).decode()
