"""The header of a CSV file: which columns a pool wants, which column of a file is what."""

from __future__ import annotations

from dataclasses import dataclass

from cognito_app.core import csv_rows
from cognito_app.services.config import PoolConfig
from cognito_app.services.imports import states

USERNAME = "cognito:username"
MFA_ENABLED = "cognito:mfa_enabled"
HASHES = ("password_hash", "cognito:password_hash")
NO_COLUMN = frozenset({"sub", "identities"})


class HeaderError(Exception):
    """A file whose header is of no use; the text is the job's completion message."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the values of a user stand in a row."""

    width: int
    username: int
    mfa_enabled: int | None
    password_hash: int | None
    attributes: tuple[tuple[str, int], ...]


def header(pool: PoolConfig) -> list[str]:
    """Return the columns of a pool's CSV files in AWS's order."""
    return [name for name in pool.attributes if name not in NO_COLUMN] + [MFA_ENABLED, USERNAME]


def parse(line: csv_rows.Line | None) -> list[str]:
    """Return the names in the first line of a file. Raises HeaderError."""
    if line is None or line.too_long:
        raise HeaderError(states.WRONG_HEADER)
    try:
        return csv_rows.fields(line.content.decode())
    except UnicodeDecodeError:
        raise HeaderError(states.UNREADABLE) from None


def layout(pool: PoolConfig, names: list[str], password_algorithm: str) -> Layout:
    """Return where in a row is what.

    Every column of ``header`` must be there, in any order; a file with password hashes may leave out those that it
    does not use. Raises HeaderError.
    """
    places = {name: position for position, name in enumerate(names)}
    wanted = set(header(pool))
    given_hashes = [name for name in HASHES if name in places]
    needed = {USERNAME} if password_algorithm else wanted
    if len(places) != len(names) or not needed <= set(places) <= wanted | set(HASHES) or len(given_hashes) > 1:
        raise HeaderError(states.WRONG_HEADER)
    if password_algorithm and not given_hashes:
        raise HeaderError(states.NO_HASH_COLUMN)
    return Layout(
        width=len(names),
        username=places[USERNAME],
        mfa_enabled=places.get(MFA_ENABLED),
        password_hash=places[given_hashes[0]] if password_algorithm else None,
        attributes=tuple((name, place) for name, place in places.items() if name in pool.attributes),
    )
