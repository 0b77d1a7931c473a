"""The CRC of a whole out of those of its parts, without reading anything.

Appending n bytes to a content multiplies its CRC by x^(8n) modulo the polynomial; powers come by squaring.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html (full object checksums)
"""

from __future__ import annotations

import base64
from collections.abc import Iterable

from cognito_app.contrib.object_storage.checksums import SIZES, text

POLYNOMIALS = {"CRC32": 0xEDB88320, "CRC32C": 0x82F63B78, "CRC64NVME": 0x9A6C9329AC4BC9B5}
"""Polynomials with the coefficient of the highest power in the lowest bit."""


def joined(algorithm: str, parts: Iterable[tuple[str, int]]) -> str:
    """Return the checksum of a content from the checksums and sizes of its parts."""
    polynomial, bits = POLYNOMIALS[algorithm], SIZES[algorithm] * 8
    total = 0
    for value, size in parts:
        own = int.from_bytes(base64.b64decode(value), "big")
        total = _times(_power(size * 8, polynomial, bits), total, polynomial, bits) ^ own
    return text(total.to_bytes(bits // 8, "big"))


def _times(first: int, second: int, polynomial: int, bits: int) -> int:
    """Multiply two residues."""
    product, mask = 0, 1 << (bits - 1)
    while mask:
        if first & mask:
            product ^= second
        second = (second >> 1) ^ polynomial if second & 1 else second >> 1
        mask >>= 1
    return product


def _power(exponent: int, polynomial: int, bits: int) -> int:
    """Return x to a power as a residue."""
    found, square = 1 << (bits - 1), 1 << (bits - 2)
    while exponent:
        if exponent & 1:
            found = _times(square, found, polynomial, bits)
        square = _times(square, square, polynomial, bits)
        exponent >>= 1
    return found
