"""What IAM holds (roles, policies, providers, keys), in the memory of each process until any of it changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from cognito_app.services import stamps

T = TypeVar("T")


class Memory(Generic[T]):
    """The rows that ``read`` returns, by name, read again when the stamp of IAM has changed."""

    def __init__(self, read: Callable[[], dict[str, T]]) -> None:
        self._read = read
        self._held: tuple[int | None, dict[str, T]] = (None, {})

    def all(self) -> dict[str, T]:
        """Return everything; the caller must not change it."""
        version = stamps.version(stamps.IAM)
        held = self._held
        if version is None or version != held[0]:
            held = self._held = (version, self._read())
        return held[1]

    def get(self, name: str) -> T | None:
        """Return one entry, or None."""
        return self.all().get(name)
