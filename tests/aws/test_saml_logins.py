"""SAML assertions as logins: what is believed, for which role, and how often (spec/identity-pools.md 3.3)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Names

from cognito_app.core import clock, jose
from cognito_app.models import Identity
from cognito_app.services import saml_providers
from cognito_app.services.actor import SYSTEM
from tests.clients.assertions import (
    ATTACKS,
    FOR_OTHERS,
    FOREIGN_CERTIFICATE,
    METADATA,
    SIGNED_MISTAKES,
    encoded,
    response,
    signed,
)
from tests.clients.exchange import Pool, make_role, role_of, trust
from tests.clients.issuers import FOREIGN
from tests.clients.providers import metadata
from tests.conftest import refused

pytestmark = pytest.mark.django_db

ARN = "arn:aws:iam::000000000000:saml-provider/Corp"
ROLE = "https://aws.amazon.com/SAML/Attributes/Role"
BAD = "Invalid login token. Not a valid SAML response."
USED = "Invalid login token. The SAML assertion has been used."


@pytest.fixture
def pool(identity: Any) -> Pool:
    """An identity pool that trusts a SAML provider."""
    saml_providers.create(SYSTEM, name="Corp", metadata=METADATA)
    return Pool(identity, SamlProviderARNs=[ARN])


def login(**given: Any) -> dict[str, str]:
    """Return a signed assertion as a login."""
    return {ARN: encoded(signed(response(**given)))}


@pytest.mark.parametrize("whole", [False, True])
def test_a_signed_assertion_is_a_login(pool: Pool, whole: bool) -> None:
    mine = pool.get_id({ARN: encoded(signed(response(), whole=whole))})
    assert pool.get_id(login()) == mine
    assert pool.get_id(login(name_id="bob@example.com")) != mine
    assert pool.describe(mine)["Logins"] == [ARN]


def test_an_assertion_is_good_once_for_each_operation(pool: Pool) -> None:
    """The flow of the SDKs gives one assertion to GetId and then to GetCredentialsForIdentity."""
    pool.with_roles()
    logins = login()
    mine = pool.get_id(logins)
    assert pool.keys(mine, logins)["IdentityId"] == mine
    for call in (lambda: pool.get_id(logins), lambda: pool.keys(mine, logins)):
        with refused("NotAuthorizedException", USED):
            call()


def test_a_refused_request_does_not_use_an_assertion_up(pool: Pool) -> None:
    logins = login()
    with refused("NotAuthorizedException"):
        pool.get_id({**logins, "graph.facebook.com": "x"})
    assert pool.get_id(logins)


def test_saml_is_for_the_enhanced_flow(pool: Pool) -> None:
    mine = pool.get_id(login())
    with refused("NotAuthorizedException", "Invalid login token. SAML is for the enhanced flow only."):
        pool.token(mine, login())


def test_one_role_of_the_assertion_needs_no_choice_and_several_do(pool: Pool) -> None:
    one, two = (make_role(name, trust(pool.id)) for name in ("one", "two"))
    mine = pool.get_id(login())
    single = {ROLE: [f"{one},{ARN}"]}
    both = {ROLE: [f"{ARN},{one}", f"{two} , {ARN}", f"{two},arn:aws:iam::000000000000:saml-provider/Other", "x"]}
    assert role_of(pool.keys(mine, login(attributes=single))) == "one"
    assert role_of(pool.keys(mine, login(attributes=both), CustomRoleArn=two)) == "two"
    with refused("InvalidIdentityPoolConfigurationException"):
        pool.keys(mine, login(attributes=both))
    with refused("NotAuthorizedException"):
        pool.keys(mine, login(attributes=single), CustomRoleArn=two)
    mapping = {"Type": "Token", "AmbiguousRoleResolution": "Deny"}
    pool.with_roles(RoleMappings={ARN: mapping})
    assert role_of(pool.keys(mine, login(attributes=both), CustomRoleArn=two)) == "two"
    with refused("NotAuthorizedException"):
        pool.keys(mine, login(attributes=both))


def test_attributes_are_claims_for_rules_and_tags(pool: Pool) -> None:
    ruled = make_role("ruled", trust(pool.id))
    rule = {"Claim": "department", "MatchType": "Equals", "Value": "sales", "RoleARN": ruled}
    rules = {"Type": "Rules", "AmbiguousRoleResolution": "Deny", "RulesConfiguration": {"Rules": [rule]}}
    pool.with_roles(RoleMappings={ARN: rules})
    pool.admin.set_principal_tag_attribute_map(**pool.at, IdentityProviderName=ARN, UseDefaults=True)
    mine = pool.get_id(login())
    given = {"department": ["marketing", "sales"]}
    assert role_of(pool.keys(mine, login(attributes=given))) == "ruled"
    with refused("NotAuthorizedException"):
        pool.keys(mine, login(attributes={"department": ["it"]}))


@pytest.mark.parametrize("given", FOR_OTHERS.values(), ids=FOR_OTHERS)
def test_assertions_for_others_make_no_identity(pool: Pool, given: dict[str, Any]) -> None:
    with refused("NotAuthorizedException", BAD):
        pool.get_id(login(**given))
    assert not Identity.objects.exists()


def test_times_are_kept(pool: Pool) -> None:
    now = clock.now()
    for shift in (timedelta(minutes=-10), timedelta(minutes=10)):
        with refused("NotAuthorizedException", BAD):
            pool.get_id(login(at=now + shift))
    logins, long_lived = login(), login(lifetime=timedelta(days=1))
    with time_machine.travel(now + timedelta(minutes=6)), refused("NotAuthorizedException", BAD):
        pool.get_id(logins)
    with time_machine.travel(now + timedelta(minutes=11)), refused("NotAuthorizedException", BAD):
        pool.get_id(long_lived)


def test_expired_certificates_verify_nothing(pool: Pool) -> None:
    with time_machine.travel(clock.now() + timedelta(days=4000)), refused("NotAuthorizedException", BAD):
        pool.get_id(login())


@pytest.mark.parametrize("mistake", SIGNED_MISTAKES.values(), ids=SIGNED_MISTAKES)
def test_a_signature_does_not_make_everything_good(pool: Pool, mistake: Callable[[str], str]) -> None:
    plain = response()
    assert mistake(plain) != plain
    with refused("NotAuthorizedException", BAD):
        pool.get_id({ARN: encoded(signed(mistake(plain)))})


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__.strip("_"))
@pytest.mark.parametrize("whole", [False, True], ids=["assertion signed", "response signed"])
def test_altered_documents_are_refused(pool: Pool, attack: Callable[[str], str], whole: bool) -> None:
    xml = signed(response(), whole=whole)
    altered = attack(xml)
    assert altered != xml
    with refused("NotAuthorizedException", BAD):
        pool.get_id({ARN: encoded(altered)})
    assert not Identity.objects.exists()


def test_other_keys_and_weak_signatures_are_refused(pool: Pool) -> None:
    xml = response()
    weak = [
        signed(xml, key=FOREIGN, certificate=FOREIGN_CERTIFICATE),
        signed(xml, key=FOREIGN),
        signed(xml, algorithm=Names.RSA_SHA1),
        signed(xml, digest=Names.SHA1),
        xml,
    ]
    for document in weak:
        with refused("NotAuthorizedException", BAD):
            pool.get_id({ARN: encoded(document)})
    assert not Identity.objects.exists()


@pytest.mark.parametrize("text", ["x", "%%%", base64.b64encode(b"\xff\xfe").decode(), encoded("<a/>"), encoded("<a")])
def test_what_is_no_response_is_refused(pool: Pool, text: str) -> None:
    with refused("NotAuthorizedException", BAD):
        pool.get_id({ARN: text})


def test_a_provider_that_changed_or_is_gone_trusts_old_keys_no_more(pool: Pool) -> None:
    saml_providers.update(
        SYSTEM, ARN, metadata=metadata(entity_id="https://idp.example.com/entity", signing=(FOREIGN_CERTIFICATE,))
    )
    with refused("NotAuthorizedException", BAD):
        pool.get_id(login())
    assert pool.get_id({ARN: encoded(signed(response(), key=FOREIGN, certificate=FOREIGN_CERTIFICATE))})
    saml_providers.delete(SYSTEM, ARN)
    with refused("NotAuthorizedException", "Token is not from a supported provider of this identity pool."):
        pool.get_id(login())
    with refused("NotAuthorizedException"):
        pool.get_id({f"{ARN}2": login()[ARN]})


def test_the_subject_and_the_provider_are_what_trust_policies_see(pool: Pool) -> None:
    mine = pool.get_id(login())
    answer = pool.developer("user", login(), IdentityId=mine)
    amr = jose.peek(answer["Token"])[1]["amr"]
    assert amr[3:] == [ARN, f"{ARN}:SAML:ann@example.com"]
