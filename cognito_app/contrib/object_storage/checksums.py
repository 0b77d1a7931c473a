"""Checksums of contents: those that clients send along, and S3's own.

CRC-32C and CRC-64/NVME need the package ``awscrt``; without it they are refused, never ignored.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from typing import Protocol

from cognito_app.contrib.object_storage.errors import S3Error

HEADER = "x-amz-checksum-"
SIZES = {"CRC32": 4, "CRC32C": 4, "CRC64NVME": 8, "SHA1": 20, "SHA256": 32}
FULL_OBJECT, COMPOSITE = "FULL_OBJECT", "COMPOSITE"


class Hash(Protocol):
    """What takes bytes and gives a digest."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes."""

    def digest(self) -> bytes:
        """Return the digest so far."""


class Crc:
    """A cyclic redundancy check in the form of a hash."""

    def __init__(self, function: Callable[[bytes, int], int], size: int) -> None:
        self._function = function
        self._size = size
        self._value = 0

    def update(self, data: bytes, /) -> None:
        """Take more bytes."""
        self._value = self._function(data, self._value)

    def digest(self) -> bytes:
        """Return the value, most significant byte first."""
        return self._value.to_bytes(self._size, "big")


class Digests:
    """What is computed over a content while it passes: MD5, size, and a checksum if there is an algorithm."""

    def __init__(self, algorithm: str | None = None) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._hash = new(algorithm) if algorithm else None
        self.algorithm = algorithm
        self.size = 0

    def update(self, piece: bytes) -> None:
        """Take more of the content."""
        self.size += len(piece)
        self._md5.update(piece)
        if self._hash is not None:
            self._hash.update(piece)

    def passing(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield what passes by."""
        for piece in pieces:
            self.update(piece)
            yield piece

    @property
    def md5(self) -> str:
        """The MD5 in hexadecimal."""
        return self._md5.hexdigest()

    @property
    def checksum(self) -> dict[str, str]:
        """The checksum in the form in which rows hold it."""
        if self._hash is None or self.algorithm is None:
            return {}
        return {"algorithm": self.algorithm, "value": text(self._hash.digest()), "type": FULL_OBJECT}


def new(algorithm: str) -> Hash:
    """Return a fresh hash. Raises NotImplemented for an algorithm that no library here can compute."""
    if algorithm == "CRC32":
        return Crc(zlib.crc32, 4)
    if algorithm == "SHA1":
        return hashlib.sha1(usedforsecurity=False)
    if algorithm == "SHA256":
        return hashlib.sha256()
    return Crc(_from_awscrt(algorithm), SIZES[algorithm])


def _from_awscrt(algorithm: str) -> Callable[[bytes, int], int]:
    try:
        library = import_module("awscrt.checksums")
    except ImportError:
        raise S3Error("NotImplemented", f"The checksum algorithm {algorithm} needs the package awscrt.") from None
    found: Callable[[bytes, int], int] = getattr(library, algorithm.lower())
    return found


def algorithm_named(name: str) -> str:
    """Return an algorithm's name as S3 writes it. Raises InvalidRequest."""
    if name.upper() not in SIZES:
        raise S3Error(
            "InvalidRequest",
            "Checksum algorithm provided is unsupported. Please try again with any of the "
            "valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]",
        )
    return name.upper()


def declared(headers: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the algorithm and value among headers, if there is one. Raises InvalidRequest."""
    found = [(name.removeprefix(HEADER).upper(), value) for name, value in headers.items() if name.startswith(HEADER)]
    found = [(name, value) for name, value in found if name in SIZES]
    if len(found) > 1:
        raise S3Error(
            "InvalidRequest", "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        )
    if not found:
        return None
    check_form(*found[0])
    return found[0]


def check_form(algorithm: str, value: str) -> None:
    """Check that a value is a digest of the algorithm. Raises InvalidRequest."""
    try:
        fits = len(base64.b64decode(value, validate=True)) == SIZES[algorithm]
    except ValueError:
        fits = False
    if not fits:
        raise S3Error("InvalidRequest", f"Value for {HEADER}{algorithm.lower()} header is invalid.")


def text(digest: bytes) -> str:
    """Return a digest as it stands in headers."""
    return base64.b64encode(digest).decode()


def composite(algorithm: str, values: Iterable[str]) -> str:
    """Return the checksum of parts' checksums."""
    parts = list(values)
    total = new(algorithm)
    for value in parts:
        total.update(base64.b64decode(value))
    return f"{text(total.digest())}-{len(parts)}"


def headers_of(checksum: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that tell an object's checksum."""
    if not checksum:
        return {}
    return {HEADER + checksum["algorithm"].lower(): checksum["value"], "x-amz-checksum-type": checksum["type"]}
