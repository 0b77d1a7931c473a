"""The examples of ``docs/developers``: cut out of the pages, with a test's own addresses, ids and secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tests.e2e.server import ROOT

PAGES = ROOT / "docs" / "developers"
_BLOCK = re.compile(r"<!-- example: ([a-z0-9-]+) -->\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FENCE = re.compile(r"^```\w+$", re.MULTILINE)


@cache
def examples() -> dict[str, str]:
    """Return every example by its id; each fenced block must have one of its own."""
    found: dict[str, str] = {}
    for page in sorted(PAGES.glob("*.md")):
        text = page.read_text()
        blocks = _BLOCK.findall(text)
        assert len(blocks) == len(_FENCE.findall(text)), f"a block without an id in {page.name}"
        assert not found.keys() & dict(blocks).keys(), page.name
        found.update(blocks)
    return found


def example(name: str, values: Mapping[str, str]) -> str:
    """Return an example with the made-up values of the pages replaced by a test's own."""
    text = examples()[name]
    for made_up in sorted(values, key=len, reverse=True):
        text = text.replace(made_up, values[made_up])
    return text


def write(folder: Path, file: str, name: str, values: Mapping[str, str], after: str = "") -> Path:
    """Write an example as a file, with what a test adds to its end."""
    path = folder / file
    path.write_text(example(name, values) + after)
    return path
