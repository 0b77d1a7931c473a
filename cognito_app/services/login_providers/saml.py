"""Logins by SAML assertions of the account's SAML providers; an assertion is good once for each operation.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/saml-identity-provider.html
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import structlog

from cognito_app.conf import app_settings
from cognito_app.core import clock, saml_response
from cognito_app.core.saml_response import Assertion, Expected, SamlError
from cognito_app.errors import NotAuthorizedException
from cognito_app.models import SamlProvider
from cognito_app.services import saml_providers
from cognito_app.services.login_providers.verified import UNSUPPORTED, VerifiedLogin, checked_subject, invalid

ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"
NAME_IDENTIFIER = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"
BAD_RESPONSE = "Not a valid SAML response."
USED = "The SAML assertion has been used."
ENHANCED_ONLY = "SAML is for the enhanced flow only."

log = structlog.get_logger(__name__)


def verify(arn: str, text: str, operation: str) -> VerifiedLogin:
    """Verify the base64 of a SAML Response, as its assertion consumer service got it.

    Raises NotAuthorizedException.
    """
    if operation == "GetOpenIdToken":
        raise invalid(ENHANCED_ONLY)
    provider = saml_providers.by_arn(arn)
    if provider is None:
        raise NotAuthorizedException(UNSUPPORTED)
    try:
        assertion = verify_response(provider, text)
    except SamlError as error:
        log.warning("saml_response_refused", provider=arn, reason=str(error))
        raise invalid(BAD_RESPONSE) from None
    subject = checked_subject(assertion.name_id, "NameID")
    return VerifiedLogin(
        provider=arn,
        subject=subject,
        client_id=app_settings.saml_audience,
        claims=_claims(assertion),
        proof=f"{arn}:SAML:{subject}",
        names=(arn,),
        roles=roles_for(assertion, arn),
        once=(nonce(assertion, operation), assertion.valid_until),
    )


def verify_response(provider: SamlProvider, text: str) -> Assertion:
    """Verify a Response of a provider, all but whether it was used before (``nonce``). Raises SamlError."""
    if provider.valid_until is not None and provider.valid_until <= clock.now():
        raise SamlError("the certificates have expired")
    recipients = [item.format(public_url=app_settings.public_url) for item in app_settings.saml_recipients]
    expected = Expected(
        entity_id=provider.entity_id,
        certificates=provider.certificates,
        audience=app_settings.saml_audience,
        recipients=recipients,
    )
    return saml_response.verify(text, expected)


def nonce(assertion: Assertion, operation: str) -> str:
    """Return what is spent when an operation takes the assertion (``models.SpentNonce``)."""
    return sha256(f"saml:{operation}:{assertion.issuer}:{assertion.id}".encode()).hexdigest()


def roles_for(assertion: Assertion, arn: str) -> tuple[str, ...]:
    """Return the roles that an assertion offers with its provider: pairs of ARNs in either order."""
    found: list[str] = []
    for pair in assertion.attributes.get(f"{ATTRIBUTES}Role", ()):
        parts = [part.strip() for part in pair.split(",")]
        if len(parts) == 2 and arn in parts:
            found += [part for part in parts if ":role/" in part]
    return tuple(dict.fromkeys(found))


def _claims(assertion: Assertion) -> dict[str, Any]:
    """All attributes are claims for rules and tags; a single value stands without a list."""
    claims: dict[str, Any] = {
        name: values[0] if len(values) == 1 else list(values) for name, values in assertion.attributes.items()
    }
    return {NAME_IDENTIFIER: assertion.name_id, **claims, "iss": assertion.issuer, "sub": assertion.name_id}
