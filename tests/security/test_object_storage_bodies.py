"""Contents and documents sent to the object storage: chunks with and without signatures, XML, altered on the way."""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.clients import s3 as clients
from tests.security.s3_requests import HOST, Keys, code_of, keys, signed

pytestmark = pytest.mark.django_db

__all__ = ["keys"]


def chunked(
    keys: Keys, content: Sequence[bytes], *, trailer: bool = False, alter: Callable[[bytes], bytes] | None = None
) -> Any:
    """Send an object in signed chunks, as the AWS SDKs do, perhaps altered on the way."""
    kind = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + ("-TRAILER" if trailer else "")
    whole = b"".join(content)
    request = AWSRequest("PUT", f"http://{HOST}/s3/photos/o", data=b"")
    request.headers["x-amz-decoded-content-length"] = str(len(whole))
    request.headers["content-encoding"] = "aws-chunked"
    if trailer:
        request.headers["x-amz-trailer"] = "x-amz-checksum-crc32"
    signer: Any = S3SigV4Auth(Credentials(*keys), "s3", "us-east-1")
    signer.payload = lambda _: kind
    request.headers["X-Amz-Content-SHA256"] = kind
    signer.add_auth(request)
    stamp = str(request.headers["X-Amz-Date"])
    scope = f"{stamp[:8]}/us-east-1/s3/aws4_request"
    key = ("AWS4" + keys[1]).encode()
    for word in scope.split("/"):
        key = hmac.digest(key, word.encode(), hashlib.sha256)
    previous = str(request.headers["Authorization"]).rsplit("=", 1)[1]
    empty = hashlib.sha256(b"").hexdigest()
    body = b""
    for chunk in [*content, b""]:
        text = f"AWS4-HMAC-SHA256-PAYLOAD\n{stamp}\n{scope}\n{previous}\n{empty}\n{hashlib.sha256(chunk).hexdigest()}"
        previous = hmac.digest(key, text.encode(), hashlib.sha256).hex()
        body += f"{len(chunk):x};chunk-signature={previous}\r\n".encode() + chunk
        body += b"\r\n" if chunk or not trailer else b""
    if trailer:
        line = b"x-amz-checksum-crc32:" + base64.b64encode(zlib.crc32(whole).to_bytes(4, "big"))
        hashed = hashlib.sha256(line + b"\n").hexdigest()
        text = f"AWS4-HMAC-SHA256-TRAILER\n{stamp}\n{scope}\n{previous}\n{hashed}"
        signature = hmac.digest(key, text.encode(), hashlib.sha256).hex()
        body += line + b"\r\nx-amz-trailer-signature:" + signature.encode() + b"\r\n\r\n"
    headers = {name.lower(): str(value) for name, value in request.headers.items()}
    headers.pop("content-length", None)
    sent = alter(body) if alter else body
    return clients.web("PUT", "/s3/photos/o", headers={**headers, "host": HOST}, body=sent)


@pytest.mark.parametrize("trailer", [False, True])
def test_signed_chunks(keys: Keys, trailer: bool) -> None:
    content = [b"a" * 70_000, b"b" * 300_000, b"c"]
    assert code_of(chunked(keys, content, trailer=trailer)) == ""
    got = clients.client(keys).get_object(Bucket="photos", Key="o")
    assert got["Body"].read() == b"".join(content)
    assert "ContentEncoding" not in got
    assert ("ChecksumCRC32" in got) is trailer


@pytest.mark.parametrize(
    ("alter", "code"),
    [
        (lambda body: body.replace(b"aaaa", b"aaab", 1), "SignatureDoesNotMatch"),
        (lambda body: body.replace(b"chunk-signature=", b"chunk-signature=0", 1), "InvalidRequest"),
        (lambda body: body.replace(b";chunk-signature=", b";x=", 1), "InvalidRequest"),
        (lambda body: body[: len(body) // 2], "IncompleteBody"),
        (lambda body: b"", "IncompleteBody"),
        (lambda body: b"zz" + body, "InvalidRequest"),
        (lambda body: b"f" * 20 + body, "InvalidRequest"),
        (lambda body: body.replace(b"x-amz-checksum-crc32:", b"x-amz-checksum-crc32:A", 1), "SignatureDoesNotMatch"),
        (lambda body: body.split(b"x-amz-checksum-crc32")[0], "SignatureDoesNotMatch"),
        (lambda body: body[:20_000] + body[20_010:], "SignatureDoesNotMatch"),
    ],
)
def test_altered_chunks_store_nothing(keys: Keys, alter: Callable[[bytes], bytes], code: str) -> None:
    assert code_of(chunked(keys, [b"a" * 70_000, b"b"], trailer=True, alter=alter)) == code
    assert clients.client(keys).get_object(Bucket="photos", Key="o")["Body"].read() == b"x"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", ""),
        (b"2\r\nhe\r\n3\r\nllo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", ""),
        (b"5\r\nhallo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", "BadDigest"),
        (b"5\r\nhello\r\n0\r\n\r\n", "MalformedTrailerError"),
        (b"4\r\nhell\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", "IncompleteBody"),
        (b"6\r\nhello!\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", "IncompleteBody"),
        (b"5\r\nhelloXX0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", "IncompleteBody"),
        (b"5\r\nhello", "IncompleteBody"),
        (b"-5\r\nhello\r\n0\r\n", "InvalidRequest"),
        (b"a" * 100_000, "IncompleteBody"),
        (b"a" * 300_000 + b"\r\n", "InvalidRequest"),
    ],
)
def test_unsigned_chunks_with_a_trailer(keys: Keys, body: bytes, code: str) -> None:
    headers = {
        "x_amz_content_sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x_amz_decoded_content_length": "5",
        "x_amz_trailer": "x-amz-checksum-crc32",
        "content_encoding": "aws-chunked",
    }
    request = AWSRequest("PUT", f"http://{HOST}/s3/photos/o", data=b"")
    for name, value in headers.items():
        request.headers[name.replace("_", "-")] = value
    signer: Any = S3SigV4Auth(Credentials(*keys), "s3", "us-east-1")
    signer.payload = lambda _: headers["x_amz_content_sha256"]
    signer.add_auth(request)
    sent = {name.lower(): str(value) for name, value in request.headers.items() if name.lower() != "content-length"}
    assert code_of(clients.web("PUT", "/s3/photos/o", headers={**sent, "host": HOST}, body=body)) == code


@pytest.mark.parametrize(
    "document",
    [
        b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><Tagging><TagSet><Tag><Key>&e;</Key><Value/></Tag></TagSet></Tagging>",
        b"<!DOCTYPE x><Tagging><TagSet/></Tagging>",
        b"<Tagging>",
        b"<Other/>",
        b"\xff\xfe",
        b"<Tagging/>",
        b"<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>",
        b"<Tagging>" + b"<a>" * 100_000,
    ],
)
def test_documents_are_not_trusted(keys: Keys, document: bytes) -> None:
    digest = base64.b64encode(hashlib.md5(document).digest()).decode()
    headers = signed(keys, "PUT", "/s3/photos/o", document, "tagging", Content_MD5=digest)
    assert code_of(clients.web("PUT", "/s3/photos/o", "tagging", headers, document)) == "MalformedXML"
