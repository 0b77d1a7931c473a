"""Identity providers: what they show (SAML metadata, a small server for documents), and their set-up in a pool."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cognito_app.core import certificates, jose
from tests.conftest import App

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


def add(app: App, name: str, kind: str, details: dict[str, str], **more: Any) -> Any:
    """Create a provider and return what is said of it."""
    given = {"UserPoolId": app.pool_id, "ProviderName": name, "ProviderType": kind, "ProviderDetails": details}
    return app.idp.create_identity_provider(**given, **more)["IdentityProvider"]


def add_saml(app: App, name: str = "MySAML", **details: str) -> Any:
    """Create a SAML provider from a metadata file."""
    return add(app, name, "SAML", {"MetadataFile": metadata(), **details})


def change(app: App, name: str, **members: Any) -> Any:
    """Update a provider and return what is said of it."""
    return app.idp.update_identity_provider(UserPoolId=app.pool_id, ProviderName=name, **members)["IdentityProvider"]


def describe(app: App, name: str) -> Any:
    """Return what is said of a provider."""
    return app.idp.describe_identity_provider(UserPoolId=app.pool_id, ProviderName=name)["IdentityProvider"]


SUBJECT = "Cognito_Subject"


def link(app: App, source: dict[str, str], name: str = "ann", provider: str = "Cognito") -> None:
    """Link an identity to a user."""
    app.idp.admin_link_provider_for_user(
        UserPoolId=app.pool_id,
        DestinationUser={"ProviderName": provider, "ProviderAttributeValue": name},
        SourceUser=source,
    )


def disable(app: App, who: dict[str, str]) -> None:
    """Take a way to sign in from a user."""
    app.idp.admin_disable_provider_for_user(UserPoolId=app.pool_id, User=who)


def at(provider: str, value: str, attribute: str = SUBJECT) -> dict[str, str]:
    """Return an identity as administrators name it."""
    return {"ProviderName": provider, "ProviderAttributeName": attribute, "ProviderAttributeValue": value}


def attributes(app: App, name: str = "ann") -> dict[str, str]:
    """Return a user's attributes as an administrator sees them."""
    found = app.idp.admin_get_user(UserPoolId=app.pool_id, Username=name)
    return {item["Name"]: item["Value"] for item in found["UserAttributes"]}


def identities(app: App, name: str = "ann") -> Any:
    """Return a user's identities."""
    return json.loads(attributes(app, name).get("identities", "[]"))
