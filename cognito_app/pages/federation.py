"""The return from an identity provider, whatever its protocol: into the application, or with an error to it."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from django.http import HttpResponse

from cognito_app.errors import ServiceError, TooManyRequestsException
from cognito_app.pages import flow, provider_choice
from cognito_app.pages.site import SESSION_COOKIE, Visit
from cognito_app.services import authorization, authorization_answer, sessions
from cognito_app.services.authorization import AuthorizeRequest
from cognito_app.services.config import ClientConfig
from cognito_app.services.federated_sign_in import arrival, refusals, transactions
from cognito_app.services.federated_sign_in.identity import ProvenIdentity
from cognito_app.services.federated_sign_in.refusals import TransactionLost
from cognito_app.services.federated_sign_in.transactions import Transaction


def claim(visit: Visit, state: str) -> tuple[Transaction, ClientConfig]:
    """Spend the sign-in that the browser comes back from, and make its request that of the visit.

    Raises TransactionLost, also where the client is gone.
    """
    pool = visit.site.pool
    found = transactions.claim(pool, state, transactions.browser_of(visit.request.COOKIES))
    client = authorization.client_of(pool, found.client_id)
    if client is None or not client.oauth_enabled:
        raise TransactionLost
    if found.request.redirect_uri not in (*client.callback_urls, client.default_redirect_uri):
        raise TransactionLost
    visit.authorize, visit.client = found.request, client
    visit.query = found.query
    return found, client


def leaves_at_once(client: ClientConfig, request: AuthorizeRequest) -> bool:
    """Whether there is no page to show: the request names a provider, or the client has one alone."""
    named = request.provider is not None or request.identifier is not None
    return named or (client.identity_providers != (sessions.LOCAL,) and len(client.identity_providers) == 1)


def leave(visit: Visit) -> HttpResponse:
    """Go to the provider."""
    response = HttpResponse(status=302)
    response["Location"] = visit.link("oauth2/authorize")
    return response


def start_again(visit: Visit) -> HttpResponse:
    """Show the sign-in page to a user who took longer than a sign-in lasts; it leads to no provider by itself."""
    given = parse_qsl(visit.query, keep_blank_values=True)
    kept = [(name, value) for name, value in given if name not in provider_choice.NAMING]
    response = HttpResponse(status=302)
    response["Location"] = f"{visit.site.prefix}/login?" + urlencode([*kept, ("notice", "too_late")])
    return response


def arrive(visit: Visit, request: AuthorizeRequest, client: ClientConfig, identity: ProvenIdentity) -> HttpResponse:
    """Sign the identity in and go back to the application, with a code or an error."""
    replaced = visit.request.COOKIES.get(SESSION_COOKIE)
    try:
        signed_in = arrival.sign_in(visit.site.pool, client, flow.actor(visit), identity, replaced=replaced)
    except TooManyRequestsException:
        raise
    except ServiceError as error:
        return refused(error, request)
    return flow.finish(visit, request, signed_in)


def refused(error: ServiceError, request: AuthorizeRequest) -> HttpResponse:
    """Tell the application of an error at its redirect URI."""
    response = HttpResponse(status=302)
    response["Location"] = authorization_answer.of_error(refusals.to_client(error, request))
    return response
