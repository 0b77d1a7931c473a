"""The dialect of the CSV files, whatever the pieces that it comes in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognito_app.core import csv_rows


def cut(content: bytes, size: int) -> list[bytes]:
    """Return the content in pieces."""
    return [content[start : start + size] for start in range(0, len(content), size)]


@given(st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")), max_size=12), st.integers(1, 40))
def test_lines_do_not_depend_on_the_pieces(expected: list[bytes], size: int) -> None:
    content = b"".join(line + b"\n" for line in expected)
    found = list(csv_rows.lines(cut(content, size)))
    assert [line.content for line in found] == expected
    assert [line.number for line in found] == list(range(1, len(expected) + 1))
    assert csv_rows.count(cut(content, size)) == len([line for line in expected if line.strip()])
    for line in found:
        rest = csv_rows.lines(cut(content[line.end :], size), offset=line.end, number=line.number)
        assert list(rest) == found[line.number :]


def test_the_last_line_needs_no_end() -> None:
    found = list(csv_rows.lines([b"a\nb", b"c"]))
    assert [(line.number, line.end, line.content) for line in found] == [(1, 2, b"a"), (2, 4, b"bc")]
    assert csv_rows.count([b"a\nb", b"c"]) == 2


def test_an_endless_line_takes_no_memory() -> None:
    found = list(csv_rows.lines([b"x" * 50_000, b"x" * 50_000, b"x\nshort\n", b"y" * 70_000]))
    assert [(line.content, line.too_long) for line in found] == [(b"", True), (b"short", False), (b"", True)]
    assert [line.end for line in found] == [100_002, 100_008, 170_008]


@pytest.mark.parametrize(
    ("row", "values"),
    [
        ("a,b,c", ["a", "b", "c"]),
        ("", [""]),
        (",", ["", ""]),
        (" a , b ", ["a", "b"]),
        (r"a\,b,c", ["a,b", "c"]),
        (r"a\\,b", ["a\\", "b"]),
        (r"a\\\,b,", ["a\\,b", ""]),
        (r"DOMAIN\ann,b", ["DOMAIN\\ann", "b"]),
        ("a,b\\", ["a", "b\\"]),
        ('"a","b"', ['"a"', '"b"']),
        (r",\,,", ["", ",", ""]),
    ],
)
def test_values_of_a_row(row: str, values: list[str]) -> None:
    assert csv_rows.fields(row) == values
