"""The object storage under attack: altered signatures and bodies, other people's prefixes, tricks with paths."""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
import zlib
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
import time_machine
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from lxml import etree  # type: ignore[import-untyped]  # has no types of its own
from pytest_django import Settings

from cognito_app.contrib.object_storage.models import StoredObject
from cognito_app.core import clock
from cognito_app.models import Identity
from cognito_app.services import access_keys, roles
from cognito_app.services.actor import SYSTEM
from tests.clients import s3 as clients

pytestmark = pytest.mark.django_db

HOST = "localhost:8000"
OWN = "${cognito-identity.amazonaws.com:sub}"
Keys = Sequence[str]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, settings: Settings) -> None:
    settings.COGNITO_OBJECT_STORAGE = {"LOCATION": str(tmp_path / "objects")}


@pytest.fixture
def keys(admin_key: tuple[str, str]) -> Keys:
    """An administrator's key; there is a bucket ``photos`` with an object ``o``."""
    made = clients.client(admin_key)
    made.create_bucket(Bucket="photos")
    made.put_object(Bucket="photos", Key="o", Body=b"x")
    return admin_key


def signed(
    keys: Keys, method: str, path: str, body: bytes = b"", query: str = "", service: str = "s3", **headers: str
) -> dict[str, str]:
    """Return the headers of a signed request for a path as it stands on the wire."""
    request = AWSRequest(method, f"http://{HOST}{path}" + (f"?{query}" if query else ""), data=body)
    for name, value in headers.items():
        request.headers[name.replace("_", "-")] = value
    S3SigV4Auth(Credentials(*keys), service, "us-east-1").add_auth(request)
    return {**{name.lower(): str(value) for name, value in request.headers.items()}, "host": HOST}


def code_of(response: Any) -> str:
    """Return the error's code in an answer, empty for a good one."""
    if response.status_code < 300:
        return ""
    return str(etree.fromstring(response.content).findtext("Code"))


def test_a_signed_request_is_good_as_it_is(keys: Keys) -> None:
    headers = signed(keys, "PUT", "/s3/photos/a%20b", b"hello")
    assert code_of(clients.web("PUT", "/s3/photos/a%20b", headers=headers, body=b"hello")) == ""


ALTERED: dict[str, tuple[Callable[[dict[str, str]], dict[str, str]], str]] = {
    "no signature": (lambda h: {k: v for k, v in h.items() if k != "authorization"}, "AccessDenied"),
    "other algorithm": (lambda h: {**h, "authorization": "AWS AKIA:x"}, "InvalidRequest"),
    "nonsense": (lambda h: {**h, "authorization": "AWS4-HMAC-SHA256 x"}, "AuthorizationHeaderMalformed"),
    "other signature": (
        lambda h: {**h, "authorization": h["authorization"][:-4] + "0000"},
        "SignatureDoesNotMatch",
    ),
    "other service": (
        lambda h: {**h, "authorization": h["authorization"].replace("/s3/", "/sts/")},
        "AuthorizationHeaderMalformed",
    ),
    "other region": (
        lambda h: {**h, "authorization": h["authorization"].replace("us-east-1", "eu-west-1")},
        "SignatureDoesNotMatch",
    ),
    "unknown key": (
        lambda h: {**h, "authorization": h["authorization"].replace("=AKIA", "=AKIB")},
        "InvalidAccessKeyId",
    ),
    "header not signed": (lambda h: {**h, "x-amz-tagging": "a=1"}, "AccessDenied"),
    "acl not signed": (lambda h: {**h, "x-amz-acl": "private"}, "AccessDenied"),
    "token not signed": (lambda h: {**h, "x-amz-security-token": "x"}, "AccessDenied"),
    "other host": (lambda h: {**h, "host": "localhost:8001"}, "SignatureDoesNotMatch"),
    "other type": (lambda h: {**h, "content-type": "text/html"}, "SignatureDoesNotMatch"),
    "other date": (lambda h: {**h, "x-amz-date": h["x-amz-date"][:-2] + "9Z"}, "SignatureDoesNotMatch"),
    "other day": (lambda h: {**h, "x-amz-date": "2020" + h["x-amz-date"][4:]}, "AuthorizationHeaderMalformed"),
    "no hash": (lambda h: {k: v for k, v in h.items() if k != "x-amz-content-sha256"}, "InvalidRequest"),
    "other hash": (lambda h: {**h, "x-amz-content-sha256": "0" * 64}, "SignatureDoesNotMatch"),
    "hash left out": (lambda h: {**h, "x-amz-content-sha256": "UNSIGNED-PAYLOAD"}, "SignatureDoesNotMatch"),
    "bad hash": (lambda h: {**h, "x-amz-content-sha256": "abc"}, "InvalidArgument"),
}


@pytest.mark.parametrize("name", ALTERED)
def test_altered_requests_are_refused(keys: Keys, name: str) -> None:
    alter, code = ALTERED[name]
    headers = signed(keys, "PUT", "/s3/photos/o", b"hello", Content_Type="text/plain")
    answer = clients.web("PUT", "/s3/photos/o", headers=alter(headers), body=b"hello")
    assert code_of(answer) == code
    assert StoredObject.objects.get().size == 1


def test_the_body_must_be_the_one_that_was_signed(keys: Keys) -> None:
    headers = signed(keys, "PUT", "/s3/photos/o", b"hello")
    assert code_of(clients.web("PUT", "/s3/photos/o", headers=headers, body=b"hullo")) == "XAmzContentSHA256Mismatch"
    assert code_of(clients.web("PUT", "/s3/photos/o", headers=headers, body=b"hello!")) == "XAmzContentSHA256Mismatch"
    assert clients.client(keys).get_object(Bucket="photos", Key="o")["Body"].read() == b"x"


@pytest.mark.parametrize(
    ("minutes", "code"), [(14, ""), (-14, ""), (16, "RequestTimeTooSkewed"), (-16, "RequestTimeTooSkewed")]
)
def test_the_clock_may_differ_by_a_quarter_of_an_hour(keys: Keys, minutes: int, code: str) -> None:
    headers = signed(keys, "GET", "/s3/photos/o")
    with time_machine.travel(clock.now() + timedelta(minutes=minutes), tick=False):
        assert code_of(clients.web("GET", "/s3/photos/o", headers=headers)) == code


def test_a_signature_is_for_one_method_path_and_query(keys: Keys) -> None:
    headers = signed(keys, "GET", "/s3/photos/o", query="partNumber=1")
    assert code_of(clients.web("GET", "/s3/photos/o", "partNumber=1", headers)) == ""
    for method, path, query in (
        ("DELETE", "/s3/photos/o", "partNumber=1"),
        ("GET", "/s3/photos/O", "partNumber=1"),
        ("GET", "/s3/photos//o", "partNumber=1"),
        ("GET", "/photos/o", "partNumber=1"),
        ("GET", "/s3/photos/o", ""),
        ("GET", "/s3/photos/o", "partNumber=1&response-content-type=text/html"),
    ):
        assert code_of(clients.web(method, path, query, headers)) == "SignatureDoesNotMatch"


def test_a_path_is_not_taken_for_one_that_is_encoded_once_more(keys: Keys) -> None:
    """Other services sign the encoded path encoded again; here that would be another key's signature."""
    owner = clients.client(keys)
    owner.put_object(Bucket="photos", Key="a b", Body=b"secret")
    headers = signed(keys, "GET", "/s3/photos/a%2520b")
    assert code_of(clients.web("GET", "/s3/photos/a%20b", headers=headers)) == "SignatureDoesNotMatch"


TRICKS = [
    "../other",
    "../../etc/passwd",
    "a/../../b",
    "..",
    ".",
    "a//b",
    "/leading",
    "trailing/",
    "%2e%2e%2f",
    "a%2Fb",
    "a+b c",
    "a\\..\\b",
    "C:\\x",
    "a?b#c&d=e",
    "ünï/𝕏",
    "a\tb",
    "~*'()!",
    "a;b",
    ".hidden",
    "con",
    "x" * 300,
]


@pytest.mark.parametrize("key", TRICKS)
def test_keys_keep_their_bytes_and_stay_in_their_folder(keys: Keys, tmp_path: Path, key: str) -> None:
    path = "/s3/photos/" + quote(key, safe="-_.~/")
    answer = clients.web("PUT", path, headers=signed(keys, "PUT", path, b"v"), body=b"v")
    assert code_of(answer) == ""
    assert sorted(bytes(row.key) for row in StoredObject.objects.all()) == sorted([b"o", key.encode()])
    assert clients.web("GET", path, headers=signed(keys, "GET", path)).status_code == 200
    listed = clients.client(keys).list_objects_v2(Bucket="photos")["Contents"]
    assert key in [row["Key"] for row in listed]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all(len(file.relative_to(tmp_path / "objects").parts) == 3 for file in files)


def isolated(bucket: str) -> tuple[str, Keys]:
    """Return an identity that may do everything below its own prefix."""
    return clients.identity_with(clients.may("s3:*", f"arn:aws:s3:::{bucket}/private/{OWN}/*"))


def test_no_operation_reaches_another_identitys_prefix(keys: Keys) -> None:
    mine, my_keys = isolated("photos")
    theirs, their_keys = isolated("photos")
    other = clients.client(their_keys)
    other.put_object(Bucket="photos", Key=f"private/{theirs}/o", Body=b"secret", Tagging="a=1")
    given = {"Bucket": "photos", "Key": f"private/{theirs}/o"}
    upload = other.create_multipart_upload(**given)["UploadId"]
    me = clients.client(my_keys)
    own = {"Bucket": "photos", "Key": f"private/{mine}/o"}
    attempts: list[Callable[[], Any]] = [
        lambda: me.get_object(**given),
        lambda: me.head_object(**given),
        lambda: me.put_object(**given, Body=b"x"),
        lambda: me.delete_object(**given),
        lambda: me.get_object_tagging(**given),
        lambda: me.put_object_tagging(**given, Tagging={"TagSet": []}),
        lambda: me.delete_object_tagging(**given),
        lambda: me.copy_object(**own, CopySource=given),
        lambda: me.copy_object(**given, CopySource=own),
        lambda: me.create_multipart_upload(**given),
        lambda: me.upload_part(**given, UploadId=upload, PartNumber=1, Body=b"x"),
        lambda: me.complete_multipart_upload(
            **given, UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": "x"}]}
        ),
        lambda: me.abort_multipart_upload(**given, UploadId=upload),
        lambda: me.list_parts(**given, UploadId=upload),
        lambda: me.list_multipart_uploads(Bucket="photos"),
        lambda: me.list_objects_v2(Bucket="photos", Prefix=f"private/{theirs}/"),
        lambda: me.list_objects(Bucket="photos"),
        lambda: me.get_object(Bucket="photos", Key=f"private/{mine}/../{theirs}/o"),
    ]
    for attempt in attempts:
        with pytest.raises(me.exceptions.ClientError) as caught:
            attempt()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    answer = me.delete_objects(Bucket="photos", Delete={"Objects": [{"Key": given["Key"]}]})
    assert answer["Errors"][0]["Code"] == "AccessDenied"
    # A part of one's own upload cannot be another's object, nor an upload be finished under another key.
    my_upload = me.create_multipart_upload(**own)["UploadId"]
    others: list[Callable[[], Any]] = [
        lambda: me.upload_part_copy(**own, UploadId=my_upload, PartNumber=1, CopySource=given),
        lambda: me.upload_part(**given, UploadId=my_upload, PartNumber=1, Body=b"x"),
        lambda: me.upload_part(**own, UploadId=upload, PartNumber=1, Body=b"x"),
    ]
    for call in others:
        with pytest.raises(me.exceptions.ClientError):
            call()
    assert other.get_object(**given)["Body"].read() == b"secret"


def test_sessions_end(keys: Keys) -> None:
    mine, my_keys = isolated("photos")
    path = f"/s3/photos/private/{quote(mine)}/o"
    clients.client(my_keys).put_object(Bucket="photos", Key=f"private/{mine}/o", Body=b"x")

    def ask() -> str:
        return code_of(clients.web("GET", path, headers=signed(my_keys, "GET", path)))

    assert ask() == ""
    altered = [*my_keys[:2], my_keys[2][:-8] + "AAAAAAA="]
    assert code_of(clients.web("GET", path, headers=signed(altered, "GET", path))) == "InvalidToken"
    unnamed = signed(my_keys[:2], "GET", path)
    assert code_of(clients.web("GET", path, headers=unnamed)) == "InvalidAccessKeyId"
    Identity.objects.update(state=Identity.State.DISABLED)
    assert ask() == "InvalidToken"
    Identity.objects.update(state=Identity.State.GUEST)
    assert ask() == ""
    with time_machine.travel(clock.now() + timedelta(hours=2)):
        assert ask() == "ExpiredToken"
    for loaded in roles.listed():
        roles.delete(SYSTEM, loaded.row.name)
    assert ask() == "InvalidToken"


def test_an_explicit_deny_wins(keys: Keys) -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/o"},
            {
                "Effect": "Deny",
                "Action": "s3:*",
                "Resource": "*",
                "Condition": {"Bool": {"aws:SecureTransport": "true"}},
            },
        ],
    }
    client = clients.client(clients.user(document))
    client.put_object(Bucket="photos", Key="p", Body=b"x")
    client.get_object(Bucket="photos", Key="p")
    with pytest.raises(client.exceptions.ClientError, match="explicit deny"):
        client.get_object(Bucket="photos", Key="o")


def open_url(method: str, url: str, body: bytes = b"", **headers: str) -> Any:
    """Send a presigned request."""
    parts = urlsplit(url)
    return clients.web(method, parts.path, parts.query, {"host": parts.netloc, **headers}, body)


def test_presigned_addresses(keys: Keys) -> None:
    client = clients.client(keys)
    url = client.generate_presigned_url("get_object", {"Bucket": "photos", "Key": "o"}, ExpiresIn=600)
    assert b"".join(open_url("GET", url).streaming_content) == b"x"
    assert code_of(open_url("DELETE", url)) == "SignatureDoesNotMatch"
    assert code_of(open_url("GET", url.replace("photos/o", "photos/p"))) == "SignatureDoesNotMatch"
    assert code_of(open_url("GET", url.replace("Expires=600", "Expires=6000"))) == "SignatureDoesNotMatch"
    assert code_of(open_url("GET", url + "&response-content-type=text/html")) == "SignatureDoesNotMatch"
    with time_machine.travel(clock.now() + timedelta(seconds=601)):
        assert code_of(open_url("GET", url)) == "AccessDenied"
    with time_machine.travel(clock.now() - timedelta(minutes=16)):
        assert code_of(open_url("GET", url)) == "AccessDenied"
    upload = client.generate_presigned_url("put_object", {"Bucket": "photos", "Key": "up", "ContentType": "text/x"})
    assert code_of(open_url("PUT", upload, b"body", **{"content-type": "text/y"})) == "SignatureDoesNotMatch"
    assert (
        code_of(open_url("PUT", upload, b"body", **{"content-type": "text/x", "x-amz-acl": "private"}))
        == "AccessDenied"
    )
    assert code_of(open_url("PUT", upload, b"body", **{"content-type": "text/x"})) == ""
    assert client.get_object(Bucket="photos", Key="up")["Body"].read() == b"body"
    with_header = signed(keys, "GET", "/s3/photos/o")
    parts = urlsplit(url)
    assert code_of(clients.web("GET", parts.path, parts.query, with_header)) == "InvalidArgument"


def test_a_presigned_address_ends_with_its_session(keys: Keys) -> None:
    mine, my_keys = isolated("photos")
    client = clients.client(my_keys)
    client.put_object(Bucket="photos", Key=f"private/{mine}/o", Body=b"x")
    given = {"Bucket": "photos", "Key": f"private/{mine}/o"}
    url = client.generate_presigned_url("get_object", given, ExpiresIn=604_800)
    assert open_url("GET", url).status_code == 200
    with time_machine.travel(clock.now() + timedelta(minutes=61)):
        assert code_of(open_url("GET", url)) == "ExpiredToken"
    for seconds in ("604801", "0", "-1", "x"):
        parts = urlsplit(url)
        query = {**dict(parse_qsl(parts.query)), "X-Amz-Expires": seconds}
        answer = clients.web("GET", parts.path, urlencode(query), {"host": HOST})
        assert code_of(answer) == "AuthorizationQueryParametersError"


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


def test_a_form_upload_is_not_built(keys: Keys) -> None:
    answer = clients.web("POST", "/s3/photos", headers=signed(keys, "POST", "/s3/photos"))
    assert (answer.status_code, code_of(answer)) == (501, "NotImplemented")


def test_inactive_keys_are_unknown(keys: Keys) -> None:
    access_keys.set_active(SYSTEM, keys[0], active=False)
    headers = signed(keys, "GET", "/s3/photos/o")
    assert code_of(clients.web("GET", "/s3/photos/o", headers=headers)) == "InvalidAccessKeyId"


WORDS = [
    "",
    "0",
    "-1",
    "1",
    "99999999999999999999",
    "\0",
    "ü",
    "a b",
    "\U0001f600",
    "%00",
    "null",
    "x" * 300,
    "bytes=0-",
    "*",
    '"',
    "REPLACE",
    "CRC32",
    "photos/o",
    "/photos/none",
    "\x7f",
    "<a>",
]
PARAMETERS = [
    "list-type",
    "prefix",
    "delimiter",
    "max-keys",
    "continuation-token",
    "start-after",
    "marker",
    "encoding-type",
    "uploads",
    "uploadId",
    "partNumber",
    "tagging",
    "cors",
    "delete",
    "location",
    "acl",
    "versionId",
    "key-marker",
    "upload-id-marker",
    "max-uploads",
    "max-parts",
    "part-number-marker",
    "response-content-type",
    "max-buckets",
    "x-id",
]
HEADERS = [
    "range",
    "if-match",
    "if-none-match",
    "if-modified-since",
    "content-md5",
    "x-amz-checksum-crc32",
    "x-amz-checksum-sha256",
    "x-amz-checksum-algorithm",
    "x-amz-checksum-type",
    "x-amz-checksum-crc64nvme",
    "x-amz-trailer",
    "x-amz-copy-source",
    "x-amz-copy-source-range",
    "x-amz-metadata-directive",
    "x-amz-tagging",
    "x-amz-tagging-directive",
    "x-amz-acl",
    "x-amz-storage-class",
    "x-amz-meta-a",
    "x-amz-expected-bucket-owner",
    "x-amz-decoded-content-length",
    "content-type",
    "content-encoding",
]
PATHS = ["/s3/", "/s3/photos", "/s3/photos/o", "/s3/photos/%00", "/s3/%00/o", "/s3/%FF", "//x/y", "/s3//o", "/s3/new"]
BODIES = [
    b"",
    b"x",
    b"<Delete><Object><Key>o</Key></Object></Delete>",
    b"<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>",
    b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>",
    b"<CreateBucketConfiguration><LocationConstraint>"
    + b"x" * 99
    + b"</LocationConstraint></CreateBucketConfiguration>",
    b"<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>",
]


@pytest.mark.parametrize("seed", range(4))
def test_no_request_is_an_internal_error(keys: Keys, seed: int) -> None:
    """A thousand odd requests, each signed well."""
    dice = random.Random(seed)
    made = 0
    client = clients.client(keys)
    for number in range(1000):
        if number % 20 == 0 and "photos" in [row["Name"] for row in client.list_buckets()["Buckets"]]:
            client.put_object(Bucket="photos", Key="o", Body=b"x", Tagging="a=1")
        path, method = dice.choice(PATHS), dice.choice(["GET", "PUT", "HEAD", "POST", "DELETE", "OPTIONS", "PATCH"])
        pairs = [(name, dice.choice(WORDS)) for name in dice.sample(PARAMETERS, dice.randint(0, 2))]
        query = urlencode(pairs, quote_via=quote)
        named = {name: dice.choice(WORDS) for name in dice.sample(HEADERS, dice.randint(0, 2))}
        plain = {
            name.replace("-", "_"): value for name, value in named.items() if value.isascii() and value.isprintable()
        }
        body = dice.choice(BODIES) if method in ("PUT", "POST") else b""
        headers = signed(keys, method, path, body, query, **plain)
        answer = clients.web(method, path, query, headers, body)
        assert answer.status_code < 500 or answer.status_code == 501, (method, path, query, named, answer.content)
        if not answer.streaming and answer.status_code >= 400 and method != "HEAD":
            assert etree.fromstring(answer.content).findtext("Code")
        made += answer.status_code < 300
    assert made > 20
