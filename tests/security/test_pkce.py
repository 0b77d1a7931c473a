"""T10 of the quality chapter: PKCE missing, wrong, plain, removed and reused.

Full size, always: 30 cases, each refused; the code still gives tokens with the right verifier where it was not spent.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cognito_app.models import RefreshToken
from tests.conftest import PASSWORD, App
from tests.oauth.browser import CHALLENGE, VERIFIER, Site

pytestmark = pytest.mark.django_db

VERIFIERS: list[str | None] = [
    None,
    "",
    " ",
    "w" * 64,
    VERIFIER[:-1],
    VERIFIER + "v",
    VERIFIER.upper(),
    VERIFIER + " ",
    " " + VERIFIER,
    VERIFIER + "\n",
    VERIFIER + "\x00",
    CHALLENGE,
    hashlib.sha256(VERIFIER.encode()).hexdigest(),
    base64.b64encode(VERIFIER.encode()).decode(),
    "v" * 42,
    "v" * 129,
    "\u00e4" * 64,
    "v" * 63 + "+",
    "null",
]
REQUESTS: list[dict[str, str | None]] = [
    {"code_challenge_method": "plain"},
    {"code_challenge_method": "plain", "code_challenge": VERIFIER},
    {"code_challenge_method": "s256"},
    {"code_challenge_method": "S512"},
    {"code_challenge_method": ""},
    {"code_challenge_method": None},
    {"code_challenge": None},
    {"code_challenge": ""},
    {"code_challenge": CHALLENGE[:-1]},
    {"code_challenge": CHALLENGE + "="},
    {"code_challenge": "\u00e4" * 43},
]


@pytest.fixture
def site(app: App) -> Site:
    app.sign_up()
    return Site(app)


def test_there_are_thirty_cases() -> None:
    assert len(VERIFIERS) + len(REQUESTS) >= 30


def test_a_wrong_verifier_gives_nothing_and_does_not_spend_the_code(site: Site) -> None:
    code = site.code()
    for verifier in VERIFIERS:
        given: dict[str, Any] = {"code_verifier": verifier}
        if verifier is None:
            answer = site.token(grant_type="authorization_code", code=code, redirect_uri=site.request()["redirect_uri"])
        else:
            answer = site.exchange(code, **given)
        assert answer.json() == {"error": "invalid_grant"}, verifier
    assert RefreshToken.objects.filter(client_id=site.client["ClientId"]).count() == 0
    assert "access_token" in site.exchange(code).json()


@pytest.mark.parametrize("changes", REQUESTS)
def test_a_challenge_that_is_no_sha_256_is_refused(site: Site, changes: dict[str, str | None]) -> None:
    answer = site.get("oauth2/authorize", **site.request(**changes))
    assert parse_qs(urlsplit(answer["Location"]).query)["error"] == ["invalid_request"]


def test_a_challenge_that_was_taken_out_is_noticed(site: Site) -> None:
    without = {"code_challenge": None, "code_challenge_method": None}
    site.get("login", **site.request(**without))
    answer = site.submit("login", {"username": "ann", "password": PASSWORD}, **without)  # type: ignore[arg-type]  # None leaves out
    code = parse_qs(urlsplit(answer["Location"]).query)["code"][0]
    assert site.exchange(code).json() == {"error": "invalid_grant"}


def test_a_verifier_opens_its_own_code_only(site: Site) -> None:
    mine, other = "a" * 64, "b" * 64
    digest = hashlib.sha256(mine.encode()).digest()
    code = site.code(code_challenge=base64.urlsafe_b64encode(digest).rstrip(b"=").decode())
    assert site.exchange(code, code_verifier=other).json() == {"error": "invalid_grant"}
    assert site.exchange(code, code_verifier=VERIFIER).json() == {"error": "invalid_grant"}
    assert "access_token" in site.exchange(code, code_verifier=mine).json()
    assert site.exchange(code, code_verifier=mine).json() == {"error": "invalid_grant"}
