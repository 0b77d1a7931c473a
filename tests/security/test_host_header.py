"""T20 of the quality chapter: links, issuers and redirects come from the configured address, not from a Host header.

Full size, always: 30 hosts, with the headers by which proxies name one, for mails with links, discovery, redirects,
cookies and tokens.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from django.test import Client

from cognito_app.aws import model
from tests.conftest import PASSWORD, App, Inbox, make_app
from tests.oauth.browser import CALLBACK, VERIFIER, Site

pytestmark = pytest.mark.django_db

EVIL = "evil.example"
HOSTS = (
    EVIL,
    f"{EVIL}:80",
    f"{EVIL}:443",
    f"{EVIL}:8000",
    f"localhost:8000.{EVIL}",
    f"localhost.{EVIL}",
    f"localhost@{EVIL}",
    f"localhost:8000@{EVIL}",
    f"{EVIL}#localhost:8000",
    f"{EVIL}?localhost:8000",
    f"{EVIL}/localhost:8000",
    f"{EVIL}\\localhost",
    f"{EVIL},localhost:8000",
    f"localhost:8000,{EVIL}",
    f"localhost:8000 {EVIL}",
    f"{EVIL}%00localhost",
    f"{EVIL}.",
    f"auth.{EVIL}",
    f"site.auth.{EVIL}",
    f"http://{EVIL}",
    f"//{EVIL}",
    f'"{EVIL}"',
    f"[::1]{EVIL}",
    f"{EVIL}:abc",
    f"{EVIL}:",
    EVIL.upper(),
)
FORWARDED = (
    {"HTTP_X_FORWARDED_HOST": EVIL},
    {"HTTP_X_FORWARDED_SERVER": EVIL},
    {"HTTP_FORWARDED": f"host={EVIL};proto=https"},
    {"HTTP_X_HOST": EVIL},
    {"HTTP_X_ORIGINAL_HOST": EVIL},
    {"HTTP_X_FORWARDED_PREFIX": f"//{EVIL}"},
    {"HTTP_X_ORIGINAL_URL": f"//{EVIL}/"},
)
CASES: list[dict[str, Any]] = [{"HTTP_HOST": host} for host in HOSTS] + [dict(item) for item in FORWARDED]


def said(response: Any) -> str:
    """Return everything that an answer says."""
    return f"{dict(response.headers)}{response.cookies}{response.content.decode()}".lower()


@pytest.fixture
def linked(idp: Any, inbox: Inbox) -> App:
    """A pool that confirms accounts by links."""
    message = {"DefaultEmailOption": "CONFIRM_WITH_LINK", "EmailMessageByLink": "Open {##this link##}"}
    app = make_app(idp, inbox, VerificationMessageTemplate=message)
    app.idp.create_user_pool_domain(Domain="site", UserPoolId=app.pool_id)
    return app


def call(operation: str, body: dict[str, Any], meta: dict[str, Any]) -> Any:
    target = f"{model.service('cognito-idp').target_prefix}.{operation}"
    return Client().post("/", json.dumps(body), "application/x-amz-json-1.1", HTTP_X_AMZ_TARGET=target, **meta)


def test_there_are_thirty_cases() -> None:
    assert len(CASES) >= 30


def test_links_in_mails(linked: App) -> None:
    for number, meta in enumerate(CASES):
        email = f"user{number}@example.com"
        attributes = [{"Name": "email", "Value": email}]
        body = {"ClientId": linked.client_id, "Username": f"user{number}", "Password": PASSWORD}
        answer = call("SignUp", {**body, "UserAttributes": attributes}, meta)
        assert answer.status_code == 200 or not linked.inbox.messages(email), meta
        sent = "".join(linked.inbox.messages(email))
        assert EVIL not in sent.lower(), meta
        if sent:
            assert "http://localhost:8000/" in sent or "http://site.auth.localhost:8000/" in sent


def test_documents_redirects_and_cookies(app: App) -> None:
    app.sign_up()
    site = Site(app)
    query = urlencode(site.request())
    paths = [
        f"/{app.pool_id}/.well-known/openid-configuration",
        f"/{app.pool_id}/.well-known/jwks.json",
        f"/{app.pool_id}/oauth2/authorize?{query}",
        f"/{app.pool_id}/login?{query}",
        f"/{app.pool_id}/forgotPassword?{query}",
        f"/{app.pool_id}/logout?{urlencode({'client_id': 'x', 'logout_uri': 'https://x'})}",
        f"/{app.pool_id}/error?error=x",
    ]
    for meta in CASES:
        for path in paths:
            answer = Client().get(path, **meta)
            assert answer.status_code < 500, (meta, path)
            assert EVIL not in said(answer), (meta, path)


def test_the_issuer_of_tokens(app: App) -> None:
    app.sign_up()
    site = Site(app)
    code = site.code()
    issuer = f"http://localhost:8000/{app.pool_id}"
    start = {"ClientId": app.client_id, "AuthFlow": "USER_PASSWORD_AUTH"}
    parameters = {"USERNAME": "ann", "PASSWORD": PASSWORD}
    for meta in ({"HTTP_HOST": EVIL}, {"HTTP_X_FORWARDED_HOST": EVIL}):
        answer = call("InitiateAuth", {**start, "AuthParameters": parameters}, meta)
        result = json.loads(answer.content)["AuthenticationResult"]
        for token in (result["AccessToken"], result["IdToken"]):
            assert jwt.decode(token, options={"verify_signature": False})["iss"] == issuer
    form = {"grant_type": "authorization_code", "client_id": site.client["ClientId"], "code": code}
    body = urlencode({**form, "redirect_uri": CALLBACK, "code_verifier": VERIFIER})
    kind = "application/x-www-form-urlencoded"
    tokens = Client().post(f"/{app.pool_id}/oauth2/token", body, kind, HTTP_HOST=EVIL).json()
    assert jwt.decode(tokens["id_token"], options={"verify_signature": False})["iss"] == issuer
