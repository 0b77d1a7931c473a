"""``/oauth2/userInfo``."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from cognito_app.errors import ServiceError
from cognito_app.oauth.site import endpoint, json_response
from cognito_app.services import access, attributes, claims
from cognito_app.services.sites import Site

BAD_REQUEST = "Bad OAuth2 request at UserInfo Endpoint"
BAD_TOKEN = "Access token is expired, disabled, or deleted, or the user has globally signed out."  # noqa: S105  # a message


@endpoint("GET", "POST", cors=True)
def userinfo(request: HttpRequest, site: Site) -> HttpResponse:
    """Return the user's attributes as far as the token's scopes go; all values are texts, as Cognito gives them."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return _refuse(400, "invalid_request", BAD_REQUEST)
    try:
        grant = access.verify(token.strip(), scope="openid")
    except ServiceError:
        return _refuse(401, "invalid_token", BAD_TOKEN)
    if grant.pool.id != site.pool.id:
        return _refuse(401, "invalid_token", BAD_TOKEN)
    shown = attributes.readable(grant.pool, grant.client, grant.user.attributes)
    limited = claims.limit_to_scopes(shown, tuple(grant.scopes))
    return json_response({**limited, "sub": grant.user.sub, "username": grant.user.username})


def _refuse(status: int, error: str, description: str) -> HttpResponse:
    response = json_response({"error": error, "error_description": description}, status)
    # Cognito leaves out the scheme's name, which RFC 6750 section 3 requires.
    response["WWW-Authenticate"] = f'Bearer error="{error}", error_description="{description}"'
    return response
