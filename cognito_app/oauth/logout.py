"""``/logout``: end the browser's session, then go where the client is allowed to send it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse

from cognito_app.oauth.authorize import COOKIE
from cognito_app.oauth.redirects import is_error_page, parameters_of, redirect, to_error_page
from cognito_app.oauth.site import endpoint
from cognito_app.services import authorization, pool_profile, sessions, tokens
from cognito_app.services.authorization import PageError, RedirectError
from cognito_app.services.config import ClientConfig
from cognito_app.services.saml import logout as saml_logout
from cognito_app.services.sites import Site


@endpoint("GET", "POST")
def logout(request: HttpRequest, site: Site) -> HttpResponse:
    """Sign the browser out, whatever the parameters are; first at its SAML provider if that is to be told."""
    cookie = request.COOKIES.get(COOKIE)
    session = sessions.find(site.pool.id, cookie)
    sessions.end(site.pool.id, cookie)
    response = _destination(request, site)
    if not is_error_page(site, response):
        at_provider = saml_logout.begin(site.pool, session, target=response["Location"])
        response = redirect(at_provider) if at_provider else response
    response.delete_cookie(COOKIE, path=site.cookie_path)
    return response


def _destination(request: HttpRequest, site: Site) -> HttpResponse:
    given = parameters_of(request)
    one = {name: values[0] for name, values in given.items()}
    hint = tokens.read_hint(site.pool, one["id_token_hint"]) if one.get("id_token_hint") else None
    client_id = one.get("client_id") or (str(hint["aud"]) if hint else "")
    if not client_id and _is_relying_party_logout(site, one):
        return signed_out(site)
    client = authorization.client_of(site.pool, client_id)
    if client is None:
        return to_error_page(site, "invalid_client", client_id)
    if one.get("logout_uri"):
        return _to_registered(site, client, one["logout_uri"])
    if "post_logout_redirect_uri" in one or "id_token_hint" in one:
        return _relying_party_logout(site, client, one, hint)
    try:
        authorization.parse(site.pool, given)
    except (PageError, RedirectError):
        return to_error_page(site, "invalid_request", client_id)
    return redirect(f"{site.prefix}/login?" + urlencode([(n, v) for n, vs in given.items() for v in vs]))


def _to_registered(site: Site, client: ClientConfig, target: str, state: str | None = None) -> HttpResponse:
    if target not in client.logout_urls:
        return to_error_page(site, "redirect_mismatch", client.id)
    if state is None:
        return redirect(target)
    return redirect(target + ("&" if "?" in target else "?") + urlencode({"state": state}))


def _is_relying_party_logout(site: Site, one: Mapping[str, str]) -> bool:
    """Whether a request without a client is one of OpenID Connect: Cognito takes none without parameters."""
    return "post_logout_redirect_uri" in one or (not one and pool_profile.of(site.pool).strict_oidc)


def _relying_party_logout(
    site: Site, client: ClientConfig, one: Mapping[str, str], hint: Mapping[str, Any] | None
) -> HttpResponse:
    """Answer as OpenID Connect RP-Initiated Logout 1.0: without a good hint nobody is sent anywhere."""
    if one.get("id_token_hint") and (hint is None or hint["aud"] != client.id):
        return to_error_page(site, "invalid_request", client.id)
    target = one.get("post_logout_redirect_uri")
    if target is None or hint is None:
        return signed_out(site)
    return _to_registered(site, client, target, one.get("state"))


def signed_out(site: Site) -> HttpResponse:
    """Show that the browser is signed out."""
    return redirect(f"{site.prefix}/signedOut")
