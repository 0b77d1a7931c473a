"""T38: what targets may do wrong, seen by whoever signs in: AWS's error in time, and nothing left behind."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_django import Settings

from cognito_app.models import RefreshToken
from cognito_app.triggers import invoke
from tests.clients import rude_server
from tests.clients.rude_server import OK, Behaviour, dripping, endless, saying
from tests.conftest import App, Inbox, make_app, refused
from tests.triggers.functions_of_pool import arn, lambda_config

pytestmark = pytest.mark.django_db

SHORT, LONG = 0.4, 30.0
"""How long a try may take: where it is to be too long, and where a busy computer must not make it so."""

USER, UNEXPECTED, INVALID = (
    "UserLambdaValidationException",
    "UnexpectedLambdaException",
    "InvalidLambdaResponseException",
)
UNRECOGNIZABLE = "Unrecognizable lambda output"
TIMEOUT = "PreAuthentication invocation failed due to error Socket timeout while invoking Lambda function."
MEGABYTE = b" " * 1024 * 1024
BODY = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"


def ok(body: bytes) -> Behaviour:
    """Return a behaviour: answer with a body."""
    return saying(OK + BODY % (len(body), body))


def status(line: str, *headers: str, body: bytes = b"{}") -> Behaviour:
    """Return a behaviour: answer with a status."""
    head = "".join(f"{text}\r\n" for text in (f"HTTP/1.1 {line}", *headers)).encode()
    return saying(head + BODY % (len(body), body))


@dataclass(frozen=True)
class Case:
    """What a server does, and what comes of it; ``error`` is a part of the message where transports differ."""

    behaviour: Behaviour
    code: str
    message: str | None = None
    tries: int = 1


CASES = {
    "silent": Case(rude_server.silent, UNEXPECTED, TIMEOUT, tries=3),
    "headers byte by byte": Case(dripping(OK + b"X-Slow: "), UNEXPECTED, TIMEOUT, tries=3),
    "body byte by byte": Case(dripping(OK + b"Content-Length: 999999\r\n\r\n", b" "), UNEXPECTED, TIMEOUT, tries=3),
    "body without length byte by byte": Case(dripping(OK + b"\r\n", b" "), UNEXPECTED, TIMEOUT, tries=3),
    "closes": Case(rude_server.closing, UNEXPECTED),
    "no HTTP": Case(rude_server.babbling, UNEXPECTED),
    "cut off": Case(saying(OK + b"Content-Length: 999\r\n\r\n{"), UNEXPECTED),
    "endless headers": Case(endless(OK, b"X-More: %b\r\n" % (b"x" * 1000)), UNEXPECTED),
    "endless body": Case(endless(OK + b"\r\n", MEGABYTE), INVALID, UNRECOGNIZABLE),
    "endless error": Case(endless(b"HTTP/1.1 500 No\r\n\r\n", MEGABYTE), INVALID, UNRECOGNIZABLE),
    "huge": Case(ok(MEGABYTE * 7), INVALID, UNRECOGNIZABLE),
    "empty": Case(ok(b""), INVALID, UNRECOGNIZABLE),
    "null": Case(ok(b"null"), INVALID, UNRECOGNIZABLE),
    "list": Case(ok(b"[1]"), INVALID, UNRECOGNIZABLE),
    "broken JSON": Case(ok(b'{"response": '), INVALID, UNRECOGNIZABLE),
    "no UTF-8": Case(ok(b'{"response": "\xff"}'), INVALID, UNRECOGNIZABLE),
    "deep": Case(ok(b"[" * 100_000), INVALID, UNRECOGNIZABLE),
    "no event": Case(ok(b'{"response": {}}'), INVALID, UNRECOGNIZABLE),
    "redirects": Case(rude_server.redirecting, UNEXPECTED),
    "404": Case(status("404 No", "x-amzn-ErrorType: ResourceNotFoundException"), UNEXPECTED),
    "429": Case(status("429 No", "x-amzn-ErrorType: TooManyRequestsException"), UNEXPECTED),
    "502 with a page": Case(status("502 No", body=b"<html>bad gateway</html>"), UNEXPECTED),
}


@pytest.fixture
def app(idp: Any, inbox: Inbox, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> App:
    """A pool with PreAuthentication, whose function is nowhere yet."""
    monkeypatch.setattr(invoke, "SECONDS", LONG)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    app = make_app(idp, inbox, LambdaConfig=lambda_config("PreAuthentication"))
    app.sign_up()
    return app


@pytest.fixture
def register(settings: Settings) -> Callable[..., None]:
    """Say where the function is."""

    def register(**target: Any) -> None:
        settings.COGNITO = {**settings.COGNITO, "TRIGGERS": {"functions": {arn("PreAuthentication"): target}}}

    return register


def at(kind: str, url: str) -> dict[str, Any]:
    """Return the target of a server."""
    return {"kind": "lambda", "endpoint_url": url} if kind == "lambda" else {"kind": kind, "url": url, "secret": "s"}


def healed(app: App, register: Callable[..., None]) -> None:
    """The failure left nothing behind: no tokens, no lock, no counted try."""
    assert not RefreshToken.objects.exists()
    register(kind="python", target="tests.triggers.functions.unchanged", mode="inline")
    assert app.sign_in()["AccessToken"]


@pytest.mark.parametrize("kind", ["lambda", "webhook"])
@pytest.mark.parametrize("name", CASES)
def test_a_bad_server(
    app: App, register: Callable[..., None], monkeypatch: pytest.MonkeyPatch, kind: str, name: str
) -> None:
    case = CASES[name]
    monkeypatch.setattr(invoke, "SECONDS", SHORT if case.message == TIMEOUT else LONG)
    with rude_server.running(case.behaviour) as server:
        register(**at(kind, server.url))
        with refused(case.code, case.message):
            app.start()
        assert server.heard(case.tries)
    healed(app, register)


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's certificate, which the environment of the Lambda transport trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    certificate = made.add_extension(alternative, critical=False).sign(key, hashes.SHA256())
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    both, bundle = tmp_path / "server.pem", tmp_path / "bundle.pem"
    bundle.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    both.write_bytes(key.private_bytes(*plain) + bundle.read_bytes())
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context


@pytest.mark.parametrize("name", ["silent", "headers byte by byte", "body byte by byte", "closes", "endless body"])
def test_a_bad_server_behind_tls(
    app: App, register: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tls: ssl.SSLContext, name: str
) -> None:
    case = CASES[name]
    monkeypatch.setattr(invoke, "SECONDS", SHORT if case.message == TIMEOUT else LONG)
    with rude_server.running(case.behaviour, tls) as server:
        register(**at("lambda", server.url))
        with refused(case.code, case.message):
            app.start()
    healed(app, register)


def test_a_server_that_nobody_vouches_for_is_told_nothing(
    app: App, register: Callable[..., None], tls: ssl.SSLContext
) -> None:
    with rude_server.running(rude_server.closing, tls) as server:
        register(**at("webhook", server.url))
        with refused(UNEXPECTED):
            app.start()
        assert server.paths == []
    healed(app, register)


@pytest.mark.parametrize("kind", ["lambda", "webhook"])
def test_a_dead_server(app: App, register: Callable[..., None], kind: str) -> None:
    with rude_server.running(rude_server.closing) as server:
        url = server.url
    register(**at(kind, url))
    with refused(UNEXPECTED):
        app.start()
    healed(app, register)


@pytest.mark.parametrize(
    ("handler", "code", "message"),
    [
        ("refusing", USER, "PreAuthentication failed with error no  way."),
        ("leaving", USER, "PreAuthentication failed with error gone."),
        ("missing", USER, None),
        ("strange", USER, None),
        ("dying", UNEXPECTED, "PreAuthentication invocation failed due to error Runtime.ExitError."),
        ("hanging", UNEXPECTED, TIMEOUT),
        ("nothing", INVALID, UNRECOGNIZABLE),
        ("renamed", INVALID, UNRECOGNIZABLE),
        ("huge", INVALID, UNRECOGNIZABLE),
        ("talkative", USER, f"PreAuthentication failed with error {'x' * 500}."),
    ],
)
def test_a_bad_handler(
    app: App,
    register: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    handler: str,
    code: str,
    message: str | None,
) -> None:
    monkeypatch.setattr(invoke, "SECONDS", SHORT if message == TIMEOUT else LONG)
    register(kind="python", target=f"tests.triggers.functions.{handler}")
    with refused(code, message):
        app.start()
    healed(app, register)
