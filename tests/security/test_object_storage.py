"""The object storage under attack: altered signatures and bodies, other people's prefixes, tricks with paths."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
import time_machine
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from cognito_app.contrib.object_storage.models import StoredObject
from cognito_app.core import clock
from cognito_app.models import Identity
from cognito_app.services import access_keys, roles
from cognito_app.services.actor import SYSTEM
from tests.clients import s3 as clients
from tests.security.s3_requests import HOST, Keys, code_of, keys, signed

pytestmark = pytest.mark.django_db

OWN = "${cognito-identity.amazonaws.com:sub}"

__all__ = ["keys"]


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
    "other date": (
        lambda h: {**h, "x-amz-date": h["x-amz-date"][:-2] + ("8Z" if h["x-amz-date"][-2] == "9" else "9Z")},
        "SignatureDoesNotMatch",
    ),
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


def test_a_presigned_address_may_carry_what_else_are_headers(keys: Keys) -> None:
    """As the AWS SDK for JavaScript writes them, with the checksum of a content that it does not have."""
    request = AWSRequest("PUT", f"http://{HOST}/s3/photos/up")
    request.params = {
        "x-amz-meta-color": "blue",
        "x-amz-tagging": "a=1",
        "x-amz-checksum-crc32": "AAAAAA==",
        "x-amz-sdk-checksum-algorithm": "CRC32",
    }
    S3SigV4QueryAuth(Credentials(*keys), "s3", "us-east-1", expires=60).add_auth(request)
    assert code_of(open_url("PUT", str(request.url), b"body")) == ""
    client = clients.client(keys)
    got = client.get_object(Bucket="photos", Key="up")
    assert (got["Body"].read(), got["Metadata"], got["TagCount"]) == (b"body", {"color": "blue"}, 1)
    moved = str(request.url).replace("blue", "red")
    assert code_of(open_url("PUT", moved, b"body")) == "SignatureDoesNotMatch"


def test_a_presigned_address_ends_with_its_session(keys: Keys) -> None:
    mine, my_keys = isolated("photos")
    client = clients.client(my_keys)
    client.put_object(Bucket="photos", Key=f"private/{mine}/o", Body=b"x")
    given = {"Bucket": "photos", "Key": f"private/{mine}/o"}
    url = client.generate_presigned_url("get_object", given, ExpiresIn=604_800)
    assert open_url("GET", url).status_code == 200
    with time_machine.travel(clock.now() + timedelta(minutes=61)):
        assert code_of(open_url("GET", url)) == "ExpiredToken"
    for seconds in ("604801", "0", "-1", "x", "9" * 5000):
        parts = urlsplit(url)
        query = {**dict(parse_qsl(parts.query)), "X-Amz-Expires": seconds}
        answer = clients.web("GET", parts.path, urlencode(query), {"host": HOST})
        assert code_of(answer) == "AuthorizationQueryParametersError"


def test_a_form_upload_is_not_built(keys: Keys) -> None:
    answer = clients.web("POST", "/s3/photos", headers=signed(keys, "POST", "/s3/photos"))
    assert (answer.status_code, code_of(answer)) == (501, "NotImplemented")


def test_inactive_keys_are_unknown(keys: Keys) -> None:
    access_keys.set_active(SYSTEM, keys[0], active=False)
    headers = signed(keys, "GET", "/s3/photos/o")
    assert code_of(clients.web("GET", "/s3/photos/o", headers=headers)) == "InvalidAccessKeyId"
