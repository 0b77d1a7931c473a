"""The seed scenario with the clients of applications: sign in, exchange, and open what the credentials open.

The AWS SDK for JavaScript v3, Amplify's Storage, REST and GraphQL categories, boto3 and the AWS CLI.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.server import Running, free_port, start, stop

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js is not installed"),
]

HERE = Path(__file__).parent
PACKAGES = [
    "aws-amplify@6",
    "jose@6",
    *(
        f"@aws-sdk/{name}@3"
        for name in (
            "client-cognito-identity",
            "client-cognito-identity-provider",
            "client-s3",
            "client-sts",
            "credential-providers",
            "lib-storage",
            "s3-request-presigner",
        )
    ),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the scripts and the libraries that they import."""
    made = tmp_path_factory.mktemp("storage-js")
    (made / "package.json").write_text('{"type": "module", "private": true}')
    subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--silent", *PACKAGES], cwd=made, check=True, timeout=300
    )
    for name in ("storage_sdk.mjs", "storage_amplify.mjs"):
        shutil.copy(HERE / name, made / name)
    return made


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A host for the object storage, with a certificate for it and for the names of buckets below it."""
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    names = "subjectAltName=DNS:files.localhost,DNS:*.files.localhost"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", str(key), "-out", str(certificate), "-days", "2", "-subj", "/CN=files.localhost"]
    subprocess.run([*command, "-addext", names], check=True, capture_output=True)
    host = f"files.localhost:{free_port()}"
    return {"storage_host": host, "tls_key": str(key), "tls_certificate": str(certificate)}


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory, tls: dict[str, str]) -> Iterator[Running]:
    """A quickstart with a host of its own for the object storage."""
    running = start(tmp_path_factory.mktemp("storage"), COGNITO_OBJECTS_DOMAIN=tls["storage_host"])
    running.facts |= tls
    yield running
    stop(running)


def run(folder: Path, storage: Running, script: str) -> dict[str, Any]:
    """Run a script and return what it printed."""
    facts = storage.facts
    names = ["endpoint", "region", "bucket", "user_pool_id", "client_id", "identity_pool_id"]
    names += ["storage_host", "tls_key", "tls_certificate"]
    given = {name: facts[name] for name in names} | {
        "storage": facts["object_storage_url"],
        "username": facts["demo_username"],
        "password": facts["demo_password"],
    }
    done = subprocess.run(
        ["node", script],
        cwd=folder,
        env={**os.environ, "GIVEN": json.dumps(given), "NODE_EXTRA_CA_CERTS": facts["tls_certificate"]},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_aws_sdk_v3_keeps_files_of_an_identity(storage: Running, folder: Path) -> None:
    told = run(folder, storage, "storage_sdk.mjs")
    assert told["identity"] == told["again"]
    assert told["token"] == ["RS512", told["identity"], "authenticated"]
    assert (told["text"], told["range"], told["streamed"], told["link"]) == ("hello", "ell", "streamed", "hello")
    assert told["metadata"] == {"by": "sdk"}
    assert told["keys"] == [["a b+ü.txt", 5], ["big", 11 * 1024 * 1024], ["stream", 8]]
    assert told["etag"].endswith('-3"')
    assert ":assumed-role/demo-authenticated/" in told["arn"]
    denied = dict.fromkeys(("put", "get", "list", "guest"), "AccessDenied")
    assert told["refused"] == {**denied, "altered": "SignatureDoesNotMatch"}
    assert told["deleted"] == 204
    assert told["gone"] in ("NoSuchKey", "AccessDenied")


def test_amplify_storage_rest_and_graphql(storage: Running, folder: Path) -> None:
    told = run(folder, storage, "storage_amplify.mjs")
    assert told["guest"]["refused"] == "AccessDenied"
    assert (told["text"], told["link"]) == ("hello", "hello")
    assert told["metadata"] == {"by": "amplify"}
    sizes = dict(told["keys"])
    assert (sizes["big"], sizes["note ü+1.txt"]) == (12 * 1024 * 1024, 5)
    assert told["refused"] == dict.fromkeys(("put", "get", "list"), "AccessDenied")
    assert told["gone"] in ("NoSuchKey", "AccessDenied")
    assert json.loads(told["rest"]["get"]["note"]) == {"a": 1}
    assert told["rest"]["foreign"]
    assert isinstance(told["graphql"]["user"], dict), told["graphql"]
    assert told["graphql"]["user"]["me"]["username"] == storage.facts["demo_username"]
    assert ":assumed-role/demo-authenticated/" in told["graphql"]["iam"]["me"]["arn"]
