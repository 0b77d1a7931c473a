"""The plan RP-Initiated Logout OP (OpenID Connect RP-Initiated Logout 1.0)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.conformance.relying_party import AFTER_LOGOUT, RelyingParty, answered

pytestmark = pytest.mark.django_db


def log_out(rp: RelyingParty, *, post: bool = False, **given: str) -> Any:
    """Send the browser to the end-session endpoint."""
    path = rp.path("end_session_endpoint")
    return rp.browser.post(path, given) if post else rp.browser.get(f"{path}?{urlencode(given)}" if given else path)


def is_signed_out(rp: RelyingParty) -> bool:
    """Whether the browser would have to sign in."""
    return answered(rp.authorize(prompt="none")).get("error") == "login_required"


def page(rp: RelyingParty, answer: Any) -> Any:
    """Follow an answer to one of our own pages."""
    assert answer["Location"].startswith(f"/{rp.app.pool_id}/")
    return rp.browser.get(answer["Location"])


@pytest.mark.parametrize("post", [False, True])
def test_logout_with_state(rp: RelyingParty, post: bool) -> None:
    hint = rp.tokens()["id_token"]
    answer = log_out(rp, post=post, id_token_hint=hint, post_logout_redirect_uri=AFTER_LOGOUT, state="x y")
    assert answered(answer, at=AFTER_LOGOUT) == {"state": "x y"}
    assert is_signed_out(rp)


def test_no_state(rp: RelyingParty) -> None:
    hint = rp.tokens()["id_token"]
    assert log_out(rp, id_token_hint=hint, post_logout_redirect_uri=AFTER_LOGOUT)["Location"] == AFTER_LOGOUT


@pytest.mark.parametrize("uri", ["https://rp.example.com/other", AFTER_LOGOUT + "?added=1", AFTER_LOGOUT + "/"])
def test_bad_post_logout_redirect_uri_and_added_query(rp: RelyingParty, uri: str) -> None:
    hint = rp.tokens()["id_token"]
    assert page(rp, log_out(rp, id_token_hint=hint, post_logout_redirect_uri=uri)).status_code == 400


def test_no_id_token_hint(rp: RelyingParty) -> None:
    rp.tokens()
    answer = page(rp, log_out(rp, post_logout_redirect_uri=AFTER_LOGOUT, state="x"))
    assert b"signed out" in answer.content
    assert is_signed_out(rp)


def test_a_client_id_alone_is_no_hint(rp: RelyingParty) -> None:
    rp.tokens()
    answer = page(rp, log_out(rp, client_id=rp.id, post_logout_redirect_uri=AFTER_LOGOUT))
    assert b"signed out" in answer.content


def test_no_post_logout_redirect_uri(rp: RelyingParty) -> None:
    hint = rp.tokens()["id_token"]
    assert b"signed out" in page(rp, log_out(rp, id_token_hint=hint)).content
    assert is_signed_out(rp)


def test_no_params_shows_a_page(rp: RelyingParty, profile: str) -> None:
    rp.tokens()
    assert page(rp, log_out(rp)).status_code == (200 if profile == "strict" else 400)
    assert is_signed_out(rp)


def test_modified_id_token_hint_and_bad_id_token_hint(rp: RelyingParty) -> None:
    hint = rp.tokens()["id_token"]
    for bad in (hint[:-8] + ("A" * 8), "garbage"):
        answer = log_out(rp, client_id=rp.id, id_token_hint=bad, post_logout_redirect_uri=AFTER_LOGOUT)
        assert page(rp, answer).status_code == 400


def test_the_hint_of_another_client_leads_nowhere(rp: RelyingParty, other: RelyingParty) -> None:
    hint = other.tokens()["id_token"]
    answer = log_out(rp, client_id=rp.id, id_token_hint=hint, post_logout_redirect_uri=AFTER_LOGOUT)
    assert page(rp, answer).status_code == 400
