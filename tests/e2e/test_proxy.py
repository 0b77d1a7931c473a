"""A reverse proxy in front that ends TLS, configured as docs/developers says; needs nginx."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.e2e.documents import example
from tests.e2e.relying import USERNAME, App, Visitor, listening, port_of
from tests.e2e.server import free_port, start, stop

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")]

AROUND = """
daemon off; pid {folder}/pid; error_log stderr;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  {server}
}}
"""


def make_certificate(folder: Path) -> Path:
    """Write a key and a certificate of its own for localhost; returns the certificate's path."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "localhost.key").write_bytes(secret)
    (folder / "localhost.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return folder / "localhost.crt"


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The proxy's certificate, which this process trusts."""
    path = make_certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(path))
    return path


@pytest.fixture
def app(tmp_path: Path, certificate: Path) -> Iterator[App]:
    """An app of a server behind nginx."""
    port = free_port()
    public = f"https://localhost:{port}"
    switches = {
        "COGNITO_PUBLIC_URL": public,
        "COGNITO_BEHIND_TLS_PROXY": "1",
        "COGNITO_TRUSTED_PROXIES": "1",
    }
    inner = free_port()
    running = start(tmp_path / "data", "--no-demo", "--port", str(inner), **switches)
    values = {"8443": str(port), "http://localhost:8000": f"http://localhost:{inner}", "auth.example.com": "localhost"}
    text = example("nginx", values).replace("ssl_certificate localhost", f"ssl_certificate {tmp_path}/localhost")
    text = text.replace("ssl_certificate_key localhost", f"ssl_certificate_key {tmp_path}/localhost")
    (tmp_path / "nginx.conf").write_text(AROUND.format(folder=tmp_path, server=text))
    try:
        with listening(["nginx", "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)], tmp_path, port):
            yield App(running, f"http://localhost:{free_port()}")
    finally:
        stop(running)


def test_signatures_issuer_cookies_and_redirects_hold_behind_a_proxy(app: App) -> None:
    facts = app.server.facts
    assert facts["endpoint"].startswith("https://localhost:")
    keys = {"aws_access_key_id": facts["access_key_id"], "aws_secret_access_key": facts["secret_access_key"]}
    make: Any = boto3.client
    sts = make("sts", endpoint_url=facts["endpoint"], region_name="us-east-1", **keys)
    assert "quickstart-administrator" in sts.get_caller_identity()["Arn"]
    visitor = Visitor()
    discovered = visitor.open(app.issuer + "/.well-known/openid-configuration").json()
    assert discovered["issuer"] == app.issuer
    asked = f"client_id={app.client_id}&response_type=code&scope=openid&redirect_uri={app.address}/callback"
    page = visitor.open(f"{discovered['authorization_endpoint']}?{asked}")
    assert page.url.startswith(facts["endpoint"])
    back = visitor.sign_in(page, until=app.address)
    assert back.url.startswith(f"{app.address}/callback?code=")
    assert {cookie.secure for cookie in visitor.session.cookies} == {True}
    assert port_of(app.issuer) == port_of(facts["endpoint"])
    assert app.idp.admin_get_user(UserPoolId=app.pool_id, Username=USERNAME)["UserStatus"] == "CONFIRMED"
