"""The portal's pages for IAM: documents are checked where they are typed, changes are services' work."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from cognito_app.models import AuditEvent, ManagedPolicy, OpenIdProvider, Role, SamlProvider
from cognito_app.services import operators, roles
from tests.clients.providers import metadata
from tests.portal.test_portal import SECRET, code_of

pytestmark = pytest.mark.django_db

TRUST = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}}
)
READ = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}
DENY_ALL = "arn:aws:iam::aws:policy/AWSDenyAll"


@pytest.fixture
def browser(db: None) -> Client:
    """An operator's browser."""
    client = Client()
    form = {"username": "op", "password1": SECRET, "password2": SECRET}
    client.post(f"/portal/setup/{operators.new_link()}/", form)
    client.get("/portal/second-factor/")
    client.post("/portal/second-factor/", {"code": code_of(TOTPDevice.objects.get())})
    return client


def role_form(**given: Any) -> dict[str, Any]:
    """Return the fields of a role."""
    return {
        "name": "app",
        "trust_policy": TRUST,
        "policies": json.dumps({"read": READ}),
        "max_session_duration": 3600,
        "attached": "",
        **given,
    }


ROLE = "/portal/cognito_app/role/"


def test_a_role_with_policies(browser: Client) -> None:
    browser.post(f"{ROLE}add/", role_form(attached=DENY_ALL))
    assert roles.find("app").attached == (DENY_ALL,)
    assert Role.objects.get().policies == {"read": READ}
    page = browser.get(f"{ROLE}app/change/")
    assert DENY_ALL.encode() in page.content
    changed = role_form(policies="{}", max_session_duration=7200, description="d")
    browser.post(f"{ROLE}app/change/", changed)
    row = Role.objects.get()
    assert (row.policies, row.max_session_duration, row.description) == ({}, 7200, "d")
    assert roles.find("app").attached == ()
    assert AuditEvent.objects.filter(action="DetachRolePolicy", actor="operator:op").exists()
    browser.post(f"{ROLE}app/delete/", {"post": "yes"})
    assert not Role.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("trust_policy", '{"Id": "x"}', "Syntax errors in policy."),
        ("trust_policy", "nonsense", "Enter a valid JSON."),
        ("policies", json.dumps({"read": {"Statement": []}}), "read: Syntax errors in policy."),
        ("policies", "[1]", "Give an object"),
        ("max_session_duration", "60", "3,600 to 43,200"),
        ("attached", "arn:aws:iam::000000000000:policy/none", "does not exist or is not attachable."),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(browser: Client, field: str, value: str, text: str) -> None:
    answer = browser.post(f"{ROLE}add/", role_form(**{field: value}))
    assert answer.status_code == 200
    assert text in answer.content.decode()
    assert not Role.objects.exists()


def test_a_half_guarded_trust_policy_is_taken_with_a_warning(browser: Client) -> None:
    pools = "cognito-identity.amazonaws.com"
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": pools},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{pools}:aud": "us-east-1:x"}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    answer = browser.post(f"{ROLE}add/", role_form(trust_policy=document), follow=True)
    assert f"does not ask for {pools}:amr" in answer.content.decode()
    assert Role.objects.exists()


def test_managed_policies_get_versions(browser: Client) -> None:
    address = "/portal/cognito_app/managedpolicy/"
    browser.post(f"{address}add/", {"name": "read", "description": "", "document": json.dumps(READ)})
    assert browser.get(f"{address}read/change/").status_code == 200
    bad = browser.post(f"{address}read/change/", {"document": '{"Id": "x"}'})
    assert "Syntax errors in policy." in bad.content.decode()
    for number in range(6):
        changed = {**READ, "Id": str(number)}
        browser.post(f"{address}read/change/", {"document": json.dumps(changed)})
    row = ManagedPolicy.objects.get()
    assert row.default_version == "v7"
    assert sorted(row.versions) == ["v3", "v4", "v5", "v6", "v7"]
    assert row.versions["v7"]["document"]["Id"] == "5"


def test_identity_providers(browser: Client) -> None:
    oidc = "/portal/cognito_app/openidprovider/"
    form = {"url": "https://login.example.com", "client_ids": '["a"]', "thumbprints": "[]"}
    browser.post(f"{oidc}add/", form)
    assert OpenIdProvider.objects.get().client_ids == ["a"]
    browser.post(f"{oidc}login.example.com/change/", {"client_ids": '["b"]', "thumbprints": "[]"})
    assert OpenIdProvider.objects.get().client_ids == ["b"]
    refused = browser.post(f"{oidc}add/", {**form, "url": "ftp://x"}, follow=True)
    assert "Invalid Open ID Connect Provider URL" in refused.content.decode()
    saml = "/portal/cognito_app/samlprovider/"
    browser.post(f"{saml}add/", {"name": "corp", "document": metadata()})
    assert SamlProvider.objects.get().entity_id == "https://idp.example.com/entity"
    refused = browser.post(f"{saml}corp/change/", {"document": "<a/>"}, follow=True)
    assert "Could not parse metadata" in refused.content.decode()
    for address in (oidc, saml):
        assert browser.get(address).status_code == 200
    browser.post(f"{saml}corp/delete/", {"post": "yes"})
    assert not SamlProvider.objects.exists()
