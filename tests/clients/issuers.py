"""Login providers on the loopback: an OpenID Connect issuer, Facebook, Login with Amazon."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from cognito_app.core import clock, jose
from tests.clients.providers import Page, serving

FIRST, SECOND, FOREIGN = (jose.generate_private_key() for _ in range(3))
CURVE = ec.generate_private_key(ec.SECP256R1())
SMALL = rsa.generate_private_key(public_exponent=65_537, key_size=1024)
NAMES = {"first": FIRST, "second": SECOND, "small": SMALL}


def jwk(kid: str, key: Any, **more: str) -> dict[str, Any]:
    """Return a public key as issuers publish it."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        made = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        made = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**made, "kid": kid, "use": "sig", **more}


@dataclass
class Issuer:
    """An OpenID Connect issuer: its address, its pages, which can be changed, and what was asked for."""

    url: str
    pages: dict[str, Page]
    asked: list[str]
    claims: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The key of its logins."""
        return self.url.partition("://")[2]

    @property
    def arn(self) -> str:
        """The ARN of its provider."""
        return f"arn:aws:iam::000000000000:oidc-provider/{self.key}"

    def publish(self, **keys: Any) -> None:
        """Show other keys from now on."""
        self.show("/jwks", {"keys": [jwk(kid, key) for kid, key in keys.items()]})

    def show(self, path: str, document: Any, status: int = 200) -> None:
        """Show another document from now on."""
        self.pages[path] = (status, {"Content-Type": "application/json"}, json.dumps(document).encode())

    def token(self, key: Any = FIRST, kid: str | None = "first", algorithm: str = "RS256", **claims: Any) -> str:
        """Return a token; a claim that is given as None is left out."""
        now = clock.epoch()
        usual = {"iss": self.url, "aud": "app-1", "sub": "user-1", "iat": now, "exp": now + 300, **self.claims}
        content = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        return jwt.encode(content, key, algorithm=algorithm, headers={"kid": kid} if kid else {})


@contextmanager
def issuer() -> Iterator[Issuer]:
    """Run an issuer with one key."""
    pages: dict[str, Page] = {}
    with serving(pages) as (url, asked):
        made = Issuer(url, pages, asked)
        made.show("/.well-known/openid-configuration", {"issuer": url, "jwks_uri": f"{url}/jwks"})
        made.publish(first=FIRST)
        yield made
