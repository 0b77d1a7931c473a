"""Whole numbers that strangers write."""

from __future__ import annotations

import pytest

from cognito_app.core import numbers


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("000", 0),
        ("7", 7),
        ("100", 100),
        ("007", 7),
        ("0" * 5000 + "9", 9),
        ("101", None),
        ("9" * 5000, None),
        ("", None),
        ("-1", None),
        ("+1", None),
        (" 1", None),
        ("1_0", None),
        ("1.0", None),
        ("\u00b2", None),
        ("\u0661", None),
    ],
)
def test_only_ascii_digits_up_to_the_bound(text: str, number: int | None) -> None:
    assert numbers.whole(text, 100) == number
