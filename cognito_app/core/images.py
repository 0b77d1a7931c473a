"""Images that operators upload: whether a file is what it claims to be, and how it is served."""

from __future__ import annotations

from cognito_app.core import svg

CONTENT_TYPES = {
    "ICO": "image/x-icon",
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "SVG": "image/svg+xml",
    "WEBP": "image/webp",
}
_SIGNATURES = {"ICO": b"\x00\x00\x01\x00", "JPEG": b"\xff\xd8\xff", "PNG": b"\x89PNG\r\n\x1a\n"}


class BadImage(ValueError):
    """A file that is not served; the text says why, and quotes nothing of the file."""


def kind_of(content: bytes) -> str | None:
    """Return the kind of a bitmap by its first bytes, None if it is none that is known."""
    for kind, signature in _SIGNATURES.items():
        if content.startswith(signature):
            return kind
    return "WEBP" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None


def check(content: bytes, kind: str) -> None:
    """Raises BadImage if the file is not of the kind, or is an SVG document that could do more than draw."""
    if kind != "SVG":
        if kind_of(content) != kind:
            raise BadImage(f"the file is no {kind} image")
        return
    try:
        svg.check(content)
    except svg.UnsafeSvg as error:
        raise BadImage(str(error)) from None
