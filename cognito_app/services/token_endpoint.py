"""What the token endpoint grants.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html, RFC 6749, RFC 7636.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from hashlib import sha256

import orjson
from django.db import transaction

from cognito_app.core import clock, secrets
from cognito_app.errors import NotAuthorizedException, ServiceError
from cognito_app.models import AuthorizationCode, user_rows
from cognito_app.models.base import claim
from cognito_app.services import client_tokens, clients, token_triggers, tokens
from cognito_app.services.actor import Actor
from cognito_app.services.authorization import password_mark
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.sign_in import with_tokens
from cognito_app.services.sign_in.hooks import TRIGGER_ERRORS
from cognito_app.services.tokens import Grant, Tokens
from cognito_app.triggers import token_generation

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class OAuthError(ServiceError):
    """An error of RFC 6749 section 5.2; ``error`` is its code."""

    def __init__(self, error: str, description: str = "") -> None:
        super().__init__(description or error)
        self.error = error
        self.description = description


def authenticate(client: ClientConfig | None, secret: str | None) -> ClientConfig:
    """Check a client's credentials. Raises OAuthError("invalid_client")."""
    if client is None:
        raise OAuthError("invalid_client")
    if not clients.verify_secret(client, secret):
        raise OAuthError("invalid_client", "invalid_client_secret")
    return client


def exchange_code(pool: PoolConfig, client: ClientConfig, given: Mapping[str, str], actor: Actor) -> Tokens:
    """Trade an authorization code for tokens, once; a second try ends what the first one got.

    Raises OAuthError.
    """
    if "code" not in client.oauth_flows:
        raise OAuthError("unauthorized_client")
    code, redirect_uri = given.get("code"), given.get("redirect_uri")
    if not code or redirect_uri is None:
        raise OAuthError("invalid_request")
    row = (
        AuthorizationCode.objects.filter(pk=tokens.hash_of(code), pool_id=pool.id, client_id=client.id)
        .select_related("user")
        .first()
    )
    if row is None:
        raise OAuthError("invalid_grant")
    if row.used_at is None:
        _check_code(row, redirect_uri, given.get("code_verifier"))
    try:
        grant = _spend(pool, client, row, actor)
    except NotAuthorizedException:
        raise OAuthError("invalid_grant") from None
    if grant is None:
        tokens.revoke_family(str(row.origin_jti))
        raise OAuthError("invalid_grant")
    try:
        return token_triggers.sign(grant, actor, token_generation.HOSTED)
    except ServiceError as error:
        raise OAuthError("invalid_request", error.message) from None


def _check_code(row: AuthorizationCode, redirect_uri: str, verifier: str | None) -> None:
    challenge = row.request.get("code_challenge")
    if row.expires_at <= clock.now() or redirect_uri != row.request["redirect_uri"] or not row.user.enabled:
        raise OAuthError("invalid_grant")
    if challenge is None:
        # A verifier without a challenge means that somebody took the challenge out (RFC 9700 section 4.8.2).
        if verifier:
            raise OAuthError("invalid_grant")
        return
    if not verifier or not _VERIFIER.fullmatch(verifier):
        raise OAuthError("invalid_grant")
    computed = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    if not secrets.compare(computed, challenge):
        raise OAuthError("invalid_grant")


def _spend(pool: PoolConfig, client: ClientConfig, row: AuthorizationCode, actor: Actor) -> Grant | None:
    with transaction.atomic():
        _check_standing(row)
        if not claim(AuthorizationCode.objects.filter(pk=bytes(row.pk), used_at=None), used_at=clock.now()):
            return None
        return tokens.begin(
            pool,
            client,
            row.user,
            scopes=tuple(row.request["scopes"]),
            auth_time=row.auth_time,
            event_id=row.request.get("event_id"),
            origin_jti=str(row.origin_jti),
            nonce=row.request.get("nonce"),
            actor=actor,
            origin_session=row.request.get("origin_session"),
            methods=row.request.get("methods", ()),
            resource=row.request.get("resource"),
            by_oauth=True,
        )


def _check_standing(row: AuthorizationCode) -> None:
    """Refuse a code of a user who was disabled, signed out or given another password since it was made.

    Raises NotAuthorizedException.
    """
    stored = user_rows.hold(row.user_id)
    if stored is None or not stored.enabled:
        raise NotAuthorizedException("User is disabled.")
    signed_out = stored.signed_out_at is not None and stored.signed_out_at >= row.created_at
    mark = row.request.get("password_mark")
    if signed_out or mark not in (None, password_mark(row.user_id, stored.password_hash)):
        raise NotAuthorizedException("The session has ended.")


def refresh(pool: PoolConfig, client: ClientConfig, given: Mapping[str, str], actor: Actor) -> Tokens:
    """Renew tokens. Raises OAuthError."""
    text = given.get("refresh_token")
    if not text:
        raise OAuthError("invalid_request")
    try:
        return with_tokens.renew(pool, client, text, actor=actor)
    except TRIGGER_ERRORS as error:
        raise OAuthError("invalid_request", error.message) from None
    except ServiceError as error:
        raise OAuthError("invalid_grant", error.message) from None


def client_credentials(pool: PoolConfig, client: ClientConfig, given: Mapping[str, str], actor: Actor) -> Tokens:
    """Give a confidential client a token of its own; ``aws_client_metadata`` is for the trigger. Raises OAuthError."""
    if "client_credentials" not in client.oauth_flows or not client.secrets:
        raise OAuthError("unauthorized_client")
    allowed = client_tokens.scopes_of(pool, client)
    metadata = _client_metadata(given.get("aws_client_metadata"))
    asked = given.get("scope", "").split()
    granted = tuple(name for name in allowed if name in asked) if asked else allowed
    if asked and not granted:
        raise OAuthError("invalid_scope")
    try:
        return client_tokens.sign(pool, client, granted, actor, metadata)
    except ServiceError as error:
        raise OAuthError("invalid_request", error.message) from None


def _client_metadata(text: str | None) -> dict[str, str] | None:
    """Read a JSON object of texts. Raises OAuthError."""
    if not text:
        return None
    try:
        found = orjson.loads(text.encode("utf-8", "surrogatepass"))
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise OAuthError("invalid_request", "aws_client_metadata must be a JSON object of strings.")
    return found
