"""AssumeRoleWithSAML: assertions are believed once, from their provider, for us, for a moment."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Names

from cognito_app.core import clock
from cognito_app.services import roles, saml_providers
from cognito_app.services.actor import SYSTEM
from tests.clients import boto
from tests.clients.assertions import (
    ACS,
    ATTACKS,
    ATTRIBUTES,
    ENTITY,
    FOR_OTHERS,
    METADATA,
    SIGNED_MISTAKES,
    encoded,
    response,
    sign,
    signed,
)
from tests.clients.issuers import FOREIGN
from tests.clients.sts import LISTING, as_, make_role, may
from tests.conftest import refused

pytestmark = pytest.mark.django_db

ACTION = "sts:AssumeRoleWithSAML"


class Federation:
    """A SAML provider and a role that trusts it."""

    def __init__(self) -> None:
        provider = saml_providers.create(SYSTEM, name="corp", metadata=METADATA)
        self.provider_arn = saml_providers.arn_of(provider)
        self.trust: dict[str, Any] = {
            "Principal": {"Federated": self.provider_arn},
            "Action": [ACTION, "sts:TagSession", "sts:SetSourceIdentity"],
            "Condition": {"StringEquals": {"saml:aud": ACS}},
        }
        self.role = make_role("app", self.trust, allows=LISTING, max_session_duration=7200)

    def attributes(self, role: str | None = None, **more: str) -> dict[str, list[str]]:
        """Return the attributes that AWS asks for."""
        return {
            f"{ATTRIBUTES}Role": [f"{role or self.role},{self.provider_arn}"],
            f"{ATTRIBUTES}RoleSessionName": ["ann"],
            **{ATTRIBUTES + name: [value] for name, value in more.items()},
        }

    def assume(self, posted: str, **given: Any) -> Any:
        """Assume the role with a response."""
        return boto.client("sts").assume_role_with_saml(
            **{"RoleArn": self.role, "PrincipalArn": self.provider_arn, "SAMLAssertion": posted, **given}
        )


@pytest.fixture
def saml() -> Federation:
    """A SAML provider and a role that trusts it."""
    return Federation()


@pytest.mark.operation("AssumeRoleWithSAML")
def test_an_assertion_opens_the_role_that_it_names(saml: Federation) -> None:
    answer = saml.assume(sign(response(saml.attributes(SessionDuration="7200"))))
    assert answer["Subject"] == "ann@example.com"
    assert answer["SubjectType"] == "persistent"
    assert answer["Issuer"] == ENTITY
    assert answer["Audience"] == ACS
    assert len(base64.b64decode(answer["NameQualifier"])) == 20
    assert answer["AssumedRoleUser"]["Arn"].endswith("assumed-role/app/ann")
    assert (answer["Credentials"]["Expiration"] - clock.now()).total_seconds() > 7100
    assert as_(answer["Credentials"], "iam").list_roles()["Roles"]


def test_an_assertion_is_used_once(saml: Federation) -> None:
    posted = sign(response(saml.attributes()))
    saml.assume(posted)
    with refused("InvalidIdentityToken", "The SAML assertion was used already."):
        saml.assume(posted)
    again = sign(response(saml.attributes()))
    saml.assume(again)


def test_a_refusal_by_the_role_leaves_the_assertion_unused(saml: Federation) -> None:
    posted = sign(response(saml.attributes()))
    with refused("ValidationError"):
        saml.assume(posted, DurationSeconds=43_200)
    assert saml.assume(posted, DurationSeconds=900)["Credentials"]


def test_tags_and_source_identity_come_from_attributes(saml: Federation) -> None:
    allows = may("iam:GetRole", "arn:aws:iam::000000000000:role/${aws:PrincipalTag/team}")
    role = make_role("tagged", saml.trust, allows=allows)
    given = saml.attributes(role, **{"PrincipalTag:team": "app", "SourceIdentity": "ann"})
    answer = saml.assume(sign(response(given)), RoleArn=role)
    assert answer["SourceIdentity"] == "ann"
    assert as_(answer["Credentials"], "iam").get_role(RoleName="app")["Role"]
    plain = make_role("plain", {**saml.trust, "Action": ACTION})
    with refused("AccessDenied", f"Not authorized to perform {ACTION}"):
        saml.assume(sign(response(saml.attributes(plain, **{"PrincipalTag:team": "app"}))), RoleArn=plain)


def test_the_session_ends_with_that_of_the_provider(saml: Federation) -> None:
    ends = clock.now() + timedelta(minutes=20)
    answer = saml.assume(sign(response(saml.attributes(), session_ends=ends)))
    assert abs((answer["Credentials"]["Expiration"] - ends).total_seconds()) < 3


def test_assertions_that_prove_nothing_are_refused(saml: Federation) -> None:
    good = response(saml.attributes(), id="_a1")
    altered = base64.b64decode(sign(good)).replace(b"ann@example.com", b"bob@example.com")
    wrapped = base64.b64decode(sign(good)).replace(
        b"</samlp:Response>", good[good.index("<saml:Assertion") :].replace("_a1", "_a9").encode()
    )
    for posted in (
        encoded(good),
        sign(good, key=FOREIGN),
        base64.b64encode(altered).decode(),
        base64.b64encode(wrapped).decode(),
        sign(good, algorithm=Names.RSA_SHA1, digest=Names.SHA1),
        sign(response(saml.attributes(), issuer="https://other.example.com")),
        sign(response(saml.attributes(), audience="https://other.example.com")),
        sign(response(saml.attributes(), audience=None)),
        sign(response(saml.attributes(), recipient="https://other.example.com/saml", destination=None)),
        sign(response(saml.attributes(), recipient=ACS + ".evil.example.com", destination=None)),
        sign(response(saml.attributes(), recipient=None)),
        sign(response(saml.attributes(), destination="https://other.example.com/saml")),
        sign(response({f"{ATTRIBUTES}RoleSessionName": ["ann"]})),
        sign(response({f"{ATTRIBUTES}Role": [f"{saml.role},{saml.provider_arn}"]})),
        sign(response({**saml.attributes(), f"{ATTRIBUTES}RoleSessionName": ["a b"]})),
        sign(response(saml.attributes(SessionDuration="60"))),
        sign(response(saml.attributes(SessionDuration="00000090012345"))),
        encoded(response(saml.attributes(), head='<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>')),
        base64.b64encode(b"<a/>").decode(),
        base64.b64encode(b"\xff\xfe").decode(),
        "nonsense",
    ):
        with refused("InvalidIdentityToken"):
            saml.assume(posted)
    with refused("InvalidIdentityToken", "Specified provider doesn't exist"):
        saml.assume(sign(good), PrincipalArn=saml.provider_arn + "x")
    assert saml.assume(sign(good))["Credentials"]


def test_another_role_than_the_assertion_names_stays_closed(saml: Federation) -> None:
    other = make_role("other", saml.trust)
    with refused("AccessDenied", f"Not authorized to perform {ACTION}"):
        saml.assume(sign(response(saml.attributes())), RoleArn=other)
    with refused("AccessDenied"):
        gone = "arn:aws:iam::000000000000:role/gone"
        saml.assume(sign(response(saml.attributes(gone))), RoleArn=gone)
    distrusting = make_role("x", {**saml.trust, "Condition": {"StringEquals": {"saml:sub": "bob@example.com"}}})
    with refused("AccessDenied"):
        saml.assume(sign(response(saml.attributes(distrusting))), RoleArn=distrusting)


@pytest.mark.parametrize("minutes", [11, 60, 24 * 60])
def test_an_old_assertion_is_expired(saml: Federation, minutes: int) -> None:
    posted = sign(response(saml.attributes(), lifetime=timedelta(minutes=5)))
    with time_machine.travel(clock.now() + timedelta(minutes=minutes)), refused("ExpiredTokenException"):
        saml.assume(posted)


def test_a_long_lived_assertion_must_be_used_soon_too(saml: Federation) -> None:
    posted = sign(response(saml.attributes(), lifetime=timedelta(days=1)))
    with time_machine.travel(clock.now() + timedelta(minutes=11)), refused("ExpiredTokenException"):
        saml.assume(posted)


def test_a_deleted_provider_opens_nothing(saml: Federation) -> None:
    saml_providers.delete(SYSTEM, saml.provider_arn)
    with refused("InvalidIdentityToken"):
        saml.assume(sign(response(saml.attributes())))
    assert roles.by_name("app")


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__.strip("_"))
@pytest.mark.parametrize("whole", [False, True], ids=["assertion signed", "response signed"])
def test_altered_documents_are_refused(saml: Federation, attack: Callable[[str], str], whole: bool) -> None:
    xml = signed(response(saml.attributes()), whole=whole)
    assert attack(xml) != xml
    with refused("InvalidIdentityToken"):
        saml.assume(encoded(attack(xml)))
    assert saml.assume(encoded(xml))["Credentials"]


@pytest.mark.parametrize("given", FOR_OTHERS.values(), ids=FOR_OTHERS)
def test_assertions_for_others_are_refused(saml: Federation, given: dict[str, Any]) -> None:
    with refused("InvalidIdentityToken"):
        saml.assume(sign(response(saml.attributes(), **given)))


@pytest.mark.parametrize("mistake", SIGNED_MISTAKES.values(), ids=SIGNED_MISTAKES)
def test_a_signature_does_not_make_everything_good(saml: Federation, mistake: Callable[[str], str]) -> None:
    with refused("InvalidIdentityToken"):
        saml.assume(sign(mistake(response(saml.attributes()))))


def test_the_reason_of_a_refusal_is_told(saml: Federation) -> None:
    good = saml.attributes()
    for posted, message in (
        (sign(response(good), key=FOREIGN), "Response signature invalid"),
        (encoded(response(good)), "Response signature invalid"),
        (sign(response(good, issuer="https://other.example.com")), "Issuer not present in specified provider"),
        (sign(response(good, audience="urn:other")), "Audience is invalid"),
        (sign(response(good, recipient="https://x.test")), "The recipient of the SAML response is invalid."),
        (sign(response(good, at=clock.now() + timedelta(minutes=10))), "The SAML assertion is not valid yet."),
        ("nonsense", "Invalid SAML response"),
    ):
        with refused("InvalidIdentityToken", message):
            saml.assume(posted)


def test_an_assertion_over_for_its_bearer_is_expired(saml: Federation) -> None:
    posted = sign(response(saml.attributes()))
    with time_machine.travel(clock.now() + timedelta(minutes=6)), refused("ExpiredTokenException"):
        saml.assume(posted)


def test_expired_certificates_verify_nothing(saml: Federation) -> None:
    with time_machine.travel(clock.now() + timedelta(days=4000)), refused("InvalidIdentityToken"):
        saml.assume(sign(response(saml.attributes())))
