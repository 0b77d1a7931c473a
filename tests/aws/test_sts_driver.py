"""The ``sts`` driver: a pool whose credentials come from another installation's STS."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import pytest
from pytest_django import Settings

from cognito_app.core import jose
from cognito_app.errors import InvalidParameterException, ResourceNotFoundException
from cognito_app.models import IdentityPool
from cognito_app.services import external_sts, identity_credentials
from cognito_app.services.actor import SYSTEM
from tests.clients.exchange import Pool
from tests.conftest import App, refused

pytestmark = pytest.mark.django_db

MISCONFIGURED = "Invalid identity pool configuration. Check assigned IAM roles for this pool."
ROLE = "arn:aws:iam::000000000000:role/any"
ANSWER = """<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIATARGET0123456789</AccessKeyId>
<SecretAccessKey>their secret</SecretAccessKey><SessionToken>their token</SessionToken>
<Expiration>2030-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>"""
REFUSAL = """<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error>
</ErrorResponse>"""


class Target:
    """An STS on the loopback: what it was asked, and what it answers."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.status, self.body = 200, ANSWER

    def token(self) -> Any:
        """Return header and claims of the last token."""
        return jose.peek(self.asked[-1]["WebIdentityToken"])


@pytest.fixture
def target(settings: Settings) -> Iterator[tuple[Target, str]]:
    """Run a target; yields it and its address."""
    settings.COGNITO = {**settings.COGNITO, "OUTGOING_PRIVATE_NETWORKS": True}
    made = Target()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            made.asked.append(dict(parse_qsl(body)))
            made.headers.append(dict(self.headers.items()))
            self.send_response(made.status)
            self.send_header("Content-Type", "text/xml")
            self.end_headers()
            self.wfile.write(made.body.encode())

        def log_message(self, *args: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def pool(app: App, identity: Any) -> Pool:
    """An identity pool with a user pool of one user, and names of roles that exist elsewhere."""
    app.sign_up("ann")
    made = Pool(identity, app)
    made.admin.set_identity_pool_roles(**made.at, Roles={"authenticated": ROLE, "unauthenticated": ROLE})
    return made


def drive(pool: Pool, url: str, dialect: str = "aws", **more: Any) -> None:
    """Let the pool's credentials come from a target."""
    settings = {"endpoint_url": url, "dialect": dialect, **more}
    identity_credentials.set_driver(SYSTEM, pool.id, "sts", settings)


def test_credentials_of_the_target_are_handed_on_untouched(pool: Pool, target: tuple[Target, str]) -> None:
    sts, url = target
    drive(pool, url, roles={ROLE: "arn:aws:iam::111122223333:role/theirs"})
    logins = pool.login()
    mine = pool.get_id(logins)
    given = pool.keys(mine, logins)["Credentials"]
    assert (given["AccessKeyId"], given["SecretKey"]) == ("ASIATARGET0123456789", "their secret")
    assert given["SessionToken"] == "their token"
    asked = sts.asked[-1]
    assert asked["Action"] == "AssumeRoleWithWebIdentity"
    assert asked["RoleArn"] == "arn:aws:iam::111122223333:role/theirs"
    assert (asked["RoleSessionName"], asked["DurationSeconds"]) == ("CognitoIdentityCredentials", "3600")
    assert "Policy" not in asked
    assert "Authorization" not in sts.headers[-1]
    header, claims = sts.token()
    assert (header["alg"], claims["sub"], claims["aud"]) == ("RS512", mine, pool.id)
    assert claims["amr"][0] == "authenticated"


@pytest.mark.parametrize("dialect", ["aws", "seaweedfs", "minio", "ceph"])
def test_guests_are_narrowed_in_the_request(pool: Pool, target: tuple[Target, str], dialect: str) -> None:
    sts, url = target
    drive(pool, url, dialect)
    assert pool.keys(pool.get_id())["Credentials"]
    assert '"s3:*"' in sts.asked[-1]["Policy"]
    assert sts.token()[1]["amr"] == ["unauthenticated"]


def test_guests_are_refused_where_they_cannot_be_narrowed(
    pool: Pool, target: tuple[Target, str], settings: Settings
) -> None:
    sts, url = target
    drive(pool, url, "other")
    with refused("InvalidIdentityPoolConfigurationException", MISCONFIGURED):
        pool.keys(pool.get_id())
    logins = pool.login()
    assert pool.keys(pool.get_id(logins), logins)["Credentials"]
    drive(pool, url, "aws")
    statement = {"Effect": "Allow", "Action": ["s3:GetObject"] * 200, "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    settings.COGNITO = {**settings.COGNITO, "GUEST_SCOPE_DOWN_POLICY": policy}
    with refused("InvalidIdentityPoolConfigurationException", MISCONFIGURED):
        pool.keys(pool.get_id())
    assert len(sts.asked) == 1


@pytest.mark.parametrize("dialect", ["aws", "seaweedfs", "minio", "ceph", "other"])
def test_tags_go_in_the_form_that_the_target_reads_or_not_at_all(
    pool: Pool, target: tuple[Target, str], dialect: str
) -> None:
    sts, url = target
    drive(pool, url, dialect)
    tags = {"client": "aud"}
    pool.admin.set_principal_tag_attribute_map(**pool.at, IdentityProviderName=pool.providers[0], PrincipalTags=tags)
    logins = pool.login()
    mine = pool.get_id(logins)
    form = external_sts.DIALECTS[dialect].tags
    if form is None:
        with refused("InvalidIdentityPoolConfigurationException", MISCONFIGURED):
            pool.keys(mine, logins)
        assert not sts.asked
        return
    assert pool.keys(mine, logins)["Credentials"]
    claims = sts.token()[1]
    client_id = pool.apps[0].client_id
    assert claims["https://aws.amazon.com/tags"] == {"principal_tags": {"client": [client_id]}}
    flat = claims.get("https://aws.amazon.com/tags/principal_tags")
    assert flat == ({"client": client_id} if form == "flat" else None)


def test_a_target_that_takes_rs256_only(pool: Pool, target: tuple[Target, str]) -> None:
    sts, url = target
    drive(pool, url, algorithm="RS256")
    logins = pool.login()
    assert pool.keys(pool.get_id(logins), logins)["Credentials"]
    assert sts.token()[0]["alg"] == "RS256"


def test_refusals_and_outages_of_the_target(pool: Pool, target: tuple[Target, str]) -> None:
    sts, url = target
    drive(pool, url)
    logins = pool.login()
    mine = pool.get_id(logins)
    sts.status, sts.body = 403, REFUSAL
    with refused("InvalidIdentityPoolConfigurationException", MISCONFIGURED):
        pool.keys(mine, logins)
    for sts.status, sts.body in ((200, "<a/>"), (500, "oops"), (200, "no xml")):
        with refused("InvalidIdentityPoolConfigurationException", MISCONFIGURED):
            pool.keys(mine, logins)
    drive(pool, "http://127.0.0.1:9")
    with refused("ExternalServiceException"):
        pool.keys(mine, logins)


def test_unusable_settings_are_refused(pool: Pool, settings: Settings) -> None:
    good = {"endpoint_url": "https://sts.example.com", "dialect": "aws"}
    identity_credentials.set_driver(SYSTEM, pool.id, "sts", good)
    bad: list[tuple[str, dict[str, Any]]] = [
        ("sts", {}),
        ("sts", {**good, "dialect": "klingon"}),
        ("sts", {**good, "endpoint_url": "file:///etc/passwd"}),
        ("sts", {**good, "endpoint_url": "https://sts.example.com:8333"}),
        ("sts", {**good, "roles": ["x"]}),
        ("sts", {**good, "region": 1}),
        ("sts", {**good, "algorithm": "HS256"}),
        ("sts", {**good, "secret": "x"}),
        ("builtin", good),
        ("fake", {}),
    ]
    for driver, given in bad:
        with pytest.raises(InvalidParameterException):
            identity_credentials.set_driver(SYSTEM, pool.id, driver, given)
    stored = IdentityPool.objects.get(pk=pool.id)
    assert (stored.driver, stored.driver_settings) == ("sts", good)
    identity_credentials.set_driver(SYSTEM, pool.id, "builtin")
    assert IdentityPool.objects.get(pk=pool.id).driver == "builtin"
    with pytest.raises(ResourceNotFoundException):
        identity_credentials.set_driver(SYSTEM, "us-east-1:0", "builtin")
