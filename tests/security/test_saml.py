"""Forged and altered SAML responses at every door that takes them (quality.md T21).

The doors: a user pool's sign-in that began here, one that the provider begins, and an identity pool's login.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from django.test import Client
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Names

from cognito_app.core import clock
from cognito_app.models import Identity, PoolUser
from cognito_app.services import saml_providers
from cognito_app.services.actor import SYSTEM
from tests.clients.assertions import ATTACKS, FOREIGN_CERTIFICATE, SIGNED_MISTAKES, encoded, response, signed
from tests.clients.exchange import Pool
from tests.clients.issuers import FOREIGN
from tests.clients.mutations import DTDS
from tests.clients.providers import metadata
from tests.clients.saml_federation import Corp
from tests.clients.wrapping import OF_ASSERTIONS, OF_RESPONSES, wrapped
from tests.conftest import App

pytestmark = pytest.mark.django_db

ANN, BOB = "ann@example.com", "bob@example.com"
NAMES = {"mail": [ANN], "name": ["Ann"]}


class Began:
    """A user pool, with the answer to a request of its own."""

    settings: dict[str, Any] = {"IDPInit": "false"}

    def __init__(self, app: App) -> None:
        self.corp = Corp(app, client={"SupportedIdentityProviders": ["Corp"]}, **self.settings)
        self.acs = self.corp.acs

    def _ready(self) -> None:
        self.sent = self.corp.depart(prompt="login")
        self.relay_state = self.sent.relay_state
        self.request_id: str | None = self.sent.root.get("ID")

    def xml(self, **given: Any) -> str:
        """Return an unsigned response that would be believed: the answer to a new request."""
        self._ready()
        said = {**_said(self), **given}
        return response(said.pop("attributes", NAMES), **said)

    def believes(self, text: str) -> bool:
        """Post a response; whether it led to a code. No answer is a fault of the server's."""
        answer = self.corp.post({"SAMLResponse": text, "RelayState": self.relay_state})
        assert answer.status_code == 302, answer.status_code
        return "code=" in answer["Location"]

    def known(self) -> set[str]:
        """Return who is known at the door."""
        return set(PoolUser.objects.values_list("username", flat=True))


class Unsolicited(Began):
    """A user pool whose provider begins the sign-in."""

    settings: dict[str, Any] = {"IDPInit": "true"}

    def _ready(self) -> None:
        self.relay_state = self.corp.unsolicited()["RelayState"]
        self.request_id = None

    def believes(self, text: str) -> bool:
        """Post it from a fresh browser, as whoever stole it would."""
        self.corp.site.browser = Client()
        return super().believes(text)


class Login:
    """An identity pool that takes responses as logins."""

    arn = "arn:aws:iam::000000000000:saml-provider/Corp"
    acs = "https://signin.aws.amazon.com/saml"

    def __init__(self, admin: Any) -> None:
        saml_providers.create(SYSTEM, name="Corp", metadata=metadata())
        self.pool = Pool(admin, SamlProviderARNs=[self.arn])

    def xml(self, **given: Any) -> str:
        """Return an unsigned response that would be believed."""
        return response(given.pop("attributes", NAMES), **given)

    def believes(self, text: str) -> bool:
        """Use it as a login."""
        try:
            self.pool.get_id({self.arn: text})
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 400:
                raise
            return False
        return True

    def known(self) -> set[str]:
        """Return who is known at the door."""
        return {str(pk) for pk in Identity.objects.values_list("pk", flat=True)}


Door = Began | Unsolicited | Login


@pytest.fixture(params=["began here", "unsolicited", "login"])
def door(request: pytest.FixtureRequest) -> Door:
    """Each place that takes responses."""
    if request.param == "login":
        return Login(request.getfixturevalue("identity"))
    app = request.getfixturevalue("app")
    return Began(app) if request.param == "began here" else Unsolicited(app)


@pytest.mark.parametrize("whole", [False, True], ids=["assertion signed", "response signed"])
def test_the_original_is_believed(door: Door, whole: bool) -> None:
    assert door.believes(encoded(signed(door.xml(), whole=whole)))
    assert len(door.known()) == 1


def test_no_wrapping_is_believed(door: Door) -> None:
    """XSW 1 to 8, with the signature where each of them needs it."""
    for whole, attacks in ((True, OF_RESPONSES), (False, OF_ASSERTIONS)):
        for attack in attacks:
            document = signed(door.xml(), whole=whole)  # each with a request that waits for its answer
            forged = wrapped(document, attack, BOB)
            assert BOB in forged
            assert not door.believes(encoded(forged)), attack.__name__
    assert door.known() == set()


@pytest.mark.parametrize("whole", [False, True], ids=["assertion signed", "response signed"])
def test_no_alteration_is_believed(door: Door, whole: bool) -> None:
    """Tampering, stripped signatures, duplicates, comments, instructions, CDATA, document types."""
    for attack in ATTACKS:
        document = signed(door.xml(), whole=whole)
        altered = attack(document)
        assert altered != document
        assert not door.believes(encoded(altered)), attack.__name__
    assert door.known() == set()


def test_entities_are_never_expanded(door: Door) -> None:
    for declared in DTDS:
        document = declared + signed(door.xml()).replace(ANN, "&x;")
        assert not door.believes(encoded(document))
    assert door.believes(encoded(signed(door.xml())))
    bomb = "<!DOCTYPE r [<!ENTITY a0 'x'>" + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12))
    assert not door.believes(encoded(f"{bomb}]>{signed(door.xml()).replace(ANN, '&a11;')}"))
    utf16 = '<?xml version="1.0" encoding="UTF-16"?>' + signed(door.xml())
    assert not door.believes(encoded(utf16))
    assert len(door.known()) == 1


def test_foreign_missing_and_weak_signatures(door: Door) -> None:
    ways: list[dict[str, Any]] = [
        {"key": FOREIGN, "certificate": FOREIGN_CERTIFICATE},
        {"key": FOREIGN},
        {"algorithm": Names.RSA_SHA1},
        {"digest": Names.SHA1},
        {"whole": True, "algorithm": Names.RSA_SHA1},
    ]
    for way in ways:
        assert not door.believes(encoded(signed(door.xml(), **way))), way
    assert not door.believes(encoded(door.xml()))
    assert door.known() == set()


def _others(door: Door) -> dict[str, dict[str, Any]]:
    now, day = clock.now(), timedelta(days=1)
    return {
        "another issuer": {"issuer": "https://other.example.com"},
        "another audience": {"audience": "urn:other"},
        "no audience": {"audience": ""},
        "another recipient": {"recipient": "https://other.example.com/acs"},
        "a recipient that begins alike": {"recipient": f"{door.acs}.example.com"},
        "no recipient": {"recipient": ""},
        "another destination": {"destination": "https://other.example.com/acs"},
        "a destination that begins alike": {"destination": f"{door.acs}/more"},
        "another request": {"in_response_to": "_other"},
        "too old": {"at": now - timedelta(hours=1)},
        "old, and good for long": {"at": now - timedelta(minutes=11), "lifetime": day},
        "over": {"at": now - timedelta(minutes=6), "lifetime": timedelta(minutes=1)},
        "not yet": {"at": now + timedelta(minutes=10)},
        "a failure": {"status": "urn:oasis:names:tc:SAML:2.0:status:Responder"},
        "no subject": {"name_id": ""},
        "an element in the subject": {"name_id": f"{ANN}<saml:x/>.evil.com"},
        "two assertions": {"more": "<saml:Assertion/>"},
        "a session that is over": {"session_ends": now - timedelta(minutes=1)},
    }


def test_what_is_for_others_or_another_time(door: Door) -> None:
    for case, given in _others(door).items():
        if case == "another request" and isinstance(door, Login):
            continue  # nobody asked for a login, and nobody looks at what it answers
        assert not door.believes(encoded(signed(door.xml(**given), whole=True))), case
    assert door.known() == set()


@pytest.mark.parametrize("mistake", ["a second recipient", "a second audience", "conditions without an end"])
def test_a_signature_does_not_make_everything_good(door: Door, mistake: str) -> None:
    change: Callable[[str], str] = SIGNED_MISTAKES[mistake]
    plain = door.xml()
    changed = change(plain.replace(door.acs, "https://signin.aws.amazon.com/saml"))
    changed = changed.replace("https://signin.aws.amazon.com/saml", door.acs)
    assert changed != plain
    assert not door.believes(encoded(signed(changed, whole=True)))
    assert door.known() == set()


def test_a_response_is_good_once(door: Door) -> None:
    text = encoded(signed(door.xml()))
    assert door.believes(text)
    assert not door.believes(text)
    assert len(door.known()) == 1


def test_a_request_has_one_answer(app: App) -> None:
    door = Began(app)
    first = door.xml()
    assert not door.believes(encoded(first))
    assert not door.believes(encoded(signed(first)))
    assert door.believes(encoded(signed(door.xml())))
    again = encoded(signed(response(NAMES, **{**_said(door), "id": "_other"})))
    assert not door.believes(again)


def _said(door: Began) -> dict[str, Any]:
    return {
        "issuer": door.corp.provider.entity_id,
        "audience": door.corp.audience,
        "recipient": door.acs,
        "destination": door.acs,
        "in_response_to": door.request_id,
    }
