"""``/oauth2/revoke`` (RFC 7009, with Cognito's deviations)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from cognito_app.errors import ServiceError, UnsupportedTokenTypeException
from cognito_app.oauth.site import endpoint, json_error, read_form
from cognito_app.oauth.token import authenticated_client
from cognito_app.services import tokens
from cognito_app.services.sites import Site
from cognito_app.services.token_endpoint import OAuthError


@endpoint("POST", cors=True)
def revoke(request: HttpRequest, site: Site) -> HttpResponse:
    """End the family of a refresh token; success is an empty body."""
    form = read_form(request)
    if form is None or not form.get("token"):
        return json_error("invalid_request")
    try:
        client = authenticated_client(request, site, form)
        tokens.revoke_text(site.pool, client, form["token"])
    except OAuthError as error:
        return json_error(error.error, error.description, status=401 if error.error == "invalid_client" else 400)
    except UnsupportedTokenTypeException:
        return json_error("unsupported_token_type")
    except ServiceError:
        return json_error("invalid_request")
    done = HttpResponse(b"")
    del done["Content-Type"]  # nothing is not HTML: oidc-client-ts refuses every type but JSON
    return done
