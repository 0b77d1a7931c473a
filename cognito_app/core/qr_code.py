"""QR codes as SVG."""

from __future__ import annotations

import base64
import io

import qrcode
import qrcode.image.svg


def svg(text: str) -> str:
    """Return the code of a text as an SVG element."""
    buffer = io.BytesIO()
    qrcode.make(text, image_factory=qrcode.image.svg.SvgPathImage, box_size=12).save(buffer)
    return buffer.getvalue().decode().partition("?>")[2].strip()


def data_uri(text: str) -> str:
    """Return the code of a text as the address of an image."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg(text).encode()).decode()
