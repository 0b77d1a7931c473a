"""Bodies of requests: read piece by piece, taken out of ``aws-chunked``, hashed and checked on the way.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import IO, Any

from cognito_app.contrib.object_storage import checksums, conf, signatures
from cognito_app.contrib.object_storage.errors import S3Error
from cognito_app.contrib.object_storage.requests import S3Request
from cognito_app.core import numbers, secrets

PIECE = 256 * 1024
MAX_DOCUMENT = 4 * 1024 * 1024
MAX_LINE = 8 * 1024
LEFT_BYTES = 1024 * 1024
_CHUNK_HEAD = re.compile(rb"([0-9a-fA-F]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?", re.ASCII)


class Body:
    """The content of a request in pieces; after the last one everything that was declared has been checked.

    ``of_document`` tells that the checksum headers are not this content's.
    ``md5``, ``size`` and ``checksum`` are known then.
    """

    def __init__(self, request: S3Request, algorithm: str | None = None, *, of_document: bool = False) -> None:
        self._request = request
        self._headers = request.headers
        self._payload = request.signature.payload
        self._stream = _stream(request)
        self._sha256 = sha256() if len(self._payload) == 64 else None
        self._declared = None if of_document else checksums.declared(self._headers)
        self._trailer = _trailer_algorithm(self._headers)
        named = (self._declared[0] if self._declared else None) or self._trailer or algorithm
        self._digests = checksums.Digests(named)
        self._expected_md5 = _content_md5(self._headers)
        self.length = self._length()

    @property
    def algorithm(self) -> str | None:
        """The algorithm of the checksum, if there is one."""
        return self._digests.algorithm

    @property
    def md5(self) -> str:
        """The content's MD5 in hexadecimal."""
        return self._digests.md5

    @property
    def size(self) -> int:
        """The content's size."""
        return self._digests.size

    @property
    def checksum(self) -> dict[str, str]:
        """The content's checksum in the form in which rows hold it."""
        return self._digests.checksum

    def _length(self) -> int | None:
        streamed = self._payload in signatures.STREAMING
        text = self._headers.get("x-amz-decoded-content-length" if streamed else "content-length")
        if text is None:
            if streamed:
                raise S3Error("MissingContentLength", "You must provide the Content-Length HTTP header.", 411)
            return None
        length = numbers.whole(text, numbers.EXACT)
        if length is None:
            raise S3Error("InvalidArgument", "The length is not a number.")
        if length > conf.current().max_object_bytes:
            raise S3Error("EntityTooLarge", ProposedSize=text, MaxSizeAllowed=str(conf.current().max_object_bytes))
        return length

    def pieces(self) -> Iterator[bytes]:
        """Yield the content. Raises S3's errors of contents, after some or all of it."""
        chunked = self._payload in signatures.STREAMING
        trailers: dict[str, str] = {}
        most = conf.current().max_object_bytes
        for piece in self._decoded(trailers) if chunked else _plain(self._stream):
            self._digests.update(piece)
            if self.size > most or (self.length is not None and self.size > self.length):
                raise S3Error("EntityTooLarge" if self.size > most else "IncompleteBody")
            if self._sha256 is not None:
                self._sha256.update(piece)
            yield piece
        self._check(trailers)

    def whole(self, limit: int = MAX_DOCUMENT) -> bytes:
        """Return a small content. Raises MalformedXML for one above the limit, else as ``pieces``."""
        found = bytearray()
        for piece in self.pieces():
            found += piece
            if len(found) > limit:
                raise S3Error("MalformedXML")
        return bytes(found)

    def _check(self, trailers: Mapping[str, str]) -> None:
        self._request.body_read = True
        if self.length is not None and self.size != self.length:
            raise S3Error("IncompleteBody")
        if self._sha256 is not None and not secrets.compare(self._sha256.hexdigest(), self._payload):
            raise S3Error(
                "XAmzContentSHA256Mismatch",
                ClientComputedContentSHA256=self._payload,
                S3ComputedContentSHA256=self._sha256.hexdigest(),
            )
        if self._expected_md5 is not None and bytes.fromhex(self.md5) != self._expected_md5:
            raise S3Error("BadDigest")
        expected = self._declared[1] if self._declared else None
        if self._trailer is not None:
            expected = trailers.get(checksums.HEADER + self._trailer.lower())
            if expected is None:
                raise S3Error(
                    "MalformedTrailerError",
                    "The request contained trailing data that was not well-formed "
                    "or did not conform to our published schema.",
                    400,
                )
            checksums.check_form(self._trailer, expected)
        if expected is not None and self.checksum["value"] != expected:
            raise S3Error(
                "BadDigest", f"The {self._digests.algorithm} you specified did not match the calculated checksum."
            )

    def _decoded(self, trailers: dict[str, str]) -> Iterator[bytes]:
        lines = _Lines(self._stream)
        signed = self._payload != signatures.STREAMING_UNSIGNED
        while True:
            size, signature = _head(lines.line(), signed)
            digest = sha256()
            left = size
            while left:
                piece = lines.read(min(left, PIECE))
                left -= len(piece)
                if signed:
                    digest.update(piece)
                yield piece
            if signed:
                self._request.signature.check_chunk(digest.hexdigest(), signature)
            if size == 0:
                break
            if lines.read(2) != b"\r\n":
                raise S3Error("IncompleteBody")
        self._read_trailers(lines, trailers)

    def _read_trailers(self, lines: _Lines, trailers: dict[str, str]) -> None:
        covered, signature = b"", ""
        while line := lines.line(at_end=True):
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"x-amz-trailer-signature":
                signature = value.strip().decode("ascii", "replace")
                continue
            if len(covered) > MAX_LINE:
                raise S3Error("MalformedTrailerError", "The trailer is too long.", 400)
            trailers[name.strip().lower().decode("ascii", "replace")] = value.strip().decode("ascii", "replace")
            covered += name.strip().lower() + b":" + value.strip() + b"\n"
        if self._payload == signatures.STREAMING_SIGNED_TRAILER:
            self._request.signature.check_trailer(covered, signature)


def _head(line: bytes, signed: bool) -> tuple[int, str]:
    match = _CHUNK_HEAD.fullmatch(line)
    if match is None or (signed and match.group(2) is None):
        raise S3Error("InvalidRequest", "The body is not in the form of aws-chunked.")
    return int(match.group(1), 16), (match.group(2) or b"").decode()


class _Lines:
    """Exact reads from a stream, and lines of bounded length."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._held = b""

    def read(self, size: int) -> bytes:
        """Return 1 to ``size`` bytes. Raises IncompleteBody at the end."""
        if not self._held:
            self._held = self._stream.read(PIECE)
            if not self._held:
                raise S3Error("IncompleteBody")
        found, self._held = self._held[:size], self._held[size:]
        if len(found) < size <= 2:
            found += self.read(size - len(found))
        return found

    def line(self, *, at_end: bool = False) -> bytes:
        """Return a line without its end; ``at_end`` takes the end of the stream for one."""
        while b"\n" not in self._held:
            more = self._stream.read(PIECE)
            if not more:
                if at_end and not self._held:
                    return b""
                raise S3Error("IncompleteBody")
            if len(self._held) > MAX_LINE:
                raise S3Error("InvalidRequest", "The body is not in the form of aws-chunked.")
            self._held += more
        found, _, self._held = self._held.partition(b"\n")
        return found.removesuffix(b"\r")


def _plain(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(PIECE):
        yield piece


class _Guarded:
    """A stream whose client may go away."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes. Raises IncompleteBody."""
        try:
            return bytes(self._stream.read(size))
        except OSError:
            raise S3Error("IncompleteBody") from None


def _stream(request: S3Request) -> Any:
    """Return the body's stream; Django's own ends at Content-Length, which a chunked transfer does not have."""
    environ = request.django.META
    chunked = "chunked" in request.headers.get("transfer-encoding", "").lower()
    if chunked and environ.get("wsgi.input_terminated"):
        return _Guarded(environ["wsgi.input"])
    return _Guarded(request.django)


def leave(request: S3Request) -> bool:
    """Deal with a content that nobody read; True if the connection must be closed behind the answer.

    A client that waits for ``100 Continue`` and gets a refusal does not send its content, but the server goes on to
    expect it, and would take it out of the next request. Reading makes it be sent; a long one is not worth that.
    """
    headers = request.headers
    length = headers.get("content-length", "")
    if request.body_read or not (length.strip("0") or "transfer-encoding" in headers):
        return False
    if length and numbers.whole(length, LEFT_BYTES) is None:
        return True
    stream, left = _stream(request), LEFT_BYTES
    try:
        while left > 0:
            piece = stream.read(PIECE)
            if not piece:
                return False
            left -= len(piece)
    except S3Error:
        return True
    return True


def _trailer_algorithm(headers: Mapping[str, str]) -> str | None:
    name = headers.get("x-amz-trailer", "").strip().lower()
    if not name:
        return None
    if not name.startswith(checksums.HEADER):
        raise S3Error("InvalidRequest", "The value specified in the x-amz-trailer header is not supported")
    return checksums.algorithm_named(name.removeprefix(checksums.HEADER))


def _content_md5(headers: Mapping[str, str]) -> bytes | None:
    given = headers.get("content-md5")
    if given is None:
        return None
    try:
        found = base64.b64decode(given, validate=True)
    except ValueError:
        found = b""
    if len(found) != 16:
        raise S3Error("InvalidDigest")
    return found
