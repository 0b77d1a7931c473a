"""Where a browser is sent to sign in at a SAML provider.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-SAML-session-initiation.html
"""

from __future__ import annotations

from cognito_app.core import clock, saml_request
from cognito_app.services import signing_certificates
from cognito_app.services.federated_sign_in.journey import Departure, Redirect
from cognito_app.services.saml import service_provider


def depart(departure: Departure) -> Redirect:
    """Return the provider's address with a request, signed where its settings ask for it, and what it is known by."""
    provider, asked = departure.provider, departure.request
    location, request_id = str(provider.metadata["sso_redirect"]), saml_request.new_id()
    request = saml_request.authn_request(
        request_id,
        issuer=service_provider.entity_id(departure.pool.id),
        destination=location,
        acs=departure.base + service_provider.ACS,
        now=clock.now(),
        force="login" in asked.prompts or asked.max_age == 0,
    )
    signs = provider.details.get("RequestSigningAlgorithm")
    key = signing_certificates.private_key(departure.pool) if signs else None
    url = saml_request.redirect_url(location, request, departure.state, key)
    return Redirect(url, {"request_id": request_id, "base": departure.base})
