"""The start of a sign-in at a provider: which one, and where the browser goes.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html
"""

from __future__ import annotations

from cognito_app.errors import ResourceNotFoundException
from cognito_app.models import IdentityProvider
from cognito_app.services import providers, sessions
from cognito_app.services.authorization import NOT_ENABLED, AuthorizeRequest
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.federated_sign_in import transactions
from cognito_app.services.federated_sign_in.journey import Departure
from cognito_app.services.federated_sign_in.protocols import PROTOCOLS
from cognito_app.services.federated_sign_in.refusals import FederationRefused


def named(pool: PoolConfig, client: ClientConfig, request: AuthorizeRequest) -> IdentityProvider | None:
    """Return the provider that a request names, or the only way to sign in that the client has; None if it is open.

    Raises FederationRefused for one that does not exist or is not the client's.
    """
    if request.provider == sessions.LOCAL:
        return None
    try:
        if request.provider:
            found = providers.find(pool, request.provider)
        elif request.identifier:
            found = providers.find_by_identifier(pool, request.identifier)
        elif len(client.identity_providers) == 1 and sessions.LOCAL not in client.identity_providers:
            # There is nothing to choose, so there is no page for it.
            found = providers.find(pool, client.identity_providers[0])
        else:
            return None
    except ResourceNotFoundException:
        raise FederationRefused(NOT_ENABLED) from None
    if found.name not in client.identity_providers:
        raise FederationRefused(NOT_ENABLED)
    return found


def begin(
    pool: PoolConfig,
    client: ClientConfig,
    provider: IdentityProvider,
    request: AuthorizeRequest,
    *,
    base: str,
    browser: str,
    query: str,
) -> str:
    """Store the sign-in and return the address at the provider that begins it; ``browser`` is the cookie's value.

    Raises FederationRefused.
    """
    protocol = PROTOCOLS.get(provider.type)
    if protocol is None:
        raise FederationRefused(NOT_ENABLED)
    state = transactions.new_state()
    redirect = protocol(Departure(pool, client, provider, request, base, state))
    transactions.begin(
        pool, client, provider.name, request, state=state, browser=browser, query=query, data=redirect.data
    )
    return redirect.location
