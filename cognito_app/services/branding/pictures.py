"""Which image of a style is shown where: by category and colour mode."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Picture(NamedTuple):
    """An image below the pool's site, and the class that limits it to one colour mode (empty: both)."""

    path: str
    only: str = ""


class Pictures:
    """A style's images; ``scheme`` is LIGHT, DARK or DYNAMIC (as the browser prefers)."""

    def __init__(self, scheme: str, rows: Iterable[tuple[str, str, str]]) -> None:
        self.scheme = scheme
        self._paths = {(category, mode): path for category, mode, path in rows}

    def _in_mode(self, category: str, mode: str) -> str | None:
        return self._paths.get((category, mode)) or self._paths.get((category, "DYNAMIC"))

    def of(self, category: str) -> tuple[Picture, ...]:
        """Return what a page shows for a category: nothing, one image, or one for each colour mode."""
        if self.scheme != "DYNAMIC":
            path = self._in_mode(category, self.scheme)
            return (Picture(path),) if path else ()
        light, dark = self._in_mode(category, "LIGHT"), self._in_mode(category, "DARK")
        if light == dark:
            return (Picture(light),) if light else ()
        both = ((light, "only-light"), (dark, "only-dark"))
        return tuple(Picture(path, only) for path, only in both if path)

    def first(self, *categories: str) -> tuple[str, ...]:
        """Return the paths of one image for each category that has one."""
        return tuple(self.of(category)[0].path for category in categories if self.of(category))
