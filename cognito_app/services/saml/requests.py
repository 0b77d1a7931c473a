"""Where a browser is sent to sign in at a SAML provider.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-SAML-session-initiation.html
"""

from __future__ import annotations

from cognito_app.core import clock, saml_request
from cognito_app.models import IdentityProvider
from cognito_app.services import signing_certificates
from cognito_app.services.config import PoolConfig
from cognito_app.services.saml import service_provider


def sign_in_url(
    pool: PoolConfig, provider: IdentityProvider, *, base: str, request_id: str, relay_state: str, force: bool
) -> str:
    """Return the provider's address with a request to sign in, signed where the provider's settings ask for it.

    ``base`` is the address of the pool's pages, to which the answer comes.
    """
    location = str(provider.metadata["sso_redirect"])
    request = saml_request.authn_request(
        request_id,
        issuer=service_provider.entity_id(pool.id),
        destination=location,
        acs=base + service_provider.ACS,
        now=clock.now(),
        force=force,
    )
    key = signing_certificates.private_key(pool) if provider.details.get("RequestSigningAlgorithm") else None
    return saml_request.redirect_url(location, request, relay_state, key)
