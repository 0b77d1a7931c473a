"""T17 of the quality chapter: JSON Web Tokens that were not signed by the pool, or are not meant for the purpose.

Full size, always: 40 forged tokens, each at GetUser and at the userInfo endpoint.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from django.test import Client

from cognito_app.core import jose
from cognito_app.services import keys
from tests.conftest import App, Inbox, make_app, refused
from tests.oauth.browser import Site

pytestmark = pytest.mark.django_db

FOREIGN = jose.generate_private_key()
Parts = tuple[dict[str, Any], dict[str, Any]]


def encoded(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Forger:
    """A good token, and ways to make a bad one of it."""

    def __init__(self, app: App, token: str) -> None:
        self.pool_id = app.pool_id
        self.token = token
        self.header: dict[str, Any] = jwt.get_unverified_header(token)
        self.claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
        signing = keys.of_pool(app.pool_id)
        assert signing is not None
        self.key = signing.access_token.private
        self.public = self.key.public_key()

    def own(self, claims: dict[str, Any] | None = None, **header: Any) -> str:
        """Sign with the pool's own key: only what is said differs."""
        return self.signed(self.key, claims, **header)

    def signed(self, key: Any, claims: dict[str, Any] | None = None, **header: Any) -> str:
        merged = {**self.header, **header}
        text = encoded({k: v for k, v in merged.items() if v is not None}) + "."
        text += encoded({k: v for k, v in {**self.claims, **(claims or {})}.items() if v is not None})
        return text + "." + encoded(key.sign(text.encode(), jose._PADDING, jose._HASHES["RS256"]))

    def unsigned(self, alg: Any, signature: str = "", **header: Any) -> str:
        return f"{encoded({**self.header, 'alg': alg, **header})}.{encoded(self.claims)}.{signature}"

    def by_secret(self, secret: bytes, alg: str = "HS256") -> str:
        text = f"{encoded({**self.header, 'alg': alg})}.{encoded(self.claims)}"
        return text + "." + encoded(hmac.new(secret, text.encode(), hashlib.sha256).digest())

    def pem(self, kind: Any = serialization.PublicFormat.SubjectPublicKeyInfo) -> bytes:
        return self.public.public_bytes(serialization.Encoding.PEM, kind)


JWK = jose.public_jwk(FOREIGN.public_key(), "evil")
FORGED: dict[str, Callable[[Forger], str]] = {
    "alg none": lambda f: f.unsigned("none"),
    "alg None": lambda f: f.unsigned("None"),
    "alg NONE": lambda f: f.unsigned("NONE"),
    "alg nOnE": lambda f: f.unsigned("nOnE"),
    "alg empty": lambda f: f.unsigned(""),
    "alg null": lambda f: f.unsigned(None),
    "alg missing": lambda f: f.own(alg=None),
    "alg none with the signature": lambda f: f.unsigned("none", f.token.split(".")[2]),
    "alg a list": lambda f: f.unsigned(["RS256"], f.token.split(".")[2]),
    "no signature": lambda f: f.unsigned("RS256"),
    "HS256 by the public PEM": lambda f: f.by_secret(f.pem()),
    "HS256 by the public PEM in PKCS#1": lambda f: f.by_secret(f.pem(serialization.PublicFormat.PKCS1)),
    "HS256 by the stripped PEM": lambda f: f.by_secret(f.pem().strip()),
    "HS256 by the modulus": lambda f: f.by_secret(jose.public_jwk(f.public, "k")["n"].encode()),
    "HS256 by nothing": lambda f: f.by_secret(b""),
    "RS512 in the header": lambda f: f.own(alg="RS512"),
    "PS256 in the header": lambda f: f.own(alg="PS256"),
    "a foreign key": lambda f: f.signed(FOREIGN),
    "a foreign key of an unknown kid": lambda f: f.signed(FOREIGN, kid="evil"),
    "kid missing": lambda f: f.own(kid=None),
    "kid null": lambda f: f.signed(FOREIGN, kid=0),
    "kid a path": lambda f: f.signed(FOREIGN, kid="../../../../dev/null"),
    "kid a URL": lambda f: f.signed(FOREIGN, kid="https://evil.example/jwks.json"),
    "kid SQL": lambda f: f.signed(FOREIGN, kid="x' UNION SELECT 'a"),
    "kid a list": lambda f: f.signed(FOREIGN, kid=["a"]),
    "kid with NUL": lambda f: f.signed(FOREIGN, kid="\x00"),
    "jku": lambda f: f.signed(FOREIGN, jku="https://evil.example/jwks.json"),
    "x5u": lambda f: f.signed(FOREIGN, x5u="https://evil.example/cert.pem"),
    "x5c": lambda f: f.signed(FOREIGN, x5c=["AAAA"]),
    "jwk": lambda f: f.signed(FOREIGN, jwk=JWK),
    "crit": lambda f: f.own(crit=["b64"], b64=False),
    "crit empty": lambda f: f.own(crit=[]),
    "issuer of another host": lambda f: f.own({"iss": f"https://evil.example/{f.pool_id}"}),
    "issuer missing": lambda f: f.own({"iss": None}),
    "issuer a list": lambda f: f.own({"iss": [f.claims["iss"]]}),
    "token_use id": lambda f: f.own({"token_use": "id"}),
    "token_use missing": lambda f: f.own({"token_use": None}),
    "token_use a list": lambda f: f.own({"token_use": ["access"]}),
    "expired": lambda f: f.own({"exp": int(time.time()) - 1}),
    "exp missing": lambda f: f.own({"exp": None}),
    "exp a text": lambda f: f.own({"exp": "9999999999"}),
    "exp true": lambda f: f.own({"exp": True}),
    "not yet": lambda f: f.own({"nbf": int(time.time()) + 600}),
    "scope missing": lambda f: f.own({"scope": None}),
    "client missing": lambda f: f.own({"client_id": None}),
    "client unknown": lambda f: f.own({"client_id": "nobody"}),
    "claims altered": lambda f: ".".join(
        [f.token.split(".")[0], encoded({**f.claims, "sub": "x"}), f.token.split(".")[2]]
    ),
    "claims a list": lambda f: f"{encoded(f.header)}.{encoded([1])}.{f.token.split('.')[2]}",
    "header a list": lambda f: f"{encoded([1])}.{encoded(f.claims)}.{f.token.split('.')[2]}",
    "four parts": lambda f: f.token + ".x",
    "two parts": lambda f: f.token.rpartition(".")[0],
    "padding": lambda f: f.token + "==",
    "signature with bits that say nothing": lambda f: f.token[:-1] + chr(ord(f.token[-1]) + 1),
    "signature with a space": lambda f: f.token[:-5] + " " + f.token[-5:],
    "huge": lambda f: f.own({"x": "y" * 20_000}),
    "deep": lambda f: f"{encoded(f.header)}.{encoded(b'[' * 9000)}.{f.token.split('.')[2]}",
    "not UTF-8": lambda f: f"{encoded(f.header)}.{encoded(bytes([255, 254]))}.{f.token.split('.')[2]}",
}


@pytest.fixture
def forger(app: App) -> Forger:
    app.sign_up()
    site = Site(app)
    token = site.exchange(site.code(scope="openid aws.cognito.signin.user.admin")).json()["access_token"]
    return Forger(app, token)


def asked(forger: Forger, token: str) -> Any:
    return Client().get(f"/{forger.pool_id}/oauth2/userInfo", HTTP_AUTHORIZATION=f"Bearer {token}")


def test_forged_tokens_are_refused_everywhere(app: App, forger: Forger) -> None:
    assert len(FORGED) >= 40
    assert app.idp.get_user(AccessToken=forger.own())["Username"] == "ann"
    assert asked(forger, forger.own()).status_code == 200
    for name, make in FORGED.items():
        token = make(forger)
        assert asked(forger, token).status_code in (400, 401), name
        with pytest.raises(app.idp.exceptions.ClientError) as caught:
            app.idp.get_user(AccessToken=token)
        code = caught.value.response["Error"]["Code"]
        assert code in ("NotAuthorizedException", "InvalidParameterException"), (name, code)


def test_another_pools_key_signs_nothing_for_this_one(app: App, forger: Forger, idp: Any, inbox: Inbox) -> None:
    elsewhere = make_app(idp, inbox)
    elsewhere.sign_up("eve")
    foreign = keys.of_pool(elsewhere.pool_id)
    assert foreign is not None
    token = forger.signed(foreign.access_token.private, kid=foreign.access_token.kid)
    with refused("NotAuthorizedException"):
        app.idp.get_user(AccessToken=token)
    claims = {"iss": forger.claims["iss"].replace(forger.pool_id, elsewhere.pool_id)}
    with refused("NotAuthorizedException"):
        app.idp.get_user(AccessToken=forger.own(claims))
    assert asked(forger, token).status_code == 401


def test_the_key_of_id_tokens_signs_no_access_token(app: App, forger: Forger) -> None:
    signing = keys.of_pool(app.pool_id)
    assert signing is not None
    assert asked(forger, forger.signed(signing.id_token.private)).status_code == 401
