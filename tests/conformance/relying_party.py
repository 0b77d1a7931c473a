"""A relying party that checks what it gets as the OpenID Foundation's suite does.

Own words and code; the modules' intents are those of the certification plans of openid.net.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from django.test import Client

from tests.conftest import PASSWORD, App

CALLBACK = "https://rp.example.com/callback"
AFTER_LOGOUT = "https://rp.example.com/bye"
SCOPES = ["openid", "email", "profile", "phone"]


class RelyingParty:
    """A confidential client with a browser."""

    def __init__(self, app: App) -> None:
        self.app = app
        settings = {
            "GenerateSecret": True,
            "AllowedOAuthFlowsUserPoolClient": True,
            "AllowedOAuthFlows": ["code"],
            "AllowedOAuthScopes": SCOPES,
            "CallbackURLs": [CALLBACK, f"{CALLBACK}?fixed=1"],
            "LogoutURLs": [AFTER_LOGOUT],
        }
        self.client = app.client(**settings)
        self.browser = Client()
        self.metadata = self.browser.get(f"/{app.pool_id}/.well-known/openid-configuration").json()

    @property
    def id(self) -> str:
        """The client id."""
        return str(self.client["ClientId"])

    @property
    def basic(self) -> str:
        """The header of client_secret_basic."""
        pair = f"{self.id}:{self.client['ClientSecret']}".encode()
        return "Basic " + base64.b64encode(pair).decode()

    def request(self, **changes: str | None) -> dict[str, str]:
        """Return an authorization request."""
        plain = {"client_id": self.id, "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid"}
        given = {**plain, "state": "s" * 128, "nonce": "n" * 43, **changes}
        return {name: value for name, value in given.items() if value is not None}

    def path(self, name: str) -> str:
        """Return the path of an endpoint that the metadata names."""
        return urlsplit(str(self.metadata[name])).path

    def authorize(self, *, post: bool = False, **changes: str | None) -> Any:
        """Send the browser to the authorization endpoint; returns the answer."""
        given = self.request(**changes)
        path = self.path("authorization_endpoint")
        return self.browser.post(path, given) if post else self.browser.get(f"{path}?{urlencode(given)}")

    def sign_in(self, answer: Any) -> dict[str, str]:
        """Sign in at the page that the browser was sent to; returns the answer's parameters."""
        assert answer.status_code == 302
        page = answer["Location"]
        assert urlsplit(page).path.endswith("/login"), page
        self.browser.get(page)
        token = self.browser.cookies["XSRF-TOKEN"].value
        done = self.browser.post(page, {"_csrf": token, "username": "ann", "password": PASSWORD})
        assert done.status_code == 302, done.content
        return answered(done)

    def code(self, **changes: str | None) -> dict[str, str]:
        """Sign in; returns the answer's parameters."""
        return self.sign_in(self.authorize(post=False, **changes))

    def exchange(self, code: str, *, post: bool = False, **changes: str) -> Any:
        """Trade a code at the token endpoint."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, **changes}
        return self.token(form, post=post)

    def token(self, form: dict[str, str], *, post: bool = False) -> Any:
        """Ask the token endpoint."""
        path, kind = self.path("token_endpoint"), "application/x-www-form-urlencoded"
        if post:
            secret = {"client_id": self.id, "client_secret": self.client["ClientSecret"]}
            return self.browser.post(path, urlencode({**form, **secret}), content_type=kind)
        return self.browser.post(path, urlencode(form), content_type=kind, HTTP_AUTHORIZATION=self.basic)

    def tokens(self, **changes: str | None) -> dict[str, Any]:
        """Sign in and trade the code; the ID token is checked."""
        body = self.exchange(self.code(**changes)["code"]).json()
        self.check(body["id_token"], body["access_token"], nonce=self.request(**changes).get("nonce"))
        return dict(body)

    def check(self, id_token: str, access_token: str, *, nonce: str | None) -> dict[str, Any]:
        """Check an ID token as OpenID Connect Core section 3.1.3.7 asks; returns its claims."""
        header = jwt.get_unverified_header(id_token)
        keys = self.browser.get(self.path("jwks_uri")).json()["keys"]
        (key,) = [one for one in keys if one["kid"] == header["kid"]]
        claims = jwt.decode(
            id_token,
            jwt.PyJWK(key),
            algorithms=["RS256"],
            audience=self.id,
            issuer=self.metadata["issuer"],
            options={"require": ["iss", "sub", "aud", "exp", "iat", "auth_time"]},
        )
        assert claims.get("nonce") == nonce
        assert len(claims["sub"]) <= 255
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        assert claims["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()
        return dict(claims)

    def userinfo(self, access_token: str, method: str = "get") -> Any:
        """Ask the userInfo endpoint with the token in the header."""
        return getattr(self.browser, method)(
            self.path("userinfo_endpoint"), HTTP_AUTHORIZATION=f"Bearer {access_token}"
        )


def answered(answer: Any, *, at: str = CALLBACK) -> dict[str, str]:
    """Return the parameters of an answer at a redirect URI, each of which must be there once."""
    assert answer.status_code == 302
    location = urlsplit(answer["Location"])
    assert answer["Location"].startswith(at), answer["Location"]
    found = parse_qs(location.query, keep_blank_values=True)
    assert all(len(values) == 1 for values in found.values())
    return {name: values[0] for name, values in found.items()}
