"""Temporary credentials: made without a database row, sealed into their own session token.

The token names the role, not its policies, so an edited role acts at once; a deleted role or identity ends them.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from cognito_app.conf import app_settings
from cognito_app.core import clock, ids, keyring
from cognito_app.errors import UnrecognizedClientException
from cognito_app.models import Identity, Role
from cognito_app.services import roles

MAX_TOKEN_CHARS = 8_192
MAX_OPENED_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Issued:
    """New credentials for a client."""

    access_key_id: str
    secret: str = field(repr=False)
    session_token: str = field(repr=False)
    expires_at: datetime
    arn: str
    assumed_role_id: str


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """What a session token holds."""

    secret: str = field(repr=False)
    role: Role
    arn: str
    user_id: str
    context: Mapping[str, str | list[str]]
    policies: tuple[Mapping[str, Any], ...]
    issued_at: datetime
    expires_at: datetime


def issue(
    role: Role,
    *,
    session_name: str,
    seconds: int,
    context: Mapping[str, str | list[str]],
    policies: list[Mapping[str, Any]] | None = None,
    identity_id: str | None = None,
) -> Issued:
    """Make credentials for a role; ``context`` holds the condition keys that policies may ask for later."""
    key_id = ids.access_key_id("ASIA")
    secret = ids.secret_access_key()
    now = clock.now()
    expires_at = (now + timedelta(seconds=seconds)).replace(microsecond=0)
    payload = {
        "s": secret,
        "r": role.name,
        "n": session_name,
        "c": dict(context),
        "p": policies or [],
        "i": identity_id,
        "t": now.timestamp(),
        "e": expires_at.timestamp(),
    }
    sealed = keyring.seal(zlib.compress(orjson.dumps(payload)), aad=_context(key_id))
    return Issued(
        access_key_id=key_id,
        secret=secret,
        session_token=base64.b64encode(sealed).decode(),
        expires_at=expires_at,
        arn=_arn(role, session_name),
        assumed_role_id=f"{role.role_id}:{session_name}",
    )


def open_session(key_id: str, token: str | None) -> OpenedSession:
    """Open a session token for its key.

    Raises UnrecognizedClientException for anything that is not, or no longer, good; the caller checks the expiry.
    """
    data = _unseal(key_id, token or "")
    role = roles.by_name(data["r"])
    issued_at = clock.from_epoch(data["t"])
    if role is None or (role.sessions_valid_after and issued_at < role.sessions_valid_after):
        raise UnrecognizedClientException
    identity_id = data["i"]
    if identity_id and not Identity.objects.filter(pk=identity_id).exclude(state=Identity.State.DISABLED).exists():
        raise UnrecognizedClientException
    return OpenedSession(
        secret=data["s"],
        role=role,
        arn=_arn(role, data["n"]),
        user_id=f"{role.role_id}:{data['n']}",
        context=data["c"],
        policies=tuple(data["p"]),
        issued_at=issued_at,
        expires_at=clock.from_epoch(data["e"]),
    )


def _unseal(key_id: str, token: str) -> dict[str, Any]:
    try:
        if not token or len(token) > MAX_TOKEN_CHARS:
            raise ValueError
        sealed = base64.b64decode(token, validate=True)
        opened = zlib.decompressobj().decompress(keyring.unseal(sealed, aad=_context(key_id)), MAX_OPENED_BYTES)
        data: dict[str, Any] = orjson.loads(opened)
    except (keyring.SealError, binascii.Error, ValueError, zlib.error):
        raise UnrecognizedClientException from None
    return data


def _arn(role: Role, session_name: str) -> str:
    return f"arn:aws:sts::{app_settings.account_id}:assumed-role/{role.name}/{session_name}"


def _context(key_id: str) -> bytes:
    return b"session-token:" + key_id.encode("utf-8", "surrogatepass")
