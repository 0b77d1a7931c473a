"""Whole numbers out of texts that anybody may have written."""

from __future__ import annotations

EXACT = 2**53 - 1
"""The largest number that every reader of JSON takes for what it is (RFC 8259 section 6)."""


def whole(text: str, most: int) -> int | None:
    """Return the number that ASCII digits name, None for any other text and for a number above ``most``.

    Python's own ``str.isdigit`` takes digits that ``int`` refuses, and ``int`` refuses digits of some thousand places.
    """
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0") or "0"
    return int(digits) if len(digits) <= len(str(most)) and int(digits) <= most else None
