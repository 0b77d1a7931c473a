"""``/oauth2/authorize``: a code at once for a browser that is signed in, else the way to the sign-in page."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse

from cognito_app.oauth.redirects import parameters_of, redirect, to_error_page
from cognito_app.oauth.site import actor_of, endpoint
from cognito_app.services import authorization, authorization_answer, sessions
from cognito_app.services.authorization import PageError, RedirectError
from cognito_app.services.sites import Site

COOKIE = "cognito"


@endpoint("GET", "POST")
def authorize(request: HttpRequest, site: Site) -> HttpResponse:
    """Check the request, then answer it or send the browser to sign in."""
    given = parameters_of(request)
    try:
        checked, client = authorization.parse(site.pool, given)
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
    except PageError as error:
        return to_error_page(site, error.error, given.get("client_id", [""])[0], given.get("lang", [""])[0])
    except RedirectError as error:
        return redirect(authorization_answer.of_error(error))
    pairs = [(name, value) for name, values in given.items() for value in values]
    return redirect(f"{site.prefix}/login?" + urlencode(pairs))
