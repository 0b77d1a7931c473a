"""How the destination of a message is shown to whoever asked for it."""

from __future__ import annotations


def destination(value: str) -> str:
    """Mask an e-mail address as ``f***@e***`` or a telephone number as ``+*******1234``."""
    if "@" in value:
        local, _, domain = value.rpartition("@")
        return f"{local[:1]}***@{domain[:1]}***"
    return f"+*******{value[-4:]}"
