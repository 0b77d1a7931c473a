"""Temporary credentials: made without a database row, sealed into their own session token.

The token names the role, user and managed policies, not their documents, so an edited one acts at once; a deleted
role, key or identity ends the session.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson

from cognito_app.conf import app_settings
from cognito_app.core import clock, ids, keyring, policy
from cognito_app.core.policy import Policy
from cognito_app.errors import UnrecognizedClientException
from cognito_app.models import standing
from cognito_app.services import policies, roles, stamps
from cognito_app.services.roles import LoadedRole

MAX_TOKEN_CHARS = 16_384
MAX_OPENED_BYTES = 65_536
SEALED_OVERHEAD = 64
"""At least what sealing adds to the padded content: version, key name, nonce, tag."""

Values = Mapping[str, str | list[str]]


@dataclass(frozen=True, slots=True)
class Issued:
    """New credentials for a client; for those of a role, also who they stand for."""

    access_key_id: str
    secret: str = field(repr=False)
    session_token: str = field(repr=False)
    expires_at: datetime
    arn: str = ""
    assumed_role_id: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a session token is to hold: of a role, of a user's key (``user_key``), or of a federated user.

    ``context`` are condition keys that policies may ask for later. ``inline`` (JSON texts) and ``managed`` (ARNs)
    are the session's policies; both None is no session policy.
    """

    session_name: str = ""
    role_name: str | None = None
    user_key: str | None = None
    federated: bool = False
    identity_id: str | None = None
    context: Values = field(default_factory=dict)
    inline: Sequence[str] | None = None
    managed: Sequence[str] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: Sequence[str] = ()
    source_identity: str | None = None


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A session whose token was opened and still stands."""

    secret: str = field(repr=False)
    grant: Grant
    role: LoadedRole | None
    policies: tuple[Policy, ...] | None
    issued_at: datetime
    expires_at: datetime


def issue(grant: Grant, *, seconds: int, minimum_size: int = 0) -> Issued:
    """Make credentials; the token has ``minimum_size`` characters at least."""
    key_id = ids.access_key_id("ASIA")
    secret = ids.secret_access_key()
    now = clock.now()
    expires_at = (now + timedelta(seconds=seconds)).replace(microsecond=0)
    content = zlib.compress(orjson.dumps(_payload(grant, secret, now, expires_at)))
    padded = content.ljust(minimum_size * 3 // 4 - SEALED_OVERHEAD + 32, b"\0") if minimum_size else content
    return Issued(
        access_key_id=key_id,
        secret=secret,
        session_token=base64.b64encode(keyring.seal(padded, aad=_aad(key_id))).decode(),
        expires_at=expires_at,
    )


def _payload(grant: Grant, secret: str, now: datetime, expires_at: datetime) -> dict[str, Any]:
    held = {
        "s": secret,
        "n": grant.session_name,
        "r": grant.role_name,
        "u": grant.user_key,
        "f": grant.federated or None,
        "i": grant.identity_id,
        "c": dict(grant.context) or None,
        "p": None if grant.inline is None else list(grant.inline),
        "a": None if grant.managed is None else list(grant.managed),
        "g": dict(grant.tags) or None,
        "v": list(grant.transitive) or None,
        "q": grant.source_identity,
        "t": now.timestamp(),
        "e": expires_at.timestamp(),
    }
    return {name: value for name, value in held.items() if value is not None}


def open_session(key_id: str, token: str | None) -> OpenedSession:
    """Open a session token for its key.

    Raises UnrecognizedClientException for anything that is not, or no longer, good; the caller checks the expiry.
    """
    data, grant = _opened(key_id, token or "", app_settings.master_keys)
    if "i" in data:
        _check_identity(data["i"])
    issued_at = clock.from_epoch(data["t"])
    role = None
    if "r" in data:
        role = roles.loaded(data["r"])
        if role is None or (role.row.sessions_valid_after and issued_at < role.row.sessions_valid_after):
            raise UnrecognizedClientException
    return OpenedSession(
        secret=data["s"],
        grant=grant,
        role=role,
        policies=_policies(data),
        issued_at=issued_at,
        expires_at=clock.from_epoch(data["e"]),
    )


@lru_cache(maxsize=2048)
def _opened(key_id: str, token: str, master_keys: tuple[str, ...]) -> tuple[dict[str, Any], Grant]:
    """Return the content of a token, which the caller must not change; clients use theirs for an hour."""
    data = _unseal(key_id, token)
    return data, _grant(data)


def _check_identity(identity_id: str) -> None:
    if stamps.is_known(stamps.IAM):
        in_use = standing.identity_in_use(identity_id)
    else:
        version, in_use = standing.look(stamps.IAM, identity_id)
        stamps.note(stamps.IAM, version)
    if not in_use:
        raise UnrecognizedClientException


def _grant(data: Mapping[str, Any]) -> Grant:
    return Grant(
        session_name=data["n"],
        role_name=data.get("r"),
        user_key=data.get("u"),
        federated=data.get("f", False),
        identity_id=data.get("i"),
        context=data.get("c", {}),
        inline=data.get("p"),
        managed=data.get("a"),
        tags=data.get("g", {}),
        transitive=data.get("v", ()),
        source_identity=data.get("q"),
    )


def _policies(data: Mapping[str, Any]) -> tuple[Policy, ...] | None:
    """Return the session's policies; a managed one that is gone allows nothing."""
    inline, managed = data.get("p"), data.get("a")
    if inline is None and managed is None:
        return None
    found = [policy.compiled(text.encode()) for text in inline or ()]
    found += [named for arn in managed or () if (named := policies.in_force(arn)) is not None]
    return tuple(found)


def _unseal(key_id: str, token: str) -> dict[str, Any]:
    try:
        if not token or len(token) > MAX_TOKEN_CHARS:
            raise ValueError
        sealed = base64.b64decode(token, validate=True)
        opened = zlib.decompressobj().decompress(keyring.unseal(sealed, aad=_aad(key_id)), MAX_OPENED_BYTES)
        data: dict[str, Any] = orjson.loads(opened)
    except (keyring.SealError, binascii.Error, ValueError, zlib.error):
        raise UnrecognizedClientException from None
    return data


def _aad(key_id: str) -> bytes:
    return b"session-token:" + key_id.encode("utf-8", "surrogatepass")
