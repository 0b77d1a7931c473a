"""Logins by SAML assertions of the account's SAML providers; an assertion is good once for each operation.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/saml-identity-provider.html
"""

from __future__ import annotations

from typing import Any

from cognito_app.conf import app_settings
from cognito_app.core.saml_response import Assertion
from cognito_app.core.saml_xml import SamlError
from cognito_app.errors import NotAuthorizedException
from cognito_app.services import saml_assertions, saml_providers
from cognito_app.services.login_providers.verified import UNSUPPORTED, VerifiedLogin, invalid

NAME_IDENTIFIER = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"
USED = "The SAML assertion has been used."
BAD_RESPONSE = "Not a valid SAML response."
ENHANCED_ONLY = "SAML is for the enhanced flow only."


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
        assertion = saml_assertions.verify(provider, text)
    except SamlError:
        raise invalid(BAD_RESPONSE) from None
    return VerifiedLogin(
        provider=arn,
        subject=assertion.name_id,
        client_id=app_settings.saml_audience,
        claims=_claims(assertion),
        proof=f"{arn}:SAML:{assertion.name_id}",
        names=(arn,),
        roles=saml_assertions.roles_for(assertion, arn),
        once=saml_assertions.once(assertion, operation),
    )


def _claims(assertion: Assertion) -> dict[str, Any]:
    """All attributes are claims for rules and tags; a single value stands without a list."""
    claims: dict[str, Any] = {
        name: values[0] if len(values) == 1 else list(values) for name, values in assertion.attributes.items()
    }
    return {NAME_IDENTIFIER: assertion.name_id, **claims, "iss": assertion.issuer, "sub": assertion.name_id}
