"""Page tokens: sealed, and good only for the list that they came from."""

from __future__ import annotations

from typing import Any

from cognito_app.core import keyring
from cognito_app.errors import InvalidParameterException


def encode(scope: str, position: dict[str, Any]) -> str:
    """Return an opaque token for ``position`` in the list named by ``scope`` (operation, pool, filter)."""
    return keyring.pack(position, aad=_context(scope))


def decode(scope: str, token: str) -> dict[str, Any]:
    """Return the position in a token.

    Raises InvalidParameterException if it was altered or belongs to another list.
    """
    try:
        return keyring.unpack(token, aad=_context(scope))
    except keyring.SealError:
        raise InvalidParameterException("Invalid pagination token") from None


def _context(scope: str) -> bytes:
    return b"page:" + scope.encode("utf-8", "surrogatepass")
