"""Small images of each kind, as operators upload them."""

from __future__ import annotations

import struct
import zlib

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(20) + b"\xff\xd9"
ICO = b"\x00\x00\x01\x00\x01\x00" + bytes(40)
WEBP = b"RIFF\x1a\x00\x00\x00WEBPVP8L" + bytes(20)


def png(shade: int = 0) -> bytes:
    """Return a PNG of one grey pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes([0, shade]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def svg(inside: str = '<rect width="1" height="1"/>', *, before: str = "") -> bytes:
    """Return an SVG document with these elements."""
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f"{before}<svg {spaces}>{inside}</svg>".encode()
