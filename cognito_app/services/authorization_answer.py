"""Where the browser is sent with the answer to an authorization request.

Source: RFC 6749 sections 4.1.2 and 4.2.2, RFC 9207 (``iss``), OpenID Connect Core section 3.2.2.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from urllib.parse import urlencode

from django.db import transaction

from cognito_app.errors import ServiceError
from cognito_app.models import PoolUser
from cognito_app.services import authorization, token_triggers, tokens
from cognito_app.services.actor import Actor
from cognito_app.services.authorization import AuthorizeRequest, RedirectError, ReturnAddress
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.tokens import Tokens
from cognito_app.triggers import token_generation


def of_error(error: RedirectError) -> str:
    """Return the address that tells the client of an error."""
    parameters = {"error": error.error}
    if error.description:
        parameters["error_description"] = error.description
    return _address(error.to, parameters)


def of_sign_in(
    pool: PoolConfig,
    client: ClientConfig,
    actor: Actor,
    request: AuthorizeRequest,
    user: PoolUser,
    auth_time: datetime,
    *,
    event_id: str | None = None,
    origin_session: str | None = None,
    methods: Iterable[str] = (),
) -> str:
    """Return the address that carries a code, or the tokens of the implicit grant; arguments as ``issue_code``."""
    if request.fragment:
        try:
            issued = _implicit(pool, client, actor, request, user, auth_time, event_id, origin_session, tuple(methods))
        except ServiceError as error:
            return of_error(request.error("invalid_request", error.message))
        return _address(request, _fragment(issued))
    code = authorization.issue_code(
        pool, request, user, auth_time, event_id=event_id, origin_session=origin_session, methods=methods
    )
    return _address(request, {"code": code})


def _implicit(
    pool: PoolConfig,
    client: ClientConfig,
    actor: Actor,
    request: AuthorizeRequest,
    user: PoolUser,
    auth_time: datetime,
    event_id: str | None,
    origin_session: str | None,
    methods: tuple[str, ...],
) -> Tokens:
    with transaction.atomic():
        # The refresh token is stored, for the family can be revoked by it, but it is not given out.
        grant = tokens.begin(
            pool,
            client,
            user,
            scopes=request.scopes,
            auth_time=auth_time,
            event_id=event_id,
            nonce=request.nonce,
            actor=actor,
            origin_session=origin_session,
            methods=methods,
            resource=request.resource,
            by_oauth=True,
        )
    return token_triggers.sign(grant, actor, token_generation.HOSTED)


def _fragment(issued: Tokens) -> dict[str, str]:
    body = {"access_token": issued.access, "token_type": "Bearer", "expires_in": str(issued.expires_in)}
    return {"id_token": issued.id, **body} if issued.id else body


def _address(to: ReturnAddress, parameters: Mapping[str, str]) -> str:
    """Return a redirect URI with parameters behind its own query, or in its fragment."""
    common = {"state": to.state, "iss": to.issuer}
    text = urlencode({**parameters, **{name: value for name, value in common.items() if value is not None}})
    if to.fragment:
        return f"{to.redirect_uri}#{text}"
    return to.redirect_uri + ("&" if "?" in to.redirect_uri else "?") + text
