"""The form of session tags.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html
"""

from __future__ import annotations

from collections.abc import Collection

import regex

_KEY = regex.compile(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}")
_VALUE = regex.compile(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}")


def is_key(text: str) -> bool:
    """Whether a text has the length and the characters of a key."""
    return bool(_KEY.fullmatch(text))


def is_value(text: str) -> bool:
    """Whether a text has the length and the characters of a value."""
    return bool(_VALUE.fullmatch(text))


def is_reserved(key: str) -> bool:
    """Whether a key is AWS's own."""
    return key.lower().startswith("aws:")


def has_twins(keys: Collection[str]) -> bool:
    """Whether two keys are the same but for their case."""
    return len({key.lower() for key in keys}) != len(keys)
