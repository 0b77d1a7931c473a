"""AssumeRoleWithSAML: an assertion, used once, for credentials of a role that it names.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha1, sha256

import regex

from cognito_app.conf import app_settings
from cognito_app.core import clock
from cognito_app.errors import AccessDenied, InvalidIdentityToken
from cognito_app.models import SamlProvider, SpentNonce
from cognito_app.services import principals, roles, saml_providers
from cognito_app.services.sts import assertions, minting, narrowing
from cognito_app.services.sts.assertions import Assertion
from cognito_app.services.sts.minting import Minted, Wish

ASSUME = "sts:AssumeRoleWithSAML"
ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"
FORMATS = ("urn:oasis:names:tc:SAML:2.0:nameid-format:", "urn:oasis:names:tc:SAML:1.1:nameid-format:")
SHORTEST, LONGEST = 900, 43_200
_SESSION_NAME = regex.compile(r"[\w+=,.@-]{2,64}")


def assume(
    *,
    encoded: str,
    role_arn: str,
    provider_arn: str,
    seconds: int | None = None,
    document: str | None = None,
    policy_arns: Sequence[str] = (),
    minimum_size: int = 0,
    ip: str = "",
) -> Minted:
    """Return credentials of a role for a SAML response.

    Raises InvalidIdentityToken, ExpiredWebIdentityToken, AccessDenied, MalformedPolicyDocument, PackedPolicyTooLarge
    or ValidationError.
    """
    provider = saml_providers.by_arn(provider_arn)
    if provider is None:
        raise InvalidIdentityToken("Specified provider doesn't exist")
    assertion = assertions.verify(provider, encoded)
    _check_named(assertion, role_arn, provider_arn)
    held = narrowing.read(
        document=document, arns=policy_arns, tags=_tags(assertion), transitive=_values(assertion, "TransitiveTagKeys")
    )
    wish = Wish(
        action=ASSUME,
        names={"Federated": {provider_arn}},
        session_name=_session_name(assertion),
        seconds=_seconds(assertion, seconds),
        context=principals.surroundings(ip),
        carried={**_keys(provider, assertion), "aws:FederatedProvider": provider_arn},
        narrowing=held,
        source_identity=assertion.one(f"{ATTRIBUTES}SourceIdentity"),
        minimum_size=minimum_size,
    )
    role = minting.check_trust(roles.loaded_by_arn(role_arn), wish)
    minting.check_duration(role, wish.seconds)
    _spend(provider, assertion)
    return replace(
        minting.mint(role, replace(wish, seconds=_until_session_ends(assertion, wish.seconds))),
        subject=assertion.subject,
        subject_type=_subject_type(assertion),
        provider=assertion.issuer,
        audience=assertion.recipient,
        name_qualifier=_qualifier(provider, assertion),
    )


def _check_named(assertion: Assertion, role_arn: str, provider_arn: str) -> None:
    """The provider must have named this role with itself. Raises AccessDenied or InvalidIdentityToken."""
    pairs = _values(assertion, "Role")
    if not pairs:
        raise InvalidIdentityToken("Role attribute is required in AuthnResponse")
    named = {frozenset(part.strip() for part in pair.split(",")) for pair in pairs}
    if frozenset({role_arn, provider_arn}) not in named:
        raise AccessDenied(f"Not authorized to perform {ASSUME}")


def _values(assertion: Assertion, name: str) -> list[str]:
    return assertion.attributes.get(ATTRIBUTES + name, [])


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
    if not (given.isascii() and given.isdigit()) or not SHORTEST <= int(given[:9]) <= LONGEST:
        raise InvalidIdentityToken("SessionDuration in AuthnResponse is invalid")
    return min(asked, int(given)) if asked else int(given)


def _until_session_ends(assertion: Assertion, seconds: int) -> int:
    """A session does not outlive the one at the provider. Raises InvalidIdentityToken for one that is over."""
    if assertion.session_ends_at is None:
        return seconds
    left = int((assertion.session_ends_at - clock.now()).total_seconds())
    if left <= 0:
        raise InvalidIdentityToken("The session at the provider has ended.")
    return min(seconds, left)


def _keys(provider: SamlProvider, assertion: Assertion) -> dict[str, str | list[str]]:
    return {
        "saml:aud": assertion.recipient,
        "saml:iss": assertion.issuer,
        "saml:sub": assertion.subject,
        "saml:sub_type": _subject_type(assertion),
        "saml:doc": f"{app_settings.account_id}/{provider.name}",
        "saml:namequalifier": _qualifier(provider, assertion),
    }


def _subject_type(assertion: Assertion) -> str:
    for prefix in FORMATS:
        if assertion.subject_format.startswith(prefix):
            return assertion.subject_format[len(prefix) :]
    return assertion.subject_format


def _qualifier(provider: SamlProvider, assertion: Assertion) -> str:
    text = f"{assertion.issuer}{app_settings.account_id}/{provider.name}"
    return base64.b64encode(sha1(text.encode(), usedforsecurity=False).digest()).decode()


def _spend(provider: SamlProvider, assertion: Assertion) -> None:
    """Use the assertion up. Raises InvalidIdentityToken if it was used before."""
    nonce = sha256(f"saml:{provider.entity_id}\n{assertion.id}".encode()).hexdigest()
    if not SpentNonce.spend(nonce, assertion.expires_at):
        raise InvalidIdentityToken("The SAML assertion was used already.")
