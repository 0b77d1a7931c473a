"""Sign-in by a SAML provider through a pool's pages (spec/endpoints.md 2.7, 5.4, 5.5: FE-10 to FE-19)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from lxml import etree  # type: ignore[import-untyped]  # has no types of its own
from pytest_django import Settings

from cognito_app.core import clock
from cognito_app.models import AuthEvent, BrowserSession, IdentityProvider, PoolUser
from tests.clients.assertions import ENTITY, encoded, response, sign
from tests.clients.providers import attributes, change, identities, serving
from tests.clients.saml_federation import ANN, Corp, code_of, error_of, said
from tests.conftest import App, make_app
from tests.oauth.test_implicit import claims

pytestmark = pytest.mark.django_db

STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
RECEIVED = "server_error: Invalid SAML response received: "
LOST = "/error?error=saml_response"


def test_a_user_comes_back_with_a_code(app: App) -> None:
    corp = Corp(app)
    answer = corp.sign_in()
    told = said(answer)
    assert told["state"] == "a b/ü%20"
    tokens = corp.site.exchange(told["code"]).json()
    identity = claims(tokens["id_token"])
    assert identity["cognito:username"] == "Corp_ann-1"
    assert (identity["email"], identity["email_verified"]) == ("ann@corp.example", False)
    assert identity["nonce"] == "n-1"
    assert identity["identities"][0]["providerName"] == "Corp"
    assert identity["identities"][0]["providerType"] == "SAML"
    assert identity["identities"][0]["issuer"] == corp.provider.entity_id
    assert claims(tokens["access_token"])["cognito:groups"] == [f"{app.pool_id}_Corp"]
    described = app.idp.admin_get_user(UserPoolId=app.pool_id, Username="Corp_ann-1")
    assert described["UserStatus"] == "EXTERNAL_PROVIDER"
    assert identities(app, "Corp_ann-1")[0]["userId"] == "ann-1"


def test_the_name_is_in_lower_case_where_case_does_not_count(idp: Any, inbox: Any) -> None:
    corp = Corp(make_app(idp, inbox, UsernameConfiguration={"CaseSensitive": False}))
    code_of(corp.sign_in("Ann-1", attributes=ANN))
    assert corp.users() == ["corp_ann-1"]


def test_attributes_are_overwritten_at_every_sign_in(app: App) -> None:
    corp = Corp(app, mapping={"email": "mail", "name": "name", "nickname": "nick", "zoneinfo": "zone"})
    corp.sign_in(attributes={**ANN, "nick": ["a"], "zone": ["UTC"]})
    before = attributes(app, "Corp_ann-1")
    code_of(corp.sign_in(attributes={"mail": ["ann@new.example"], "nick": [""]}))
    after = attributes(app, "Corp_ann-1")
    assert (before["nickname"], after.get("nickname")) == ("a", None)
    assert (before["email"], after["email"]) == ("ann@corp.example", "ann@new.example")
    assert (after["name"], after["zoneinfo"]) == ("Ann", "UTC")
    assert before["sub"] == after["sub"]
    assert corp.users() == ["Corp_ann-1"]


def test_several_values_become_a_list_in_brackets(app: App) -> None:
    corp = Corp(app, mapping={"email": "mail", "profile": "urn:role", "nickname": "one"})
    corp.sign_in(attributes={**ANN, "urn:role": ["staff", "a,b c", "x*y_z.-", "\u00e9"], "one": ["a b"]})
    found = attributes(app, "Corp_ann-1")
    assert found["profile"] == "[staff,a%2Cb+c,x*y_z.-,%C3%A9]"
    assert found["nickname"] == "a b"


def test_characters_of_four_bytes_are_accepted(app: App) -> None:
    Corp(app).sign_in(attributes={**ANN, "name": ["\U0001f610"]})
    assert attributes(app, "Corp_ann-1")["name"] == "\U0001f610"


def test_the_browser_is_signed_in_afterwards(app: App) -> None:
    corp = Corp(app)
    corp.sign_in()
    session = BrowserSession.objects.get()
    assert session.provider == "Corp"
    assert "ann-1" not in json.dumps(session.provider_session)
    again = corp.site.get("oauth2/authorize", **corp.site.request(identity_provider="Corp"))
    assert code_of(again)
    event = AuthEvent.objects.get()
    assert event.response == "Pass"


def test_requests_are_signed_if_the_provider_asks_for_it(app: App) -> None:
    corp = Corp(app)
    assert set(corp.depart().fields) == {"SAMLRequest", "RelayState"}
    certificate = app.idp.get_signing_certificate(UserPoolId=app.pool_id)["Certificate"]
    details = {"MetadataFile": corp.provider.metadata(), "RequestSigningAlgorithm": "rsa-sha256"}
    change(app, "Corp", ProviderDetails=details)
    sent = corp.depart()
    assert sent.signed_by(certificate)
    assert sent.root.get("AssertionConsumerServiceURL") == corp.acs
    assert sent.root.get("ForceAuthn") is None
    assert code_of(corp.post(corp.provider.answer_to(sent, "ann-1")))


def test_a_new_sign_in_is_asked_of_the_provider_too(app: App) -> None:
    corp = Corp(app)
    assert corp.depart(prompt="login").root.get("ForceAuthn") == "true"
    assert corp.depart(max_age="0").root.get("ForceAuthn") == "true"
    assert corp.depart(prompt="select_account").root.get("ForceAuthn") is None


def test_a_hint_for_the_name_is_not_passed_on(app: App) -> None:
    sent = Corp(app).depart(login_hint="zebra@example.com")
    assert set(sent.fields) == {"SAMLRequest", "RelayState"}
    assert b"zebra" not in etree.tostring(sent.root)


def test_encrypted_assertions(app: App) -> None:
    corp = Corp(app, EncryptedResponses="true")
    assert code_of(corp.sign_in())
    corp.site.browser = Client()
    corp.provider.encryption_certificate = ""
    assert error_of(corp.sign_in()) == f"{RECEIVED}Responses must contain exactly one Encrypted Assertion"


def test_any_certificate_of_the_metadata_will_do(app: App) -> None:
    corp = Corp(app)
    row = IdentityProvider.objects.get()
    other = corp.app.idp.get_signing_certificate(UserPoolId=app.pool_id)["Certificate"]
    row.metadata["certificates"] = [other, *row.metadata["certificates"]]
    row.save()
    assert code_of(corp.sign_in())
    row.metadata["certificates"] = [other]
    row.save()
    corp.site.browser = Client()
    assert error_of(corp.sign_in()) == f"{RECEIVED}SAML Response signature is invalid."


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "another audience": ({"audience": "urn:amazon:cognito:sp:us-east-1_other"}, "Audience restriction"),
    "an audience that begins alike": ({"audience": "urn:amazon:cognito:sp:us-east-1"}, "Audience restriction"),
    "no audience": ({"audience": ""}, "Audience restriction"),
    "another recipient": ({"recipient": "https://other.example/saml2/idpresponse"}, "The recipient"),
    "another destination": ({"destination": "https://other.example/saml2/idpresponse"}, "The recipient"),
    "another issuer": ({"issuer": ENTITY}, "The issuer"),
    "another request": ({"request_id": "_other"}, "InResponseTo attribute"),
    "no request": ({"request_id": None}, "InResponseTo attribute"),
    "a failure": ({"status": "urn:oasis:names:tc:SAML:2.0:status:Responder"}, "The identity provider reported"),
    "an old one": ({"at": clock.now() - timedelta(hours=1)}, "The assertion has expired."),
    "one of the future": ({"at": clock.now() + timedelta(hours=1)}, "The assertion is not valid yet."),
    "no subject": ({"name_id": ""}, "The response is malformed."),
    "a long subject": ({"name_id": "a" * 300}, "The response is malformed."),
}


@pytest.mark.parametrize("case", list(WRONG))
def test_what_is_not_for_this_sign_in_is_told_to_the_application(app: App, case: str) -> None:
    corp = Corp(app)
    given, expected = WRONG[case]
    assert error_of(corp.sign_in(**given)).startswith(RECEIVED + expected)
    assert corp.users() == []
    assert "cognito" not in corp.site.browser.cookies


def test_a_provider_that_signs_nobody_in_says_why(app: App) -> None:
    """Without an assertion, and with the codes of the standard alone."""
    corp = Corp(app, EncryptedResponses="true")
    sent = corp.depart()
    plain = response(recipient=corp.acs, destination=corp.acs, in_response_to=sent.root.get("ID"))
    start, end = plain.index("<saml:Assertion"), plain.index("</saml:Assertion>") + len("</saml:Assertion>")
    codes = "".join(
        f'<samlp:StatusCode Value="{code}">' for code in (f"{STATUS}Responder", f"{STATUS}AuthnFailed", "urn:x")
    )
    status = f"<samlp:Status>{codes}{'</samlp:StatusCode>' * 3}</samlp:Status>"
    head, rest = plain[:start].split("<samlp:Status>")
    document = head + status + rest.partition("</samlp:Status>")[2] + plain[end:]
    answer = corp.post({"SAMLResponse": encoded(document), "RelayState": sent.relay_state})
    assert error_of(answer) == f"{RECEIVED}The identity provider reported a failure. (Responder, AuthnFailed)"


def test_a_response_is_good_once_and_so_is_the_way_back(app: App) -> None:
    corp = Corp(app)
    form = corp.provider.answer_to(corp.depart(), "ann-1")
    assert code_of(corp.post(form))
    assert LOST in corp.post(form)["Location"]
    another = corp.depart(prompt="login")
    form["RelayState"] = another.relay_state
    assert error_of(corp.post(form)).startswith(f"{RECEIVED}InResponseTo attribute")


def test_only_the_browser_that_left_comes_back(app: App) -> None:
    corp = Corp(app)
    form = corp.provider.answer_to(corp.depart(), "ann-1")
    stranger = Client()
    assert LOST in corp.post(form, browser=stranger)["Location"]
    assert corp.users() == []
    assert code_of(corp.post(form))


def test_two_tabs_do_not_mix(app: App) -> None:
    corp = Corp(app)
    first, second = corp.depart(state="one"), corp.depart(state="two")
    forms = [corp.provider.answer_to(sent, "ann-1") for sent in (first, second)]
    mixed = {**forms[0], "RelayState": second.relay_state}
    assert error_of(corp.post(mixed)).startswith(f"{RECEIVED}InResponseTo attribute")
    assert said(corp.post(forms[0]))["state"] == "one"


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"RelayState": "x"},
        {"SAMLResponse": "x"},
        {"SAMLResponse": "x", "RelayState": "A" * 43},
        {"SAMLResponse": "x", "RelayState": "client_id=&redirect_uri="},
        {"SAMLResponse": "x", "RelayState": "a=" * 30_000},
        {"SAMLResponse": "x", "RelayState": "\x00client_id=1"},
        {"SAMLRequest": "x", "RelayState": "y"},
    ],
)
def test_what_nobody_asked_for_leads_to_the_error_page(app: App, form: dict[str, str]) -> None:
    corp = Corp(app)
    answer = corp.post(form)
    assert answer.status_code == 302
    assert answer["Location"].startswith(f"/{app.pool_id}/error?error=")
    assert b"class=" in corp.site.browser.get(answer["Location"]).content


@pytest.mark.parametrize("page", ["idpresponse", "logout"])
def test_responses_come_by_post(app: App, page: str) -> None:
    corp = Corp(app)
    answer = corp.site.get(f"saml2/{page}", SAMLResponse="x", RelayState="y")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")


def test_a_response_has_up_to_100000_characters(app: App) -> None:
    corp = Corp(app, mapping={"email": "mail"})
    sent = corp.depart()
    form = corp.provider.answer_to(sent, "ann-1", attributes={**ANN, "x": ["y" * 60_000]})
    assert 64 * 1024 < len(form["SAMLResponse"]) < 100_000
    assert code_of(corp.post(form))
    long = corp.provider.answer_to(corp.depart(prompt="login"), "ann-1", attributes={**ANN, "x": ["y" * 80_000]})
    assert len(long["SAMLResponse"]) > 100_000
    assert error_of(corp.post(long)) == f"{RECEIVED}The response is malformed."
    huge = corp.post({"SAMLResponse": "A" * 600_000, "RelayState": corp.depart(prompt="login").relay_state})
    assert huge.status_code == 413


def test_who_takes_longer_than_five_minutes_starts_again(app: App) -> None:
    corp = Corp(app)
    with time_machine.travel(clock.now(), tick=False) as moment:
        sent = corp.depart()
        moment.shift(timedelta(minutes=5, seconds=1))
        answer = corp.post(corp.provider.answer_to(sent, "ann-1"))
        assert answer["Location"].startswith(f"/{app.pool_id}/login?")
        page = corp.site.browser.get(answer["Location"])
    assert "Something went wrong" in page.content.decode()
    assert "Continue with Corp" in page.content.decode()


def test_a_subject_in_another_case_is_another_user_whose_name_may_be_taken(idp: Any, inbox: Any) -> None:
    """Subjects are compared exactly, names are not where case does not count: then the sign-in fails, as with AWS."""
    corp = Corp(make_app(idp, inbox, UsernameConfiguration={"CaseSensitive": False}))
    corp.sign_in()
    corp.site.browser = Client()
    assert error_of(corp.sign_in("ANN-1", attributes=ANN))
    assert corp.users() == ["corp_ann-1"]


def test_a_disabled_user_does_not_come_in(app: App) -> None:
    corp = Corp(app)
    corp.sign_in()
    app.idp.admin_disable_user(UserPoolId=app.pool_id, Username="Corp_ann-1")
    assert error_of(corp.sign_in())


def test_metadata_is_never_fetched_while_a_user_signs_in(app: App, settings: Settings) -> None:
    settings.COGNITO = {**settings.COGNITO, "OUTGOING_PRIVATE_NETWORKS": True}
    pages: dict[str, Any] = {}
    with serving(pages) as (address, asked):
        corp = Corp(app, address=address)
        pages["/metadata"] = (200, {}, corp.provider.metadata().encode())
        change(app, "Corp", ProviderDetails={"MetadataURL": f"{address}/metadata"})
        IdentityProvider.objects.update(metadata_due_at=clock.now() - timedelta(days=1))
        assert code_of(corp.sign_in())
        assert asked == ["/metadata"]


def test_a_signed_message_of_another_kind_is_no_response(app: App) -> None:
    corp = Corp(app)
    sent = corp.depart()
    given: dict[str, Any] = {"issuer": corp.provider.entity_id, "audience": corp.audience}
    document = response(recipient=corp.acs, destination=corp.acs, **given)
    other = document.replace("samlp:Response", "samlp:ArtifactResponse")
    form = {"SAMLResponse": sign(other), "RelayState": sent.relay_state}
    assert error_of(corp.post(form)) == f"{RECEIVED}The response is malformed."
    again = {"SAMLResponse": encoded("<x/>"), "RelayState": corp.depart().relay_state}
    assert error_of(corp.post(again)) == f"{RECEIVED}The response is malformed."
    assert not PoolUser.objects.exists()
