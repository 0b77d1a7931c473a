"""A SAML response signs in once, and one answer ends a request, whatever comes at the same time (T21)."""

from __future__ import annotations

import pytest
from django.test import Client

from cognito_app.models import BrowserSession, PoolUser
from tests.clients.parallel import in_parallel
from tests.clients.saml_federation import Corp
from tests.clients.saml_messages import read_request
from tests.conftest import App

pytestmark = pytest.mark.django_db(transaction=True)


def _outcome(location: str) -> str:
    if "code=" in location:
        return "code"
    return "used" if "used+before" in location else "lost" if "/error?" in location else location


def test_an_unsolicited_assertion_signs_in_once(app: App) -> None:
    corp = Corp(app, client={"SupportedIdentityProviders": ["Corp"]}, IDPInit="true")
    form = corp.unsolicited()
    outcomes = in_parallel(lambda _: _outcome(corp.post(form, browser=Client())["Location"]))
    assert sorted(outcomes) == ["code"] + ["used"] * 11
    assert PoolUser.objects.count() == 1
    assert BrowserSession.objects.count() == 1


def test_a_request_has_one_answer(app: App) -> None:
    corp = Corp(app)
    form = corp.provider.answer_to(corp.depart(), "ann-1")
    cookies = {name: morsel.value for name, morsel in corp.site.browser.cookies.items()}

    def attempt(_: int) -> str:
        browser = Client()
        for name, value in cookies.items():
            browser.cookies[name] = value
        return _outcome(corp.post(form, browser=browser)["Location"])

    assert sorted(in_parallel(attempt)) == ["code"] + ["lost"] * 11
    assert BrowserSession.objects.count() == 1


def test_first_sign_ins_at_the_same_time_make_one_user(app: App) -> None:
    corp = Corp(app, client={"SupportedIdentityProviders": ["Corp"]}, IDPInit="true")
    forms = [corp.unsolicited() for _ in range(12)]
    outcomes = in_parallel(lambda number: _outcome(corp.post(forms[number], browser=Client())["Location"]))
    assert outcomes.count("code") >= 1
    assert corp.users() == ["Corp_ann-1"]


def test_a_sign_out_is_answered_once(app: App) -> None:
    corp = Corp(app, IDPSignout="true")
    corp.sign_in()
    given = {"client_id": corp.site.client["ClientId"], "logout_uri": "https://app.example.com/bye"}
    sent = read_request(corp.site.get("logout", **given)["Location"])
    form = corp.provider.signed_out(sent, corp.slo)
    outcomes = in_parallel(lambda _: corp.post(form, to="logout", browser=Client())["Location"])
    assert outcomes.count("https://app.example.com/bye") == 1
    assert sum("/error?error=saml_response" in place for place in outcomes) == 11
