"""The fetcher goes to public hosts only, within its limits."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from pytest_django import Settings

from cognito_app.core import safe_http
from tests.clients.providers import KEY, serving


@pytest.fixture
def private(settings: Settings) -> None:
    """Let the fetcher reach the loopback."""
    settings.COGNITO = {**settings.COGNITO, "OUTGOING_PRIVATE_NETWORKS": True}


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[fd00::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a00:1]",
        "[64:ff9b::a00:1]",
        "[2002:7f00:1::]",
        "[ff02::1]",
    ],
)
def test_private_hosts_are_not_asked(host: str) -> None:
    with pytest.raises(safe_http.FetchError, match=r"private network|cannot be resolved"):
        safe_http.get(f"http://{host}/", accept="*/*")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "//example.com/",
        "https:///path",
        "https://user:secret@example.com/",
        "https://example.com:22/",
        "https://example.com:99999/",
        "https://exa mple.com/",
        "https://example.com/\r\nHost: other",
        "https://ex\u00e4mple.com/",
        "http://[::1",
        "https://example.com/" + "x" * 3000,
        "",
    ],
)
def test_odd_urls_are_refused(url: str) -> None:
    with pytest.raises(safe_http.FetchError):
        safe_http.get(url, accept="*/*")


@pytest.mark.usefixtures("private")
def test_a_page_and_its_status_are_returned() -> None:
    with serving({"/a?b=c": (200, {}, b"hello")}) as (base, asked):
        assert safe_http.get(f"{base}/a?b=c", accept="*/*") == safe_http.Answer(200, b"hello")
        assert safe_http.get(f"{base}/none", accept="*/*").status == 404
    assert asked == ["/a?b=c", "/none"]


@pytest.mark.usefixtures("private")
def test_redirects_stay_on_the_host() -> None:
    with serving({}) as (other, others):
        pages = {
            "/near": (302, {"Location": "/end"}, b""),
            "/end": (200, {}, b"end"),
            "/far": (302, {"Location": f"{other}/stolen"}, b""),
            "/scheme": (302, {"Location": "ftp://127.0.0.1/"}, b""),
            "/loop": (302, {"Location": "/loop"}, b""),
        }
        with serving(pages) as (base, asked):
            assert safe_http.get(f"{base}/near", accept="*/*").body == b"end"
            for path in ("/far", "/scheme", "/loop"):
                with pytest.raises(safe_http.FetchError):
                    safe_http.get(base + path, accept="*/*")
            assert asked.count("/loop") == safe_http.MAX_REDIRECTS + 1
        assert others == []


@pytest.mark.usefixtures("private")
def test_long_answers_are_refused() -> None:
    with (
        serving({"/": (200, {}, b"x" * (safe_http.MAX_BYTES + 1))}) as (base, _),
        pytest.raises(safe_http.FetchError, match="too long"),
    ):
        safe_http.get(f"{base}/", accept="*/*")


@pytest.mark.usefixtures("private")
def test_a_server_that_drips_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_http, "SECONDS", 0.5)
    ended = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while not ended.wait(0.05):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    started = time.monotonic()
    with pytest.raises(safe_http.FetchError):
        safe_http.get(f"http://127.0.0.1:{listener.getsockname()[1]}/", accept="*/*")
    assert time.monotonic() - started < 3
    ended.set()
    thread.join()
    listener.close()


@pytest.mark.usefixtures("private")
def test_a_closed_port_is_an_error_of_the_fetch() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(safe_http.FetchError, match="failed"):
        safe_http.get(f"http://127.0.0.1:{port}/", accept="*/*")


class _Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.headers["Host"].encode())

    def log_message(self, *args: object) -> None:
        """Stay silent."""


@pytest.mark.usefixtures("private")
def test_tls_is_checked_against_the_trusted_roots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, KEY.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(KEY, hashes.SHA256())
    )
    pem, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    server = HTTPServer(("127.0.0.1", 0), _Hello)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"https://127.0.0.1:{server.server_address[1]}/"
    try:
        with pytest.raises(safe_http.FetchError):
            safe_http.get(url, accept="*/*")
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        assert safe_http.get(url, accept="*/*").body.decode() == f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
