"""``/oauth2/userInfo``."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from cognito_app.errors import ServiceError
from cognito_app.oauth.site import FORM, endpoint, json_response, read_form
from cognito_app.services import access, attributes, claims, pool_profile
from cognito_app.services.sites import Site

BAD_REQUEST = "Bad OAuth2 request at UserInfo Endpoint"
BAD_TOKEN = "Access token is expired, disabled, or deleted, or the user has globally signed out."  # noqa: S105  # a message


@endpoint("GET", "POST", cors=True)
def userinfo(request: HttpRequest, site: Site) -> HttpResponse:
    """Return the user's attributes as far as the token's scopes go.

    All values are texts, as Cognito gives them; a strict pool types them (OpenID Connect Core section 5.1).
    """
    token = _bearer(request)
    if token is None:
        return _refuse(400, "invalid_request", BAD_REQUEST)
    try:
        grant = access.verify(token, scope="openid")
    except ServiceError:
        return _refuse(401, "invalid_token", BAD_TOKEN)
    if grant.pool.id != site.pool.id:
        return _refuse(401, "invalid_token", BAD_TOKEN)
    shown = attributes.readable(grant.pool, grant.client, grant.user.attributes)
    limited: dict[str, Any] = dict(claims.limit_to_scopes(shown, tuple(grant.scopes)))
    if pool_profile.of(site.pool).strict_oidc:
        limited = {name: claims.typed(name, value) for name, value in limited.items()}
    return json_response({**limited, "sub": grant.user.sub, "username": grant.user.username})


def _bearer(request: HttpRequest) -> str | None:
    """Return the access token of the header, or of a form (RFC 6750 section 2.2); one of both, never of the query."""
    header = request.headers.get("Authorization", "")
    form = read_form(request) if request.method == "POST" and request.content_type == FORM else {}
    posted = form.get("access_token") if form is not None else None
    if not header:
        return posted or None
    scheme, _, token = header.partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" and posted is None else None


def _refuse(status: int, error: str, description: str) -> HttpResponse:
    response = json_response({"error": error, "error_description": description}, status)
    # Cognito leaves out the scheme's name, which RFC 6750 section 3 requires.
    response["WWW-Authenticate"] = f'Bearer error="{error}", error_description="{description}"'
    return response
