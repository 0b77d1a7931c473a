"""Google, Facebook, Login with Amazon and Sign in with Apple on the loopback, each with its own ways."""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pytest_django import Settings

from tests.clients.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider

APPLE_KEY = ec.generate_private_key(ec.SECP256R1())
APPLE_PEM = APPLE_KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
COMMON = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
DETAILS = {
    "Google": {**COMMON, "authorize_scopes": "openid email profile"},
    "Facebook": {**COMMON, "authorize_scopes": "public_profile,email", "api_version": "v17.0"},
    "LoginWithAmazon": {**COMMON, "authorize_scopes": "profile postal_code"},
    "SignInWithApple": {
        "client_id": CLIENT_ID,
        "team_id": "TEAM123456",
        "key_id": "KEY1234567",
        "private_key": APPLE_PEM,
        "authorize_scopes": "email name",
    },
}


def point_to(settings: Settings, provider: IdentityProvider) -> None:
    """Let the installation find the public providers on the loopback."""
    url = provider.url
    ends = {"authorize_url": f"{url}/authorize", "token_url": f"{url}/token"}
    settings.COGNITO = {
        **settings.COGNITO,
        "OUTGOING_PRIVATE_NETWORKS": True,
        "LOGIN_PROVIDERS": {
            "accounts.google.com": {
                **ends,
                "issuers": ["https://accounts.google.com", "accounts.google.com"],
                "jwks_uri": f"{url}/jwks",
                "userinfo_url": f"{url}/userinfo",
                "attributes_url": f"{url}/people?personFields=",
            },
            "graph.facebook.com": {**ends, "attributes_url": f"{url}/me?fields="},
            "www.amazon.com": {**ends, "attributes_url": f"{url}/profile"},
            "appleid.apple.com": {**ends, "issuers": ["https://appleid.apple.com"], "jwks_uri": f"{url}/jwks"},
        },
    }


@dataclass
class Google(IdentityProvider):
    """Its issuer is a constant; userInfo and the People API are two addresses."""

    def answer(self, path: str, headers: dict[str, str], given: dict[str, str]) -> tuple[int, Any]:
        self.claims.setdefault("iss", "https://accounts.google.com")
        if path == "/people" and path not in self.answers:
            return 200, self.people(given["personFields"].split(","))
        return super().answer(path, headers, given)

    def people(self, fields: list[str]) -> dict[str, Any]:
        """Return a person of the People API."""
        known = {
            "birthdays": [
                {"date": {"month": 1, "day": 2}},
                {"metadata": {"primary": True}, "date": {"year": 1990, "month": 2, "day": 3}},
            ],
            "genders": [{"value": "female", "formattedValue": "Female"}],
            "phoneNumbers": [{"value": "+49 30 1", "canonicalForm": "+49301234567"}],
        }
        return {name: known[name] for name in fields if name in known}


@dataclass
class Facebook(IdentityProvider):
    """The token comes for a GET; ``/me`` wants a proof of the secret."""

    def answer(self, path: str, headers: dict[str, str], given: dict[str, str]) -> tuple[int, Any]:
        if path == "/token" and path not in self.answers:
            status, body = self.token(given)
            return status, {name: value for name, value in body.items() if name != "id_token"}
        if path == "/me" and path not in self.answers:
            return self.me(given)
        return super().answer(path, headers, given)

    def me(self, given: dict[str, str]) -> tuple[int, Any]:
        """Return the fields that were asked for."""
        proof = hmac.new(CLIENT_SECRET.encode(), given["access_token"].encode(), hashlib.sha256).hexdigest()
        grant = self.grants.get(given["access_token"].removeprefix("at-"))
        if grant is None or given.get("appsecret_proof") != proof:
            return 400, {"error": {"message": "Invalid proof", "code": 100}}
        known = {"id": grant.subject, "name": "Ann", "email": "ann@facebook.example", **self.profile}
        return 200, {name: known[name] for name in given["fields"].split(",") if name in known}


@dataclass
class Amazon(IdentityProvider):
    """The profile has ``user_id``."""

    def answer(self, path: str, headers: dict[str, str], given: dict[str, str]) -> tuple[int, Any]:
        if path == "/token" and path not in self.answers:
            status, body = self.token(given)
            return status, {name: value for name, value in body.items() if name != "id_token"}
        if path == "/profile" and path not in self.answers:
            status, said = self.user_info(headers, given)
            if status == 200:
                said = {"user_id": said["sub"], "name": "Ann", "email": "ann@amazon.example", **self.profile}
            return status, {name: value for name, value in said.items() if value is not None}
        return super().answer(path, headers, given)


@dataclass
class Apple(IdentityProvider):
    """The client secret is a token that the pool signs; the browser comes back with a form."""

    posts: bool = True

    def answer(self, path: str, headers: dict[str, str], given: dict[str, str]) -> tuple[int, Any]:
        self.claims.setdefault("iss", "https://appleid.apple.com")
        self.claims.setdefault("email", f"{self.subject}@privaterelay.example")
        self.claims.setdefault("email_verified", "true")
        return super().answer(path, headers, given)

    def knows(self, given: dict[str, str]) -> bool:
        secret = given.get("client_secret", "")
        header = jwt.get_unverified_header(secret)
        said = jwt.decode(secret, APPLE_KEY.public_key(), ["ES256"], audience="https://appleid.apple.com")
        right = (header["kid"], said["iss"], said["sub"]) == ("KEY1234567", "TEAM123456", CLIENT_ID)
        return right and said["exp"] - time.time() <= 3600 and given.get("client_id") == CLIENT_ID
