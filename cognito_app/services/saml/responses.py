"""What a SAML provider says of the user who signed in there: whom it is believed about, and once only.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-saml-idp-things-to-know.html
"""

from __future__ import annotations

import base64
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from cognito_app.core import jose, saml_response, subjects
from cognito_app.core.saml_response import DRIFT, LIFETIME, UNSOLICITED, Assertion, Expected
from cognito_app.core.saml_xml import Reason, SamlError
from cognito_app.models import IdentityProvider, SpentNonce
from cognito_app.services import providers, saml_assertions
from cognito_app.services.saml import service_provider

UNSOLICITED_LIFETIME = timedelta(minutes=6)


def accept(provider: IdentityProvider, text: str, *, base: str, answer_to: str) -> Assertion:
    """Verify a response that was posted to a pool's pages at ``base``, and use its assertion up.

    ``answer_to`` is the id of the request, ``UNSOLICITED`` where the provider began. Raises SamlError.
    """
    assertion = saml_response.verify(text, _expected(provider, base, answer_to))
    if not subjects.is_subject(assertion.name_id):
        raise SamlError("a NameID that is no identifier")
    if not SpentNonce.spend(*saml_assertions.once(assertion, f"sign-in:{provider.pool_id}")):
        raise SamlError("an assertion that was used before", Reason.REPLAYED)
    return assertion


def _expected(provider: IdentityProvider, base: str, answer_to: str) -> Expected:
    return Expected(
        entity_id=str(provider.metadata["entity_id"]),
        certificates=provider.metadata["certificates"],
        audience=service_provider.entity_id(provider.pool_id),
        recipients=[base + service_provider.ACS],
        answer_to=answer_to,
        private_key=_private_key(provider),
        encrypted=provider.details.get("EncryptedResponses") == "true",
        lifetime=UNSOLICITED_LIFETIME if answer_to == UNSOLICITED else LIFETIME + DRIFT,
        tolerant=True,
    )


def _private_key(provider: IdentityProvider) -> RSAPrivateKey | None:
    """Return the key that the provider's assertions are encrypted for."""
    stored = providers.open_secrets(provider).get("encryption_key")
    return jose.load_der(base64.b64decode(stored)) if stored else None
