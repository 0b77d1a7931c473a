"""The operators' portal: set-up, second factor, changes by services, audit."""

from __future__ import annotations

import json
import re

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings

from cognito_app.models import AccessKey, AuditEvent, IdentityPool, OutboxMessage, PoolUser, Role, UserPool
from cognito_app.services import operators, outbox, pool_profile
from cognito_app.services.pool_profile import PoolProfile
from tests.conftest import App

pytestmark = pytest.mark.django_db

SECRET = "Operators-Passw0rd!"


def code_of(device: TOTPDevice) -> str:
    """Return the code that an authenticator app would show."""
    return f"{totp(device.bin_key, device.step, device.t0, device.digits):06d}"


@pytest.fixture
def operator(db: None) -> Client:
    """A browser in which the first operator has set everything up."""
    browser = Client()
    link = f"/portal/setup/{operators.new_link()}/"
    answer = browser.post(link, {"username": "op", "password1": SECRET, "password2": SECRET})
    assert answer["Location"] == "/portal/second-factor/"
    assert b"<svg" in browser.get("/portal/second-factor/").content
    device = TOTPDevice.objects.get()
    assert browser.post("/portal/second-factor/", {"code": code_of(device)})["Location"] == "/portal/"
    return browser


def test_the_link_works_once(operator: Client) -> None:
    token = operators.new_link()
    assert Client().get(f"/portal/setup/{token}/").status_code == 200
    form = {"username": "second", "password1": SECRET, "password2": SECRET}
    assert Client().post(f"/portal/setup/{token}/", form).status_code == 302
    assert Client().post(f"/portal/setup/{token}/", {**form, "username": "third"}).status_code == 404
    assert not get_user_model().objects.filter(username="third").exists()


def test_nobody_comes_in_without_a_second_factor(operator: Client) -> None:
    assert operator.get("/portal/").status_code == 200
    browser = Client()
    assert browser.get("/portal/").status_code == 302
    assert browser.post("/portal/login/", {"username": "op", "password": SECRET}).status_code == 200
    get_user_model().objects.create_user("plain", password=SECRET, is_staff=True, is_superuser=True)
    browser.force_login(get_user_model().objects.get(username="plain"))
    assert browser.get("/portal/").status_code == 302
    assert browser.get("/portal/cognito_app/pooluser/").status_code == 302


def test_development_may_skip_the_second_factor(settings: Settings, db: None) -> None:
    settings.COGNITO = {**settings.COGNITO, "DEVELOPMENT": True}
    user = get_user_model().objects.create_user("plain", password=SECRET, is_staff=True, is_superuser=True)
    browser = Client()
    browser.force_login(user)
    assert browser.get("/portal/").status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        "userpool",
        "appclient",
        "pooluser",
        "group",
        "identitypool",
        "role",
        "accesskey",
        "outboxmessage",
        "deadletter",
        "auditevent",
    ],
)
def test_every_page_opens(operator: Client, app: App, name: str) -> None:
    app.sign_up()
    assert operator.get(f"/portal/cognito_app/{name}/").status_code == 200
    assert operator.get(f"/portal/cognito_app/{name}/add/").status_code in (200, 403)


def test_pools_and_users_are_made_and_changed_by_services(operator: Client) -> None:
    operator.post("/portal/cognito_app/userpool/add/", {"name": "Shop", "sign_in": "username"})
    pool = UserPool.objects.get()
    assert pool.signing_keys.count() == 2
    operator.post(
        "/portal/cognito_app/pooluser/create/", {"pool": pool.pk, "username": "ann", "email": "ann@example.com"}
    )
    user = PoolUser.objects.get()
    assert user.status == "FORCE_CHANGE_PASSWORD"
    at = f"/portal/cognito_app/pooluser/{user.pk}/do"
    page = operator.get(f"/portal/cognito_app/pooluser/{user.pk}/change/")
    assert b"Sign out everywhere" in page.content
    operator.post(f"{at}/disable/")
    user.refresh_from_db()
    assert user.enabled is False
    operator.post(f"{at}/reset-password/")
    assert b"User is disabled" in operator.get(f"/portal/cognito_app/pooluser/{user.pk}/change/").content
    assert operator.get(f"{at}/delete/").status_code == 405
    operator.post(f"{at}/delete/")
    assert not PoolUser.objects.exists()
    rows = list(AuditEvent.objects.filter(actor="operator:op").values_list("action", flat=True))
    assert {"CreateUserPool", "AdminCreateUser", "AdminDisableUser", "AdminDeleteUser"} <= set(rows)


def test_the_switches_of_a_pool_are_kept_and_shown(operator: Client, app: App) -> None:
    page = f"/portal/cognito_app/userpool/{app.pool_id}/change/"
    settings = json.dumps(UserPool.objects.get().configuration)
    operator.post(page, {"name": "p", "configuration": settings, "hardened": "on"})
    assert pool_profile.read(UserPool.objects.get().extras) == PoolProfile(hardened=True)
    boxes = re.findall(r'<input type="checkbox" name="(\w+)"[^>]*checked', operator.get(page).content.decode())
    assert boxes == ["hardened"]
    operator.post(page, {"name": "p", "configuration": settings})
    assert pool_profile.read(UserPool.objects.get().extras) == PoolProfile()


def test_search_of_users_goes_by_an_index(operator: Client, app: App) -> None:
    app.sign_up()
    app.sign_up("bob")
    address = f"/portal/cognito_app/pooluser/?pool__id__exact={app.pool_id}"
    assert b"1 user" in operator.get(f"{address}&q=bob").content
    assert b"1 user" in operator.get(f"{address}&q=ANN@exa").content
    assert b"0 users" in operator.get(f"{address}&q=nobody").content
    assert b"Choose a user pool first" in operator.get("/portal/cognito_app/pooluser/?q=ann").content


def test_a_services_refusal_is_a_message(operator: Client, app: App) -> None:
    app.idp.update_user_pool(UserPoolId=app.pool_id, DeletionProtection="ACTIVE")
    answer = operator.post(f"/portal/cognito_app/userpool/{app.pool_id}/delete/", {"post": "yes"}, follow=True)
    assert b"deletion protection is activated" in answer.content
    assert UserPool.objects.filter(pk=app.pool_id).exists()


def test_roles_keys_and_identity_pools(operator: Client) -> None:
    trust = (
        '{"Statement": [{"Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"}, '
        '"Action": "sts:AssumeRoleWithWebIdentity"}]}'
    )
    form = {"name": "r", "trust_policy": trust, "policies": "{}", "max_session_duration": "3600", "description": ""}
    answer = operator.post("/portal/cognito_app/role/add/", form, follow=True)
    assert b"needs at least one condition" in answer.content
    good = trust.replace("}]}", ', "Condition": {"StringEquals": {"cognito-identity.amazonaws.com:aud": "x"}}}]}')
    operator.post("/portal/cognito_app/role/add/", {**form, "trust_policy": good})
    assert Role.objects.get().role_id.startswith("AROA")
    allow = '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
    answer = operator.post("/portal/cognito_app/accesskey/add/", {"user_name": "ci", "policy": allow}, follow=True)
    key = AccessKey.objects.get()
    assert f"Secret access key of {key.pk}" in answer.content.decode()
    assert b"Secret access key" not in operator.get("/portal/cognito_app/accesskey/").content
    given = {"name": "ip", "configuration": "{}", "roles": "{}", "role_mappings": "{}", "driver_settings": "{}"}
    address = "/portal/cognito_app/identitypool/add/"
    operator.post(address, {**given, "driver": "sts"})
    assert not IdentityPool.objects.exists()
    operator.post(address, {**given, "driver": "disabled"})
    made = IdentityPool.objects.get()
    assert (made.name, made.driver) == ("ip", "disabled")


def test_messages_show_their_codes_in_development_only(operator: Client, app: App, settings: Settings) -> None:
    email = app.sign_up()
    address = "/portal/cognito_app/outboxmessage/"
    code = app.inbox.code(email)
    closed = operator.get(f"{address}{OutboxMessage.objects.get().pk}/change/").content.decode()
    assert code not in closed
    settings.COGNITO = {**settings.COGNITO, "DEVELOPMENT": True}
    assert code in operator.get(f"{address}{OutboxMessage.objects.get().pk}/change/").content.decode()


def dead_letter(app: App, address: str, **given: object) -> OutboxMessage:
    """Register somebody whose message is given up."""
    app.sign_up(address.partition("@")[0])
    row = OutboxMessage.objects.get(destination=address)
    OutboxMessage.objects.filter(pk=row.pk).update(
        **{"sent_at": None, "failed_at": row.created_at, "last_error": "SMTPDataError", "tries": 8, **given}
    )
    return row


def test_dead_letters_are_shown_sent_again_and_discarded(operator: Client, app: App) -> None:
    ann, bob, eve = (dead_letter(app, f"{name}@example.com") for name in ("ann", "bob", "eve"))
    OutboxMessage.objects.filter(pk=eve.pk).update(expires_at=eve.created_at)
    address = "/portal/cognito_app/deadletter/"
    page = operator.get(address).content.decode()
    assert all(name in page for name in ("ann@example.com", "bob@example.com", "SMTPDataError", "Send again"))
    assert app.inbox.code("ann@example.com") not in page
    assert app.inbox.code("ann@example.com") not in operator.get(f"{address}{ann.pk}/change/").content.decode()
    found = operator.get(f"{address}?q=bob@").content.decode()
    assert "bob@example.com" in found
    assert "ann@example.com" not in found
    assert "ann@example.com" in operator.get(f"{address}?pool={app.pool_id}&medium__exact=EMAIL").content.decode()
    assert "ann@example.com" not in operator.get(f"{address}?medium__exact=SMS").content.decode()
    again = {"action": "send_again", "_selected_action": [str(ann.pk), str(eve.pk)]}
    answer = operator.post(address, again, follow=True).content.decode()
    assert "The worker will send 1 of 2" in answer
    assert outbox.deliver_waiting() == 1
    assert len(app.inbox.messages("ann@example.com")) == 2
    operator.post(address, {"action": "discard", "_selected_action": [str(bob.pk)]})
    assert not OutboxMessage.objects.filter(pk=bob.pk).exists()
    rows = AuditEvent.objects.filter(actor="operator:op", action__in=["SendMessageAgain", "DiscardMessage"])
    assert {(row.action, row.subject) for row in rows} == {
        ("SendMessageAgain", ann.user_sub),
        ("DiscardMessage", bob.user_sub),
    }


def test_actions_leave_messages_alone_that_are_no_dead_letters(operator: Client, app: App) -> None:
    app.sign_up()
    sent = OutboxMessage.objects.get()
    for action in ("send_again", "discard"):
        operator.post("/portal/cognito_app/deadletter/", {"action": action, "_selected_action": [str(sent.pk)]})
    assert OutboxMessage.objects.get().sent_at is not None
    assert not AuditEvent.objects.filter(action__in=["SendMessageAgain", "DiscardMessage"]).exists()
    assert Client().get("/portal/cognito_app/deadletter/").status_code == 302
