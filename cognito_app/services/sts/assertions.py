"""SAML assertions for STS: python3-saml checks the protocol, and what it leaves open is checked here.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html
Standard: https://docs.oasis-open.org/security/saml/v2.0/saml-core-2.0-os.pdf
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from onelogin.saml2.errors import OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings

from cognito_app.conf import app_settings
from cognito_app.core import clock
from cognito_app.errors import ExpiredWebIdentityToken, InvalidIdentityToken
from cognito_app.models import SamlProvider

AUDIENCES = ("urn:amazon:webservices", "https://signin.aws.amazon.com/saml")
RECIPIENT = "https://signin.aws.amazon.com/saml"
LIFETIME = timedelta(minutes=5)
DRIFT = timedelta(minutes=5)
TOO_LATE = "Token must be redeemed within 5 minutes of issuance"
UNREADABLE = "Invalid SAML response"
_EXPIRED = frozenset({OneLogin_Saml2_ValidationError.ASSERTION_EXPIRED, OneLogin_Saml2_ValidationError.SESSION_EXPIRED})


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a verified assertion says; it may be used once, and no later than ``expires_at``."""

    id: str
    issuer: str
    subject: str
    subject_format: str
    recipient: str
    expires_at: datetime
    session_ends_at: datetime | None
    attributes: dict[str, list[str]] = field(repr=False)

    def one(self, name: str) -> str | None:
        """Return the only value of an attribute, or None."""
        values = self.attributes.get(name, [])
        return values[0] if len(values) == 1 else None


def verify(provider: SamlProvider, encoded: str) -> Assertion:
    """Return a response's assertion if a provider signed it, for us, just now.

    Raises InvalidIdentityToken or ExpiredWebIdentityToken.
    """
    _refuse_declarations(encoded)
    try:
        response = _parsed(provider, encoded)
        recipient = _recipient(response)
        address = urlsplit(recipient)
        request: dict[str, Any] = {
            "https": "on" if address.scheme == "https" else "off",
            "http_host": address.netloc,
            "script_name": address.path,
            "get_data": {},
            "post_data": {},
        }
        response.is_valid(request, raise_exceptions=True)
        return _read(response, recipient)
    except OneLogin_Saml2_ValidationError as error:
        raise _refusal(error) from None
    except (InvalidIdentityToken, ExpiredWebIdentityToken):
        raise
    except Exception:  # the library and lxml raise many kinds for documents that are not SAML
        raise InvalidIdentityToken(UNREADABLE) from None


def _refuse_declarations(encoded: str) -> None:
    try:
        document = base64.b64decode(encoded, validate=True)
        text = document.decode("utf-8")
    except (binascii.Error, ValueError):
        raise InvalidIdentityToken(UNREADABLE) from None
    if "<!DOCTYPE" in text or "<!ENTITY" in text or "\x00" in text:
        raise InvalidIdentityToken(UNREADABLE)


def _parsed(provider: SamlProvider, encoded: str, audience: str = AUDIENCES[0]) -> Any:
    response = OneLogin_Saml2_Response(_settings(provider, audience), encoded)
    named = response.get_audiences()
    fitting = [known for known in (*AUDIENCES, app_settings.public_url) if known in named]
    if not fitting:
        raise InvalidIdentityToken("Audience is invalid")
    if fitting[0] != audience:
        return OneLogin_Saml2_Response(_settings(provider, fitting[0]), encoded)
    return response


def _settings(provider: SamlProvider, audience: str) -> Any:
    given = {
        "strict": True,
        "debug": False,
        "sp": {"entityId": audience, "assertionConsumerService": {"url": RECIPIENT}},
        "idp": {
            "entityId": provider.entity_id,
            "singleSignOnService": {"url": RECIPIENT},
            "x509certMulti": {"signing": list(provider.certificates), "encryption": []},
        },
        "security": {
            "rejectDeprecatedAlgorithm": True,
            "wantNameId": True,
            "wantAttributeStatement": True,
            "requestedAuthnContext": False,
        },
    }
    try:
        return OneLogin_Saml2_Settings(given, sp_validation_only=True)
    except OneLogin_Saml2_Error:
        raise InvalidIdentityToken("Specified provider cannot be used.") from None


def _recipient(response: Any) -> str:
    """Return where the assertion was sent to: AWS's address or ours, exactly. Raises InvalidIdentityToken."""
    query = "/saml:Subject/saml:SubjectConfirmation/saml:SubjectConfirmationData"
    recipients = {str(node.get("Recipient") or "") for node in response._query_assertion(query)}
    destination = response.document.get("Destination")
    known = {RECIPIENT, f"{app_settings.public_url}/saml"}
    if len(recipients) != 1 or not recipients <= known or (destination and destination not in recipients):
        raise InvalidIdentityToken("The recipient of the SAML response is invalid.")
    return recipients.pop()


def _refusal(error: OneLogin_Saml2_ValidationError) -> InvalidIdentityToken | ExpiredWebIdentityToken:
    if error.code in _EXPIRED:
        return ExpiredWebIdentityToken(TOO_LATE)
    if error.code == OneLogin_Saml2_ValidationError.WRONG_ISSUER:
        return InvalidIdentityToken("Issuer not present in specified provider")
    if error.code in (
        OneLogin_Saml2_ValidationError.INVALID_SIGNATURE,
        OneLogin_Saml2_ValidationError.NO_SIGNATURE_FOUND,
    ):
        return InvalidIdentityToken("Response signature invalid")
    return InvalidIdentityToken(UNREADABLE)


def _read(response: Any, recipient: str) -> Assertion:
    now = clock.now()
    issued_at = clock.from_epoch(response.get_assertion_issue_instant())
    ends = response.get_assertion_not_on_or_after()
    identifier = response.get_assertion_id()
    if ends is None or not identifier:
        raise InvalidIdentityToken("The SAML assertion must say until when it may be used.")
    if issued_at > now + DRIFT:
        raise InvalidIdentityToken("The SAML assertion is not valid yet.")
    if now > issued_at + LIFETIME + DRIFT:
        raise ExpiredWebIdentityToken(TOO_LATE)
    name = response.get_nameid_data()
    session_ends = response.get_session_not_on_or_after()
    return Assertion(
        id=identifier,
        issuer=response.get_issuers()[0],
        subject=str(name.get("Value") or ""),
        subject_format=str(name.get("Format") or ""),
        recipient=recipient,
        expires_at=max(clock.from_epoch(ends), issued_at + LIFETIME) + 2 * DRIFT,
        session_ends_at=clock.from_epoch(session_ends) if session_ends else None,
        attributes={key: _texts(values) for key, values in response.get_attributes().items()},
    )


def _texts(values: Sequence[Any]) -> list[str]:
    return [value for value in values if isinstance(value, str)]
