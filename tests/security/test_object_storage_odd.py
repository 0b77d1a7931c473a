"""Odd requests to the object storage, each signed well: never an internal error."""

from __future__ import annotations

import random
from urllib.parse import quote, urlencode

import pytest
from lxml import etree  # type: ignore[import-untyped]  # has no types of its own

from tests.clients import s3 as clients
from tests.security.s3_requests import HOST, Keys, code_of, keys, signed

pytestmark = pytest.mark.django_db

__all__ = ["keys"]

WORDS = [
    "",
    "0",
    "-1",
    "1",
    "99999999999999999999",
    "0" * 5000 + "1",
    "000005" + "9" * 20,
    "\u00b2",
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
    "origin",
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


@pytest.mark.parametrize("path", ["/s3/a%00b", "/s3/a%00b/o"])
def test_other_origins_at_a_bucket_of_an_impossible_name(keys: Keys, path: str) -> None:
    asking = {"origin": "https://app.example.com", "access-control-request-method": "GET", "host": HOST}
    answer = clients.web("OPTIONS", path, headers=asking)
    assert (answer.status_code, code_of(answer)) == (403, "AccessForbidden")
    answer = clients.web("GET", path, headers={**signed(keys, "GET", path), "origin": "https://app.example.com"})
    assert (answer.status_code, code_of(answer)) == (400, "InvalidBucketName")
