"""``/oauth2/token``: every grant, each refusal with status 400 as Cognito answers."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote_plus

from django.http import HttpRequest, HttpResponse

from cognito_app.oauth.site import actor_of, endpoint, json_error, json_response, read_form
from cognito_app.services import authorization, pool_profile, throttle, token_endpoint
from cognito_app.services.actor import Actor
from cognito_app.services.config import ClientConfig
from cognito_app.services.sites import Site
from cognito_app.services.token_endpoint import OAuthError
from cognito_app.services.tokens import Tokens


def authenticated_client(request: HttpRequest, site: Site, form: dict[str, str]) -> ClientConfig:
    """Return the client that a request authenticates, by Basic or by form fields. Raises OAuthError."""
    basic = _basic(request)
    if basic is None:
        client = authorization.client_of(site.pool, form.get("client_id", ""))
        return token_endpoint.authenticate(client, form.get("client_secret"))
    if "client_secret" in form or form.get("client_id", basic[0][0]) not in {pair[0] for pair in basic}:
        raise OAuthError("invalid_request", "More than one kind of client authentication.")
    for client_id, secret in basic:
        client = authorization.client_of(site.pool, client_id)
        if client is not None:
            try:
                return token_endpoint.authenticate(client, secret)
            except OAuthError:
                continue
    raise OAuthError("invalid_client")


def _basic(request: HttpRequest) -> list[tuple[str, str]] | None:
    """Return the pairs that a Basic header may mean: form-encoded (RFC 6749 section 2.3.1) and as they stand."""
    header = request.headers.get("Authorization", "")
    scheme, _, encoded = header.partition(" ")
    if not header:
        return None
    if scheme.lower() != "basic":
        raise OAuthError("invalid_client")
    try:
        name, _, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise OAuthError("invalid_client") from None
    return [(unquote_plus(name), unquote_plus(secret)), (name, secret)]


@endpoint("POST", cors=True)
def token(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer a token request."""
    form = read_form(request)
    if form is None:
        return json_error("invalid_request")
    try:
        client = authenticated_client(request, site, form)
        return json_response(_body(_grant(site, client, form, actor_of(request))))
    except OAuthError as error:
        return _refused(request, site, error)


def _refused(request: HttpRequest, site: Site, error: OAuthError) -> HttpResponse:
    """Return an error; a strict pool answers 401 to a bad client (RFC 6749 section 5.2), where Cognito has 400."""
    if error.error != "invalid_client" or not pool_profile.of(site.pool).strict_oidc:
        return json_error(error.error, error.description)
    response = json_error(error.error, error.description, status=401)
    if request.headers.get("Authorization"):
        response["WWW-Authenticate"] = 'Basic realm="token"'
    return response


def _grant(site: Site, client: ClientConfig, form: dict[str, str], actor: Actor) -> Tokens:
    grant_type = form.get("grant_type")
    if not grant_type:
        raise OAuthError("invalid_request")
    if grant_type == "authorization_code":
        throttle.count_code_exchange(site.pool)
        return token_endpoint.exchange_code(site.pool, client, form, actor)
    if grant_type == "refresh_token":
        throttle.count(throttle.SIGN_IN, pool=site.pool)
        return token_endpoint.refresh(site.pool, client, form, actor)
    if grant_type == "client_credentials":
        throttle.count("ClientAuthentication", pool=site.pool)
        return token_endpoint.client_credentials(site.pool, client, form, actor)
    raise OAuthError("unsupported_grant_type")


def _body(issued: Tokens) -> dict[str, str | int]:
    body: dict[str, str | int] = {"access_token": issued.access}
    if issued.id:
        body["id_token"] = issued.id
    if issued.refresh:
        body["refresh_token"] = issued.refresh
    return {**body, "token_type": "Bearer", "expires_in": issued.expires_in}
