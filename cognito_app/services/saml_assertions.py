"""Assertions of the account's SAML providers: for identity pools and for STS alike.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

import structlog

from cognito_app.conf import app_settings
from cognito_app.core import clock, saml_response, subjects
from cognito_app.core.saml_response import DRIFT, Assertion, Expected
from cognito_app.core.saml_xml import SamlError
from cognito_app.models import SamlProvider

ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"

log = structlog.get_logger(__name__)


def verify(provider: SamlProvider, text: str) -> Assertion:
    """Verify the base64 of a Response, as its assertion consumer service got it; all but ``once``. Raises SamlError."""
    try:
        return _verified(provider, text)
    except SamlError as error:
        log.warning("saml_response_refused", provider=provider.name, reason=str(error))
        raise


def _verified(provider: SamlProvider, text: str) -> Assertion:
    if provider.valid_until is not None and provider.valid_until <= clock.now():
        raise SamlError("the certificates have expired")
    recipients = [item.format(public_url=app_settings.public_url) for item in app_settings.saml_recipients]
    expected = Expected(
        entity_id=provider.entity_id,
        certificates=provider.certificates,
        audience=app_settings.saml_audience,
        recipients=recipients,
    )
    assertion = saml_response.verify(text, expected)
    if not subjects.is_subject(assertion.name_id):
        raise SamlError("a NameID that is no identifier")
    return assertion


def once(assertion: Assertion, operation: str) -> tuple[str, datetime]:
    """Return what an operation spends with an assertion (``models.SpentNonce.spend``), and until when it is kept."""
    nonce = sha256(f"saml:{operation}\n{assertion.issuer}\n{assertion.id}".encode()).hexdigest()
    return nonce, assertion.dead_at + DRIFT


def roles_for(assertion: Assertion, arn: str) -> tuple[str, ...]:
    """Return the roles that an assertion offers with its provider: pairs of ARNs in either order."""
    found: list[str] = []
    for pair in assertion.values(f"{ATTRIBUTES}Role"):
        parts = [part.strip() for part in pair.split(",")]
        if len(parts) == 2 and arn in parts:
            found += [part for part in parts if ":role/" in part]
    return tuple(dict.fromkeys(found))
