"""``/oauth2/authorize``: a code at once for a browser that is signed in, else the way to a provider or our own page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse

from cognito_app.models import IdentityProvider
from cognito_app.oauth.redirects import parameters_of, redirect, to_error_page
from cognito_app.oauth.site import actor_of, endpoint
from cognito_app.services import authorization, authorization_answer, sessions
from cognito_app.services.authorization import AuthorizeRequest, PageError, RedirectError
from cognito_app.services.config import ClientConfig
from cognito_app.services.federated_sign_in import departure, refusals, transactions
from cognito_app.services.federated_sign_in.refusals import FederationRefused
from cognito_app.services.sites import Site

COOKIE = "cognito"


@endpoint("GET", "POST")
def authorize(request: HttpRequest, site: Site) -> HttpResponse:
    """Check the request, then answer it or send the browser to sign in."""
    given = parameters_of(request)
    try:
        checked, client = authorization.parse(site.pool, given)
        return _answer(request, site, checked, client, given)
    except PageError as error:
        return to_error_page(site, error.error, given.get("client_id", [""])[0], given.get("lang", [""])[0])
    except RedirectError as error:
        return redirect(authorization_answer.of_error(error))


def _answer(
    request: HttpRequest, site: Site, asked: AuthorizeRequest, client: ClientConfig, given: Mapping[str, list[str]]
) -> HttpResponse:
    checked, provider = _with_provider(site, asked, client)
    cookie = request.COOKIES.get(COOKIE, "")
    session = sessions.find(site.pool.id, cookie)
    if authorization.may_reuse(site.pool, client, checked, session) and session is not None:
        location = authorization_answer.of_sign_in(
            site.pool,
            client,
            actor_of(request),
            checked,
            session.user,
            session.authenticated_at,
            origin_session=sessions.record_of(site.pool, cookie),
            methods=session.methods,
        )
        return redirect(location)
    if "none" in checked.prompts:
        raise checked.error(authorization.why_not(site.pool, client, checked, session))
    query = urlencode([(name, value) for name, values in given.items() for value in values])
    if provider is None:
        return redirect(f"{site.prefix}/login?{query}")
    return _to_provider(request, site, checked, client, provider, query)


def _with_provider(
    site: Site, asked: AuthorizeRequest, client: ClientConfig
) -> tuple[AuthorizeRequest, IdentityProvider | None]:
    """Return the request with the name of the provider that it chooses in any way, and the provider."""
    try:
        provider = departure.named(site.pool, client, asked)
    except FederationRefused as error:
        raise refusals.to_client(error, asked) from None
    return (asked, None) if provider is None else (replace(asked, provider=provider.name, identifier=None), provider)


def _to_provider(
    request: HttpRequest,
    site: Site,
    checked: AuthorizeRequest,
    client: ClientConfig,
    provider: IdentityProvider,
    query: str,
) -> HttpResponse:
    """Send the browser to the provider, with the cookie by which its return will be known."""
    browser = transactions.browser_of(request.COOKIES) or transactions.new_browser()
    base = site.base(request.META.get("HTTP_HOST", ""))
    try:
        location = departure.begin(site.pool, client, provider, checked, base=base, browser=browser, query=query)
    except FederationRefused as error:
        raise refusals.to_client(error, checked) from None
    response = redirect(location)
    seconds = int(transactions.LIFETIME.total_seconds())
    for name, same_site in ((transactions.COOKIE, "None"), (transactions.LEGACY_COOKIE, None)):
        # Browsers take SameSite=None with Secure only.
        response.set_cookie(
            name,
            browser,
            max_age=seconds,
            path=site.cookie_path,
            secure=site.secure,
            httponly=True,
            samesite=same_site if site.secure else None,  # type: ignore[arg-type]  # Django knows "None"
        )
    return response
