"""The authorization request: its checks in order, and the code that answers it.

Nothing is sent to a redirect URI before client and URI are both known to be good (RFC 6749 section 4.1.2.1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from cognito_app.core import clock, ids, keyring
from cognito_app.errors import ResourceNotFoundException, ServiceError
from cognito_app.models import AuthorizationCode, BrowserSession, PoolUser
from cognito_app.services import config, session_settings, tokens
from cognito_app.services.config import ClientConfig, PoolConfig

CODE_LIFETIME = timedelta(minutes=5)
_CHALLENGE = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
ONCE = (
    "response_type",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "max_age",
    "identity_provider",
    "request",
    "request_uri",
    "response_mode",
)
MAX_VALUE = 4096


class PageError(ServiceError):
    """A request that must be answered with our own page: where to send the answer is not known to be good."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


class RedirectError(ServiceError):
    """An error that the client hears of at its redirect URI (RFC 6749 section 4.1.2.1)."""

    def __init__(self, error: str, redirect_uri: str, state: str | None, description: str = "") -> None:
        super().__init__(description or error)
        self.error = error
        self.redirect_uri = redirect_uri
        self.state = state
        self.description = description


@dataclass(frozen=True, slots=True)
class AuthorizeRequest:
    """A checked authorization request."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    nonce: str | None
    code_challenge: str | None
    prompts: tuple[str, ...]
    max_age: int | None


def parse(pool: PoolConfig, given: Mapping[str, list[str]]) -> tuple[AuthorizeRequest, ClientConfig]:
    """Check the parameters of an authorization request; ``given`` maps names to all their values.

    Raises PageError, then RedirectError.
    """
    client = _client(pool, given)
    redirect_uri = _redirect_uri(client, given)
    states = given.get("state", [])
    state = states[0] if len(states) == 1 and "\x00" not in states[0] else None

    def refuse(error: str, description: str = "") -> RedirectError:
        return RedirectError(error, redirect_uri, state, description)

    if any(len(given.get(name, ())) > 1 for name in ONCE):
        raise refuse("invalid_request", "A parameter is repeated.")
    if any(len(value) > MAX_VALUE or "\x00" in value for values in given.values() for value in values):
        raise refuse("invalid_request", "A parameter is too long or has a null character.")
    one = {name: values[0] for name, values in given.items() if values}
    for name in ("request", "request_uri"):
        if name in one:
            raise refuse(f"{name}_not_supported")
    if one.get("response_type") not in ("code", "token"):
        raise refuse("invalid_request", "response_type must be code")
    if one["response_type"] != "code" or "code" not in client.oauth_flows:
        raise refuse("unauthorized_client")
    if one.get("response_mode") == "form_post":
        raise refuse("invalid_request", "response_mode is not supported")
    provider = one.get("identity_provider", "COGNITO")
    if provider not in client.identity_providers:
        raise refuse("invalid_request", "The identity provider is not enabled for the client.")
    if provider != "COGNITO" or "idp_identifier" in one:
        # A sign-in with the pool's password would be another than the one that was asked for.
        raise refuse("invalid_request", "Sign-in by other identity providers is not available.")
    prompts = tuple(one.get("prompt", "").split())
    if "none" in prompts and len(prompts) > 1:
        raise refuse("invalid_request", "prompt none cannot be combined")
    max_age = one.get("max_age")
    if max_age is not None and not (max_age.isascii() and max_age.isdigit() and len(max_age) < 10):
        raise refuse("invalid_request", "max_age must be a number of seconds")
    request = AuthorizeRequest(
        client_id=client.id,
        redirect_uri=redirect_uri,
        scopes=_scopes(client, one.get("scope"), refuse("invalid_scope")),
        state=state,
        nonce=one.get("nonce"),
        code_challenge=_challenge(one, refuse("invalid_request", "Invalid code_challenge or code_challenge_method")),
        prompts=prompts,
        max_age=int(max_age) if max_age else None,
    )
    return request, client


def client_of(pool: PoolConfig, client_id: str) -> ClientConfig | None:
    """Return a client of the pool, or None."""
    if not client_id or len(client_id) > 128 or "\x00" in client_id:
        return None
    try:
        client = config.client(client_id)
    except ResourceNotFoundException:
        return None
    return client if client.pool_id == pool.id else None


def _client(pool: PoolConfig, given: Mapping[str, list[str]]) -> ClientConfig:
    values = given.get("client_id", [])
    client = client_of(pool, values[0]) if len(values) == 1 else None
    if client is None:
        raise PageError("invalid_client")
    if not client.oauth_enabled:
        raise PageError("unauthorized_client")
    return client


def _redirect_uri(client: ClientConfig, given: Mapping[str, list[str]]) -> str:
    values = given.get("redirect_uri", [])
    if not values and client.default_redirect_uri:
        return client.default_redirect_uri
    if len(values) != 1 or values[0] not in client.callback_urls:
        raise PageError("redirect_mismatch")
    return values[0]


def _scopes(client: ClientConfig, text: str | None, error: RedirectError) -> tuple[str, ...]:
    if not text:
        return client.oauth_scopes
    asked = tuple(dict.fromkeys(text.split(" ")))
    if any(not _SCOPE.fullmatch(scope) or scope not in client.oauth_scopes for scope in asked):
        raise error
    if {"email", "phone", "profile"} & set(asked) and "openid" not in asked:
        raise error
    return asked


def _challenge(one: Mapping[str, str], error: RedirectError) -> str | None:
    challenge, method = one.get("code_challenge"), one.get("code_challenge_method")
    if challenge is None and method is None:
        return None
    if challenge is None or method != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise error
    return challenge


def may_reuse(
    pool: PoolConfig, client: ClientConfig, request: AuthorizeRequest, session: BrowserSession | None
) -> bool:
    """Whether a browser session answers the client's request without a new sign-in."""
    if session is None or "login" in request.prompts:
        return False
    age = clock.now() - session.authenticated_at
    if age >= session_settings.reuse_limit(pool, client):
        return False
    return request.max_age is None or age <= timedelta(seconds=request.max_age)


def issue_code(
    pool: PoolConfig,
    request: AuthorizeRequest,
    user: PoolUser,
    auth_time: datetime,
    *,
    event_id: str | None = None,
    origin_session: str | None = None,
) -> str:
    """Store an authorization code and return it.

    ``event_id`` names the sign-in that it comes from, if there is one; ``origin_session`` is the tracked session of
    the browser.
    """
    code = ids.uuid4()
    now = clock.now()
    AuthorizationCode.objects.create(
        code_hash=tokens.hash_of(code),
        pool_id=pool.id,
        client_id=request.client_id,
        user=user,
        request={
            **asdict(request),
            "event_id": event_id,
            "origin_session": origin_session,
            "password_mark": password_mark(user.pk, user.password_hash),
        },
        origin_jti=ids.uuid4(),
        auth_time=auth_time,
        created_at=now,
        expires_at=now + CODE_LIFETIME,
    )
    return code


def password_mark(user_id: int, password_hash: str | None) -> str:
    """Return what tells one password of a user from the next: a code ends with the password it was made under."""
    return keyring.mac("code-password", f"{user_id}:{password_hash}".encode()).hex()[:16]
