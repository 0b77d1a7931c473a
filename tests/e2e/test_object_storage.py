"""The object storage of a running quickstart, with boto3, the AWS CLI, and plain HTTP."""

from __future__ import annotations

import hashlib
import http.client
import io
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
import requests
from boto3.s3.transfer import TransferConfig
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.e2e.server import Running

pytestmark = pytest.mark.e2e

MIB = 1024 * 1024


def client(server: Running, keys: dict[str, str] | None = None, **more: Any) -> Any:
    """Return an S3 client of the administrator, or of the credentials given."""
    facts = server.facts
    make: Any = boto3.client
    return make(
        "s3",
        endpoint_url=facts["object_storage_url"],
        region_name=facts["region"],
        aws_access_key_id=keys["AccessKeyId"] if keys else facts["access_key_id"],
        aws_secret_access_key=keys["SecretKey"] if keys else facts["secret_access_key"],
        aws_session_token=keys["SessionToken"] if keys else None,
        config=Config(signature_version="s3v4", **more),
    )


def signed_in(server: Running, as_guest: bool = False) -> tuple[str, dict[str, str]]:
    """Sign the demo user in, or be a guest; returns the identity and its credentials."""
    facts = server.facts
    make: Any = boto3.client
    at = {
        "endpoint_url": facts["endpoint"],
        "region_name": facts["region"],
        "aws_access_key_id": "-",
        "aws_secret_access_key": "-",
    }
    logins = {}
    if not as_guest:
        parameters = {"USERNAME": facts["demo_username"], "PASSWORD": facts["demo_password"]}
        tokens = make("cognito-idp", **at).initiate_auth(
            ClientId=facts["client_id"], AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters
        )["AuthenticationResult"]
        logins = {f"cognito-idp.{facts['region']}.amazonaws.com/{facts['user_pool_id']}": tokens["IdToken"]}
    identity = make("cognito-identity", **at)
    me = identity.get_id(IdentityPoolId=facts["identity_pool_id"], Logins=logins)["IdentityId"]
    return me, identity.get_credentials_for_identity(IdentityId=me, Logins=logins)["Credentials"]


def code_of(call: Any) -> str:
    """Return the error's code of a call, empty for a good one."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def test_the_demo_users_files(server: Running) -> None:
    bucket = server.facts["bucket"]
    me, keys = signed_in(server)
    mine = client(server, keys)
    for level in ("private", "protected"):
        mine.put_object(Bucket=bucket, Key=f"{level}/{me}/note", Body=b"mine")
        assert mine.get_object(Bucket=bucket, Key=f"{level}/{me}/note")["Body"].read() == b"mine"
        assert mine.list_objects_v2(Bucket=bucket, Prefix=f"{level}/{me}/")["KeyCount"] == 1
        other = f"{level}/us-east-1:00000000-0000-0000-0000-000000000000/note"
        assert code_of(lambda key=other: mine.put_object(Bucket=bucket, Key=key, Body=b"x")) == "AccessDenied"
    mine.put_object(Bucket=bucket, Key="public/note", Body=b"for all")
    _, guest_keys = signed_in(server, as_guest=True)
    guest = client(server, guest_keys)
    assert guest.get_object(Bucket=bucket, Key="public/note")["Body"].read() == b"for all"
    assert guest.get_object(Bucket=bucket, Key=f"protected/{me}/note")["Body"].read() == b"mine"
    assert code_of(lambda: guest.get_object(Bucket=bucket, Key=f"private/{me}/note")) == "AccessDenied"
    assert code_of(lambda: guest.put_object(Bucket=bucket, Key="public/x", Body=b"x")) == "AccessDenied"
    assert code_of(lambda: guest.list_objects_v2(Bucket=bucket, Prefix=f"private/{me}/")) == "AccessDenied"
    url = mine.generate_presigned_url("get_object", {"Bucket": bucket, "Key": f"private/{me}/note"}, ExpiresIn=60)
    assert requests.get(url, timeout=10).content == b"mine"
    assert requests.get(url.replace("note", "nota"), timeout=10).status_code == 403


@pytest.mark.parametrize("key", ["a b+c", "ü/𝕏", "a//b", "../x", "%2F", "a?b&c=d#e", "//", "/x/", "~!*'();:@=,"])
def test_keys_on_the_wire(server: Running, key: str) -> None:
    admin, bucket = client(server), server.facts["bucket"]
    admin.put_object(Bucket=bucket, Key=f"keys/{key}", Body=key.encode())
    assert admin.get_object(Bucket=bucket, Key=f"keys/{key}")["Body"].read() == key.encode()
    listed = [row["Key"] for row in admin.list_objects_v2(Bucket=bucket, Prefix="keys/")["Contents"]]
    assert f"keys/{key}" in listed
    admin.delete_object(Bucket=bucket, Key=f"keys/{key}")


def test_transfers_in_parallel_parts(server: Running) -> None:
    admin, bucket = client(server), server.facts["bucket"]
    content = os.urandom(12 * MIB)
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, max_concurrency=4)
    admin.upload_fileobj(io.BytesIO(content), bucket, "parts", Config=config)
    back = io.BytesIO()
    admin.download_fileobj(bucket, "parts", back, Config=config)
    assert back.getvalue() == content


class Zeros:
    """A file of zeros, read once."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.hash = hashlib.md5(usedforsecurity=False)

    def read(self, size: int = -1) -> bytes:
        """Return the next zeros."""
        piece = bytes(min(self.left, size if size > 0 else self.left))
        self.left -= len(piece)
        self.hash.update(piece)
        return piece


def peak_of_workers(server: Running) -> int:
    """Return the most memory that any process of the server had, in MiB."""
    parent, most = server.process.pid, 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            text = status.read_text()
        except OSError:
            continue
        if re.search(rf"^PPid:\t{parent}$", text, re.M):
            found = re.search(r"^VmHWM:\s+(\d+) kB", text, re.M)
            most = max(most, int(found.group(1)) // 1024 if found else 0)
    return most


def test_a_large_body_takes_little_memory(server: Running) -> None:
    admin, bucket, size = client(server), server.facts["bucket"], 100 * MIB
    admin.put_object(Bucket=bucket, Key="small", Body=b"x")
    before = peak_of_workers(server)
    url = urlsplit(admin.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "large"}))
    connection = http.client.HTTPConnection(url.netloc, timeout=60)
    body = Zeros(size)
    connection.request("PUT", f"{url.path}?{url.query}", body=body, headers={"Content-Length": str(size)})
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("ETag")) == (200, f'"{body.hash.hexdigest()}"')
    answer.read()
    got = admin.get_object(Bucket=bucket, Key="large")
    assert sum(len(piece) for piece in got["Body"].iter_chunks(MIB)) == size
    assert before > 0
    assert peak_of_workers(server) - before < 40
    admin.delete_object(Bucket=bucket, Key="large")


@pytest.mark.parametrize("size", [1, 3 * MIB])
def test_a_refused_upload_does_not_eat_the_next_request(server: Running, size: int) -> None:
    """boto3 waits for ``100 Continue`` before it sends a content, and keeps its connection."""
    _, keys = signed_in(server, as_guest=True)
    guest, bucket = client(server, keys), server.facts["bucket"]
    for _ in range(20):
        assert code_of(lambda: guest.put_object(Bucket=bucket, Key="public/x", Body=b"x" * size)) == "AccessDenied"
        assert code_of(lambda: guest.list_objects_v2(Bucket=bucket, Prefix="public/")) == ""


def test_an_upload_that_breaks_off_changes_nothing(server: Running) -> None:
    admin, bucket = client(server), server.facts["bucket"]
    admin.put_object(Bucket=bucket, Key="broken", Body=b"before")
    url = urlsplit(admin.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "broken"}))
    host, _, port = url.netloc.partition(":")
    with socket.create_connection((host, int(port))) as connection:
        head = f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: 1000000\r\n\r\n"
        connection.sendall(head.encode() + b"x" * 5000)
    assert admin.get_object(Bucket=bucket, Key="broken")["Body"].read() == b"before"


def test_a_chunked_transfer_with_a_trailer(server: Running) -> None:
    """As boto3 sends it over TLS: no length, the content in aws-chunked form, the checksum behind it."""
    facts = server.facts
    url = f"{facts['object_storage_url']}/{facts['bucket']}/chunked"
    request = AWSRequest("PUT", url, data=b"")
    for name, value in (
        ("X-Amz-Decoded-Content-Length", "5"),
        ("X-Amz-Trailer", "x-amz-checksum-crc32"),
        ("Content-Encoding", "aws-chunked"),
    ):
        request.headers[name] = value
    signer: Any = S3SigV4Auth(Credentials(facts["access_key_id"], facts["secret_access_key"]), "s3", facts["region"])
    signer.payload = lambda _: "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    signer.add_auth(request)
    headers = {name: str(value) for name, value in request.headers.items() if name.lower() != "content-length"}
    pieces = iter([b"5\r\nhe", b"llo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"])
    answer = requests.put(url, data=pieces, headers=headers, timeout=10)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-amz-checksum-crc32"] == "NhCmhg=="
    got = client(server).get_object(Bucket=facts["bucket"], Key="chunked")
    assert got["Body"].read() == b"hello"


def test_buckets_in_the_path_at_the_root(server: Running) -> None:
    facts = server.facts
    make: Any = boto3.client
    root = make(
        "s3",
        endpoint_url=facts["endpoint"],
        region_name=facts["region"],
        aws_access_key_id=facts["access_key_id"],
        aws_secret_access_key=facts["secret_access_key"],
    )
    root.put_object(Bucket=facts["bucket"], Key="login", Body=b"x")
    assert root.get_object(Bucket=facts["bucket"], Key="login")["Body"].read() == b"x"
    assert facts["bucket"] in [row["Name"] for row in root.list_buckets()["Buckets"]]
    root.delete_object(Bucket=facts["bucket"], Key="login")


def test_the_aws_cli(server: Running, tmp_path: Path) -> None:
    facts = server.facts
    _, keys = signed_in(server)
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": facts["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": facts["secret_access_key"],
    }
    # The CLI's own default for presigned addresses is a signature that S3 does not take for newer buckets either.
    config = tmp_path / "config"
    config.write_text("[default]\ns3 =\n  signature_version = s3v4\n")
    environment["AWS_CONFIG_FILE"] = str(config)
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "a b.txt").write_text("one")
    (folder / "sub" / "big").write_bytes(os.urandom(9 * MIB))

    def aws(*words: str, good: bool = True, **more: str) -> str:
        command = [sys.executable, "-m", "awscli", "--endpoint-url", facts["object_storage_url"], "--region"]
        done = subprocess.run(
            [*command, facts["region"], "s3", *words],
            env={**environment, **more},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode == 0) is good, done.stderr
        return done.stdout if good else done.stderr

    at = f"s3://{facts['bucket']}/cli"
    aws("sync", str(folder), at)
    assert aws("ls", f"{at}/").split() == ["PRE", "sub/", *aws("ls", f"{at}/a b.txt").split()]
    assert aws("cp", f"{at}/a b.txt", "-") == "one"
    aws("cp", f"{at}/sub/big", f"{at}/copy")
    aws("sync", at, str(tmp_path / "back"))
    assert (tmp_path / "back" / "copy").read_bytes() == (folder / "sub" / "big").read_bytes()
    assert requests.get(aws("presign", f"{at}/a b.txt").strip(), timeout=10).text == "one"
    aws("mb", "s3://cli-bucket")
    aws("mv", f"{at}/copy", "s3://cli-bucket/moved")
    aws("rb", "s3://cli-bucket", "--force")
    aws("rm", at, "--recursive")
    assert "AccessDenied" in aws(
        "cp",
        str(folder / "a b.txt"),
        f"{at}/x",
        good=False,
        AWS_ACCESS_KEY_ID=keys["AccessKeyId"],
        AWS_SECRET_ACCESS_KEY=keys["SecretKey"],
        AWS_SESSION_TOKEN=keys["SessionToken"],
    )


def test_buckets_in_the_hosts_name(server: Running) -> None:
    """Addresses as SDKs build them by default; the name need not be known to DNS here."""
    facts = server.facts
    port = urlsplit(facts["endpoint"]).port
    make: Any = boto3.client
    by_host = make(
        "s3",
        endpoint_url=f"http://s3.localhost:{port}",
        region_name=facts["region"],
        aws_access_key_id=facts["access_key_id"],
        aws_secret_access_key=facts["secret_access_key"],
        config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"}),
    )
    client(server).put_object(Bucket=facts["bucket"], Key="by host", Body=b"x")
    url = urlsplit(by_host.generate_presigned_url("get_object", {"Bucket": facts["bucket"], "Key": "by host"}))
    assert url.netloc == f"{facts['bucket']}.s3.localhost:{port}"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", f"{url.path}?{url.query}", headers={"Host": url.netloc})
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (200, b"x")
    assert answer.getheader("Content-Security-Policy") is None


def test_an_unchanged_object_is_not_sent_again(server: Running) -> None:
    admin, bucket = client(server), server.facts["bucket"]
    etag = admin.put_object(Bucket=bucket, Key="cached", Body=b"x")["ETag"]
    for _ in range(3):
        assert code_of(lambda: admin.get_object(Bucket=bucket, Key="cached", IfNoneMatch=etag)) == "304"
        assert admin.head_object(Bucket=bucket, Key="cached")["ContentLength"] == 1
        assert admin.get_object(Bucket=bucket, Key="cached", Range="bytes=0-0")["ContentRange"] == "bytes 0-0/1"
