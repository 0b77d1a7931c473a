"""The dialect of Cognito's CSV files, read piece by piece with bounded memory.

A row is a line; no quoting; a comma inside a value is escaped by a backslash.
Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-using-import-tool.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

LONGEST_ROW = 16_000
MOST_BYTES = 4 * LONGEST_ROW + 2

_FIELD = re.compile(r"(?:[^\\,]|\\.?)*", re.DOTALL)
_ESCAPED = re.compile(r"\\([\\,])")


class Line(NamedTuple):
    """A line of a file: its number from 1, the offset behind it, its bytes (none if there are too many)."""

    number: int
    end: int
    content: bytes
    too_long: bool


def lines(pieces: Iterable[bytes], *, offset: int = 0, number: int = 0) -> Iterator[Line]:
    """Yield the lines of a file whose pieces begin at ``offset``, behind the line ``number``."""
    kept, too_long = b"", False
    for piece in pieces:
        *ended, tail = piece.split(b"\n")
        for part in ended:
            offset += len(part) + 1
            number += 1
            too_long = too_long or len(kept) + len(part) > MOST_BYTES
            yield Line(number, offset, b"" if too_long else kept + part, too_long)
            kept, too_long = b"", False
        offset += len(tail)
        too_long = too_long or len(kept) + len(tail) > MOST_BYTES
        kept = b"" if too_long else kept + tail
    if kept or too_long:
        yield Line(number + 1, offset, kept, too_long)


def fields(row: str) -> list[str]:
    """Return the values of a row, trimmed; a backslash that escapes neither a comma nor itself stands for itself."""
    if "\\" not in row:
        return [value.strip() for value in row.split(",")]
    values, position = [], 0
    while True:
        found = _FIELD.match(row, position)
        assert found is not None  # the pattern matches the empty text
        values.append(_ESCAPED.sub(r"\1", found.group().strip()))
        position = found.end() + 1
        if position > len(row):
            return values


def count(pieces: Iterable[bytes]) -> int:
    """Return the number of lines of a file that are not blank."""
    total, open_line = 0, False
    for piece in pieces:
        *ended, tail = piece.split(b"\n")
        for part in ended:
            total += open_line or not _is_blank(part)
            open_line = False
        open_line = open_line or not _is_blank(tail)
    return total + open_line


def _is_blank(part: bytes) -> bool:
    return not part or part.isspace()
