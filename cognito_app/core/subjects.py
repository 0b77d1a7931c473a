"""Names that identity providers give their users."""

from __future__ import annotations

from typing import Any

LONGEST = 256


def is_subject(value: Any) -> bool:
    """Whether a value is text that fits and can be seen, nothing that only looks like somebody's name."""
    return isinstance(value, str) and bool(value.strip()) and len(value) <= LONGEST and value.isprintable()
