"""The authorization request: its checks in order, and the code that answers it.

Nothing is sent to a redirect URI before client and URI are both known to be good (RFC 6749 section 4.1.2.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from cognito_app.core import clock, ids, keyring, numbers
from cognito_app.errors import ResourceNotFoundException, ServiceError
from cognito_app.models import AuthorizationCode, BrowserSession, PoolUser
from cognito_app.services import acr, config, pool_profile, session_settings, sessions, tiers, tokens
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.pool_profile import PoolProfile
from cognito_app.services.sign_in import step_up
from cognito_app.services.sign_in.target import Target

CODE_LIFETIME = timedelta(minutes=5)
_CHALLENGE = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_REST = re.compile(r"[\x21\x24-\x7e]+")
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
    "acr_values",
    "identity_provider",
    "idp_identifier",
    "login_hint",
    "request",
    "request_uri",
    "response_mode",
    "id_token_hint",
)
IMPLICIT = "implicit"
FLOWS = {"code": "code", "token": IMPLICIT}
MODES = {"code": "query", IMPLICIT: "fragment"}
MAX_VALUE = 4096
NOT_ENABLED = "The identity provider is not enabled for the client."


class PageError(ServiceError):
    """A request that must be answered with our own page: where to send the answer is not known to be good."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


@dataclass(frozen=True, slots=True)
class ReturnAddress:
    """Where an answer goes: in the fragment for the implicit grant, with ``iss`` where the pool says so (RFC 9207)."""

    redirect_uri: str
    state: str | None
    issuer: str | None
    fragment: bool

    def error(self, error: str, description: str = "") -> RedirectError:
        """Return an error that the client hears of there."""
        return RedirectError(error, self, description)


class RedirectError(ServiceError):
    """An error that the client hears of at its redirect URI (RFC 6749 section 4.1.2.1)."""

    def __init__(self, error: str, to: ReturnAddress, description: str = "") -> None:
        super().__init__(description or error)
        self.error = error
        self.to = to
        self.description = description


@dataclass(frozen=True, slots=True)
class AuthorizeRequest(ReturnAddress):
    """A checked authorization request; ``provider`` or ``identifier`` names where the user is to sign in."""

    client_id: str
    scopes: tuple[str, ...]
    nonce: str | None
    code_challenge: str | None
    prompts: tuple[str, ...]
    max_age: int | None
    levels: tuple[int, ...] = ()
    resource: str | None = None
    hint: str | None = None
    provider: str | None = None
    identifier: str | None = None
    login_hint: str | None = None


def parse(pool: PoolConfig, given: Mapping[str, list[str]]) -> tuple[AuthorizeRequest, ClientConfig]:
    """Check the parameters of an authorization request; ``given`` maps names to all their values.

    Raises PageError, then RedirectError.
    """
    client = _client(pool, given)
    profile = pool_profile.of(pool)
    states = given.get("state", [])
    to = ReturnAddress(
        redirect_uri=_redirect_uri(client, given),
        state=states[0] if len(states) == 1 and "\x00" not in states[0] else None,
        issuer=pool.issuer if profile.strict_oidc else None,
        fragment=given.get("response_type") == ["token"],
    )
    one = _single_values(given, to)
    _check_response_type(client, profile, one, to)
    _check_provider(client, one, to)
    request = AuthorizeRequest(
        redirect_uri=to.redirect_uri,
        state=to.state,
        issuer=to.issuer,
        fragment=to.fragment,
        client_id=client.id,
        scopes=_scopes(client, one.get("scope"), to),
        nonce=one.get("nonce"),
        code_challenge=_challenge(one, profile, to),
        prompts=_prompts(one.get("prompt", ""), to),
        max_age=_max_age(one.get("max_age"), to),
        levels=_levels(pool, one.get("acr_values", "")),
        resource=_resource(given.get("resource", []), to),
        hint=one.get("id_token_hint"),
        provider=one.get("identity_provider") or None,
        identifier=None if one.get("identity_provider") else one.get("idp_identifier") or None,
        login_hint=one.get("login_hint") or None,
    )
    return request, client


def _single_values(given: Mapping[str, list[str]], to: ReturnAddress) -> dict[str, str]:
    if any(len(given.get(name, ())) > 1 for name in ONCE):
        raise to.error("invalid_request", "A parameter is repeated.")
    if any(len(value) > MAX_VALUE or "\x00" in value for values in given.values() for value in values):
        raise to.error("invalid_request", "A parameter is too long or has a null character.")
    one = {name: values[0] for name, values in given.items() if values}
    for name in ("request", "request_uri"):
        if name in one:
            raise to.error(f"{name}_not_supported")
    return one


def _check_response_type(client: ClientConfig, profile: PoolProfile, one: Mapping[str, str], to: ReturnAddress) -> None:
    flow = FLOWS.get(one.get("response_type", ""))
    if flow is None:
        raise to.error("invalid_request", "response_type must be code or token")
    if flow not in client.oauth_flows or (profile.hardened and flow == IMPLICIT):
        raise to.error("unauthorized_client")
    if one.get("response_mode", MODES[flow]) != MODES[flow]:
        raise to.error("invalid_request", "response_mode is not supported")


def _check_provider(client: ClientConfig, one: Mapping[str, str], to: ReturnAddress) -> None:
    provider = one.get("identity_provider")
    if provider and provider not in client.identity_providers:
        raise to.error("invalid_request", NOT_ENABLED)


def _prompts(text: str, to: ReturnAddress) -> tuple[str, ...]:
    prompts = tuple(text.split())
    if "none" in prompts and len(prompts) > 1:
        raise to.error("invalid_request", "prompt none cannot be combined")
    return prompts


def _max_age(text: str | None, to: ReturnAddress) -> int | None:
    seconds = None if text is None else numbers.whole(text, acr.LONGEST_AGE)
    if text is not None and seconds is None:
        raise to.error("invalid_request", "max_age must be a number of seconds")
    return seconds


def _resource(values: list[str], to: ReturnAddress) -> str | None:
    """Return the resource server that the access token is for (RFC 8707 section 2)."""
    if not values:
        return None
    scheme, mark, rest = values[0].partition("://")
    allowed = scheme not in ("http", "https") or scheme == "https" or rest.startswith(("localhost:", "localhost/"))
    whole = bool(mark) and _SCHEME.fullmatch(scheme) and _REST.fullmatch(rest)
    if len(values) != 1 or not whole or not (allowed or rest == "localhost"):
        raise to.error("invalid_target", "resource must be one absolute URI without a fragment")
    return values[0]


def _levels(pool: PoolConfig, text: str) -> tuple[int, ...]:
    """Return the levels of authentication that are asked for; unknown names and lower tiers ask for none."""
    return acr.levels(pool, text) if tiers.offers(pool.tier, tiers.STEP_UP) else ()


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


def _scopes(client: ClientConfig, text: str | None, to: ReturnAddress) -> tuple[str, ...]:
    if not text:
        return client.oauth_scopes
    asked = tuple(dict.fromkeys(text.split(" ")))
    if any(not _SCOPE.fullmatch(scope) or scope not in client.oauth_scopes for scope in asked):
        raise to.error("invalid_scope")
    if {"email", "phone", "profile"} & set(asked) and "openid" not in asked:
        raise to.error("invalid_scope")
    return asked


def _challenge(one: Mapping[str, str], profile: PoolProfile, to: ReturnAddress) -> str | None:
    challenge, method = one.get("code_challenge"), one.get("code_challenge_method")
    if challenge is None and method is None:
        if profile.hardened:
            raise to.error("invalid_request", "code_challenge is required")
        return None
    if challenge is None or method != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise to.error("invalid_request", "Invalid code_challenge or code_challenge_method")
    return challenge


def may_reuse(
    pool: PoolConfig, client: ClientConfig, request: AuthorizeRequest, session: BrowserSession | None
) -> bool:
    """Whether a browser session answers the client's request without a new sign-in."""
    return (
        session is not None
        and is_by_provider(client, request, session)
        and is_recent(pool, client, request, session)
        and _is_enough(pool, request, session)
        and _is_hinted(pool, request, session)
    )


def is_local(client: ClientConfig, request: AuthorizeRequest) -> bool:
    """Whether the pool's own users may sign in for the request, with what the pool knows of them."""
    named = request.provider is not None or request.identifier is not None
    return sessions.LOCAL in client.identity_providers and (not named or request.provider == sessions.LOCAL)


def is_by_provider(client: ClientConfig, request: AuthorizeRequest, session: BrowserSession) -> bool:
    """Whether the session was begun by the provider that the request names, or else by one that the client has."""
    return session.provider in ((request.provider,) if request.provider else client.identity_providers)


def _is_hinted(pool: PoolConfig, request: AuthorizeRequest, session: BrowserSession) -> bool:
    """Whether the session is that of the user whom ``id_token_hint`` names; a hint that is no token names nobody."""
    if request.hint is None:
        return True
    hinted = tokens.read_hint(pool, request.hint)
    return hinted is None or hinted["sub"] == session.user.sub


def _is_enough(pool: PoolConfig, request: AuthorizeRequest, session: BrowserSession) -> bool:
    """Whether the session reaches the first level that the user can reach."""
    if not request.levels:
        return True
    if acr.FEDERATED in session.methods:
        # What more the provider could ask of the user only the provider knows.
        return any(acr.level_of(session.methods) >= level for level in request.levels)
    level = step_up.first_reachable(pool, session.user, Target(request.levels, acr.factors_in(session.methods)))
    return level is not None and acr.level_of(session.methods) >= level


def is_recent(pool: PoolConfig, client: ClientConfig, request: AuthorizeRequest, session: BrowserSession) -> bool:
    """Whether what a browser session proved counts for the client's request."""
    if "login" in request.prompts:
        return False
    age = clock.now() - session.authenticated_at
    if age >= session_settings.reuse_limit(pool, client):
        return False
    return request.max_age is None or age <= timedelta(seconds=request.max_age)


def why_not(pool: PoolConfig, client: ClientConfig, request: AuthorizeRequest, session: BrowserSession | None) -> str:
    """Return the error of a request that may show no page, but would have to."""
    counts = (
        session is not None
        and is_by_provider(client, request, session)
        and is_recent(pool, client, request, session)
        and _is_hinted(pool, request, session)
    )
    return "interaction_required" if counts else "login_required"


def issue_code(
    pool: PoolConfig,
    request: AuthorizeRequest,
    user: PoolUser,
    auth_time: datetime,
    *,
    event_id: str | None = None,
    origin_session: str | None = None,
    methods: Iterable[str] = (),
) -> str:
    """Store an authorization code and return it.

    ``event_id`` names the sign-in that it comes from, if there is one; ``origin_session`` is the tracked session of
    the browser; ``methods`` are those by which the user signed in.
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
            "methods": list(methods),
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
