"""The level of authentication that a sign-in has to reach; it travels in the sessions and in SECRET_BLOCK."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Target:
    """The levels asked for, the first wish first; ``credit`` are the factors that an earlier sign-in proved."""

    levels: tuple[int, ...]
    credit: tuple[str, ...] = ()


def packed(target: Target | None) -> list[Any] | None:
    """Return a short JSON form."""
    return None if target is None else [list(target.levels), list(target.credit)]


def opened(given: Sequence[Any] | None) -> Target | None:
    """Return what ``packed`` made."""
    return None if given is None else Target(tuple(given[0]), tuple(given[1]))
