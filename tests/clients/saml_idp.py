"""A SAML identity provider on the loopback: metadata, a sign-in page, signing out; real HTTP for browsers and tests."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.clients.assertions import encoded, response, signed
from tests.clients.encryption import encrypted
from tests.clients.providers import metadata
from tests.clients.saml_messages import Sent, logout_response, read_request

NAMES = {"p": "urn:oasis:names:tc:SAML:2.0:protocol", "a": "urn:oasis:names:tc:SAML:2.0:assertion"}


@dataclass
class IdentityProvider:
    """What a provider knows and how it answers; ``requests`` are those that browsers brought."""

    address: str = ""
    users: dict[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    requests: list[Sent] = field(default_factory=list)
    encryption_certificate: str = ""

    @property
    def entity_id(self) -> str:
        """Its name."""
        return f"{self.address}/metadata"

    def metadata(self) -> str:
        """Return its metadata."""
        return metadata(entity_id=self.entity_id, sso=f"{self.address}/sso", slo=f"{self.address}/slo")

    def answer(self, name: str, acs: str, audience: str, request_id: str | None, /, **given: Any) -> str:
        """Return the response with which a user comes back, as it is posted."""
        said = {
            "issuer": self.entity_id,
            "name_id": name,
            "recipient": acs,
            "destination": acs,
            "audience": audience,
            "in_response_to": request_id,
            "session_index": "_session-1",
            **given,
        }
        document = signed(response(said.pop("attributes", self.users.get(name, {})), **said))
        if self.encryption_certificate:
            document = encrypted(document, self.encryption_certificate)
        return encoded(document)

    def answer_to(self, sent: Sent, name: str, **given: Any) -> dict[str, str]:
        """Return the form that answers a request to sign in."""
        acs = sent.root.get("AssertionConsumerServiceURL")
        audience = sent.root.findtext("a:Issuer", namespaces=NAMES)
        request_id = given.pop("request_id", sent.root.get("ID"))
        return {"SAMLResponse": self.answer(name, acs, audience, request_id, **given), "RelayState": sent.relay_state}

    def signed_out(self, sent: Sent, destination: str, **given: Any) -> dict[str, str]:
        """Return the form that answers a request to sign out."""
        document = logout_response(sent.root.get("ID"), destination, **{"issuer": self.entity_id, **given})
        return {"SAMLResponse": encoded(_signed_whole(document)), "RelayState": sent.relay_state}


def _signed_whole(document: str) -> str:
    return signed(document, whole=True)


def _page(body: str) -> bytes:
    head = '<title>Corporate sign-in</title><link rel="icon" href="data:,">'
    return f'<!doctype html><html lang="en">{head}<main>{body}</main></html>'.encode()


def _form(action: str, fields: Mapping[str, str], button: str, more: str = "") -> bytes:
    hidden = "".join(f'<input type="hidden" name="{n}" value="{escape(v)}">' for n, v in fields.items())
    return _page(f'<form method="post" action="{escape(action)}">{hidden}{more}<button>{button}</button></form>')


class _Handler(BaseHTTPRequestHandler):
    provider: IdentityProvider

    def do_GET(self) -> None:
        """Give the metadata, or a page for a request that a browser brought."""
        path = urlsplit(self.path).path
        if path == "/metadata":
            return self._send(self.provider.metadata().encode(), "application/samlmetadata+xml")
        sent = read_request(f"{self.provider.address}{self.path}")
        self.provider.requests.append(sent)
        if path == "/slo":
            return self._sign_out(sent)
        options = "".join(f'<option value="{escape(name)}">{escape(name)}</option>' for name in self.provider.users)
        chosen = f'<label>User <select name="user">{options}</select></label>'
        return self._send(_form(self.path, {}, "Sign in", chosen))

    def do_POST(self) -> None:
        """Answer the request in the address for the user that was chosen."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        sent = read_request(f"{self.provider.address}{self.path}")
        fields = self.provider.answer_to(sent, parse_qs(body)["user"][0])
        self._send(_form(str(sent.root.get("AssertionConsumerServiceURL")), fields, "Go on"))

    def _sign_out(self, sent: Sent) -> None:
        # Where the answer goes stands in the pool's metadata, which lies beside its other address.
        asked = next(item for item in self.provider.requests if item.root.get("AssertionConsumerServiceURL"))
        destination = str(asked.root.get("AssertionConsumerServiceURL")).replace("/idpresponse", "/logout")
        self._send(_form(destination, self.provider.signed_out(sent, destination), "Back"))

    def _send(self, body: bytes, content_type: str = "text/html; charset=utf-8") -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Stay silent."""


@contextmanager
def running(users: dict[str, Mapping[str, Sequence[str]]]) -> Iterator[IdentityProvider]:
    """Run a provider with some users, of whom it knows attributes."""
    provider = IdentityProvider(users=users)
    handler = type("Handler", (_Handler,), {"provider": provider})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    provider.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
