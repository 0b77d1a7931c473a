"""What identity providers show: SAML metadata, discovery documents, and a small server for both."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cognito_app.core import certificates, jose

KEY = jose.generate_private_key()
CERTIFICATE = certificates.self_signed(KEY, "idp.example.com", datetime.now(UTC))
EXPIRED = certificates.self_signed(KEY, "idp.example.com", datetime.now(UTC) - timedelta(days=4000))
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"

OIDC = {
    "client_id": "rp-1",
    "client_secret": "rp-secret",
    "authorize_scopes": "openid email",
    "oidc_issuer": "https://idp.example.com",
    "authorize_url": "https://idp.example.com/authorize",
    "token_url": "https://idp.example.com/token",
    "attributes_url": "https://idp.example.com/userinfo",
    "jwks_uri": "https://idp.example.com/jwks",
}
GOOGLE = {"client_id": "1.apps.googleusercontent.com", "client_secret": "g-secret", "authorize_scopes": "email openid"}


def metadata(
    *,
    entity_id: str = "https://idp.example.com/entity",
    signing: tuple[str, ...] = (CERTIFICATE,),
    sso: str = "https://idp.example.com/sso",
    slo: str | None = "https://idp.example.com/slo",
    head: str = "",
) -> str:
    """Return a provider's metadata."""
    keys = "".join(
        '<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>'
        f"<ds:X509Certificate>\n{item}\n</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        for item in signing
    )
    logout = f'<md:SingleLogoutService Binding="{REDIRECT}" Location="{slo}"/>' if slo else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}'
        f'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity_id}">'
        '<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
        f"{keys}{logout}"
        '<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://p.test/x"/>'
        f'<md:SingleSignOnService Binding="{REDIRECT}" Location="{sso}"/>'
        "</md:IDPSSODescriptor></md:EntityDescriptor>"
    )


Page = tuple[int, dict[str, str], bytes]


@contextmanager
def serving(pages: dict[str, Page]) -> Iterator[tuple[str, list[str]]]:
    """Serve pages on the loopback; yields the base address and the list of the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, headers, body = pages.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
