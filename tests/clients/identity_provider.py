"""A social or OpenID Connect provider on the loopback, with keys of its own and every fault that a test wants."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from cognito_app.core import jose

CLIENT_ID, CLIENT_SECRET = "rp-1", "rp-secret-of-the-pool"
RSA_KEY = jose.generate_private_key()
EC_KEY = ec.generate_private_key(ec.SECP256R1())
FORM = "application/x-www-form-urlencoded"


@dataclass
class Grant:
    """A code that the provider gave out: for which request, to whom."""

    request: dict[str, str]
    subject: str
    used: bool = False


@dataclass
class IdentityProvider:
    """The provider's state, and what it does wrong.

    ``claims`` are added to its ID tokens (None removes one), ``profile`` to userInfo; ``sign`` replaces the signature;
    ``answers`` replaces the answer of a path.
    """

    url: str = ""
    subject: str = "u-1"
    claims: dict[str, Any] = field(default_factory=dict)
    profile: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[dict[str, Any]], str] | None = None
    answers: dict[str, Callable[[], tuple[int, Any]]] = field(default_factory=dict)
    keys: list[dict[str, Any]] | None = None
    asked: list[tuple[str, str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    grants: dict[str, Grant] = field(default_factory=dict)
    denies: bool = False
    posts: bool = False

    @property
    def details(self) -> dict[str, str]:
        """ProviderDetails of the provider, found by discovery."""
        return {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "authorize_scopes": "openid email profile",
            "oidc_issuer": self.url,
            "attributes_request_method": "GET",
        }

    def paths(self) -> list[str]:
        """Return the paths that were asked for, in order."""
        return [path for _, path, _, _ in self.asked]

    def request_to(self, path: str) -> tuple[str, dict[str, str], dict[str, str]]:
        """Return method, headers and parameters of the last request to a path."""
        return next((method, headers, given) for method, at, headers, given in reversed(self.asked) if at == path)

    def discovery(self) -> dict[str, Any]:
        """Return the discovery document."""
        ends = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks",
            **{f"{name}_endpoint": f"{self.url}/{path}" for name, path in ends.items()},
        }

    def jwks(self) -> dict[str, Any]:
        """Return the published keys."""
        if self.keys is not None:
            return {"keys": self.keys}
        own = jwt.algorithms.ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True)
        return {"keys": [jose.public_jwk(RSA_KEY.public_key(), "rsa-1"), {**own, "kid": "ec-1", "use": "sig"}]}

    def authorize(self, given: dict[str, str]) -> str:
        """Consent to a request; returns where the browser goes back to."""
        answer = {"state": given["state"]} if "state" in given else {}
        if self.denies:
            answer |= {"error": "access_denied", "error_description": "The user said no."}
        else:
            code = f"code-{len(self.grants)}"
            self.grants[code] = Grant(given, self.subject)
            answer |= {"code": code}
        return given["redirect_uri"] + "?" + urlencode(answer)

    def id_token(self, grant: Grant, access_token: str) -> str:
        """Return an ID token with the faults of the test."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": grant.subject,
            "aud": CLIENT_ID,
            "exp": now + 300,
            "iat": now,
            "nonce": grant.request.get("nonce"),
            "at_hash": half_hash(access_token),
            **self.claims,
        }
        said = {name: value for name, value in claims.items() if value is not None}
        if self.sign is not None:
            return self.sign(said)
        return jose.sign(said, RSA_KEY, "rsa-1")

    def token(self, given: dict[str, str]) -> tuple[int, Any]:
        """Answer the token endpoint; a code is good once, for its client, verifier and redirect URI."""
        grant = self.grants.get(given.get("code", ""))
        if grant is None or grant.used or grant.request["redirect_uri"] != given.get("redirect_uri"):
            return 400, {"error": "invalid_grant"}
        challenge = grant.request.get("code_challenge")
        if challenge and challenge != s256(given.get("code_verifier", "")):
            return 400, {"error": "invalid_grant", "error_description": "wrong verifier"}
        if not self.knows(given):
            return 401, {"error": "invalid_client"}
        grant.used = True
        access_token = f"at-{given['code']}"
        body = {"access_token": access_token, "token_type": "Bearer", "expires_in": 3600}
        if "openid" in grant.request.get("scope", "") or self.posts:
            body["id_token"] = self.id_token(grant, access_token)
        return 200, body

    def knows(self, given: dict[str, str]) -> bool:
        """Whether a request to the token endpoint is the pool's."""
        return (given.get("client_id"), given.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)

    def user_info(self, headers: dict[str, str], given: dict[str, str]) -> tuple[int, Any]:
        """Answer userInfo, and the profiles of Facebook and Amazon."""
        token = headers.get("Authorization", "").removeprefix("Bearer ") or given.get("access_token", "")
        grant = self.grants.get(token.removeprefix("at-"))
        if grant is None:
            return 401, {"error": "invalid_token"}
        said = {"sub": grant.subject, "email": f"{grant.subject}@idp.example", **self.profile}
        return 200, {name: value for name, value in said.items() if value is not None}

    def answer(self, path: str, headers: dict[str, str], given: dict[str, str]) -> tuple[int, Any]:
        """Answer any request."""
        if path in self.answers:
            return self.answers[path]()
        known: dict[str, Callable[[], tuple[int, Any]]] = {
            "/.well-known/openid-configuration": lambda: (200, self.discovery()),
            "/jwks": lambda: (200, self.jwks()),
            "/token": lambda: self.token(given),
            "/userinfo": lambda: self.user_info(headers, given),
            "/authorize": lambda: (302, self.authorize(given)),
        }
        return known.get(path, lambda: (404, {}))()


def s256(verifier: str) -> str:
    """Return the PKCE challenge of a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def half_hash(access_token: str) -> str:
    """Return ``at_hash``."""
    return base64.urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest()[:16]).rstrip(b"=").decode()


def parameters(location: str) -> dict[str, str]:
    """Return the query of an address."""
    return dict(parse_qsl(urlsplit(location).query, keep_blank_values=True))


@contextmanager
def running(provider: IdentityProvider | None = None) -> Iterator[IdentityProvider]:
    """Serve a provider on the loopback."""
    made = provider or IdentityProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply(parameters(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            self.reply({name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()})

        def reply(self, given: dict[str, str]) -> None:
            path = urlsplit(self.path).path
            headers = dict(self.headers.items())
            made.asked.append((self.command, path, headers, given))
            status, body = made.answer(path, headers, given)
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", body)
                content = b""
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
