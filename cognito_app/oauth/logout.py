"""``/logout``: end the browser's session, then go where the client is allowed to send it."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse

from cognito_app.oauth.authorize import COOKIE
from cognito_app.oauth.redirects import parameters_of, redirect, to_error_page
from cognito_app.oauth.site import endpoint
from cognito_app.services import authorization, sessions
from cognito_app.services.authorization import PageError, RedirectError
from cognito_app.services.sites import Site


@endpoint("GET", "POST")
def logout(request: HttpRequest, site: Site) -> HttpResponse:
    """Sign the browser out, whatever the parameters are."""
    sessions.end(site.pool.id, request.COOKIES.get(COOKIE))
    response = _destination(request, site)
    response.delete_cookie(COOKIE, path=site.cookie_path)
    return response


def _destination(request: HttpRequest, site: Site) -> HttpResponse:
    given = parameters_of(request)
    one = {name: values[0] for name, values in given.items()}
    client_id = one.get("client_id", "")
    client = authorization.client_of(site.pool, client_id)
    if client is None:
        return to_error_page(site, "invalid_client", client_id)
    target = one.get("logout_uri") or one.get("post_logout_redirect_uri")
    if target is not None:
        if target not in client.logout_urls:
            return to_error_page(site, "redirect_mismatch", client_id)
        return redirect(target)
    try:
        authorization.parse(site.pool, given)
    except (PageError, RedirectError):
        return to_error_page(site, "invalid_request", client_id)
    return redirect(f"{site.prefix}/login?" + urlencode([(n, v) for n, vs in given.items() for v in vs]))
