"""The forms of the challenges; session and sign-in name travel in them."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from django.http import HttpResponse
from django.utils.translation import gettext_noop as _

from cognito_app.pages import attribute_fields
from cognito_app.pages.site import Visit
from cognito_app.services.mfa_rules import EMAIL, SMS, TOTP
from cognito_app.services.sign_in import totp_setup
from cognito_app.services.sign_in.factors import SELECT, SETUP
from cognito_app.services.sign_in.state import Challenge
from cognito_app.services.sign_in.totp_setup import Association

NEW_PASSWORD = "NEW_PASSWORD_REQUIRED"  # noqa: S105  # a challenge
ATTRIBUTE_PREFIX = "userAttributes."
LABELS = {SMS: _("Text message"), TOTP: _("Authenticator app"), EMAIL: _("Email")}
CODE_FIELDS = {SMS: "SMS_MFA_CODE", EMAIL: "EMAIL_OTP_CODE", TOTP: "SOFTWARE_TOKEN_MFA_CODE"}
CONTACT_FIELDS = {
    EMAIL: {"name": "email", "label": _("Email address"), "type": "email", "autocomplete": "email"},
    SMS: {"name": "phone_number", "label": _("Phone number"), "type": "tel", "autocomplete": "tel"},
}


def show(visit: Visit, challenge: Challenge) -> HttpResponse:
    """Show the form of a challenge. Raises what associating an authenticator app raises."""
    username = challenge.parameters.get("USER_ID_FOR_SRP", "")
    session = challenge.session or ""
    if challenge.name == SELECT:
        return choice(visit, SELECT, session, username, _listed(challenge, "MFAS_CAN_CHOOSE"))
    if challenge.name == SETUP:
        found = _listed(challenge, "MFAS_CAN_SETUP")
        if len(found) == 1:
            return set_up(visit, found[0], session, username)
        return choice(visit, SETUP, session, username, found)
    if challenge.name in CODE_FIELDS:
        destination = challenge.parameters.get("CODE_DELIVERY_DESTINATION", "")
        app_name = challenge.parameters.get("FRIENDLY_DEVICE_NAME", "")
        return code(visit, challenge.name, session, username, destination, app_name=app_name)
    missing = [name.removeprefix(ATTRIBUTE_PREFIX) for name in _listed(challenge, "requiredAttributes")]
    return new_password(visit, session, username, missing)


def _listed(challenge: Challenge, name: str) -> list[str]:
    found: list[str] = orjson.loads(challenge.parameters[name])
    return found


def new_password(visit: Visit, session: str, username: str, missing: Sequence[str], message: str = "") -> HttpResponse:
    """Ask for a password in the place of a temporary one, and for the required attributes that are missing."""
    return visit.render(
        "new_password",
        challenge=NEW_PASSWORD,
        session=session,
        username=username,
        missing=" ".join(missing),
        fields=attribute_fields.of(visit, missing),
        policy=attribute_fields.policy_lines(visit),
        message=message,
    )


def code(
    visit: Visit,
    challenge: str,
    session: str,
    username: str,
    destination: str,
    message: str = "",
    *,
    app_name: str = "",
) -> HttpResponse:
    """Ask for the code of a second factor; ``app_name`` is what the user called the authenticator app."""
    return visit.render(
        "mfa_code",
        challenge=challenge,
        session=session,
        username=username,
        destination=destination,
        from_app=challenge == TOTP,
        app_name=app_name or visit.field("app_name")[:131],
        message=message,
    )


def choice(
    visit: Visit, challenge: str, session: str, username: str, found: Sequence[str], *, signed_in: bool = False
) -> HttpResponse:
    """Let the user choose a factor to use or to set up.

    ``signed_in`` is for a user of this browser: to start again would lead here, so that another account is offered.
    """
    options = [{"value": name, "label": LABELS.get(name, name)} for name in found]
    return visit.render(
        "mfa_choice",
        challenge=challenge,
        session=session,
        username=username,
        options=options,
        setting_up=challenge == SETUP,
        other_account=visit.link_to_other_account() if signed_in else "",
    )


def set_up(visit: Visit, factor: str, session: str, username: str) -> HttpResponse:
    """Begin the set-up of a factor."""
    if factor == TOTP:
        return app_set_up(visit, totp_setup.associate(session), username)
    return contact_set_up(visit, factor, session, username)


def app_set_up(visit: Visit, found: Association, username: str, message: str = "") -> HttpResponse:
    """Show the secret for an authenticator app, and ask for its first code."""
    groups = " ".join(found.secret[start : start + 4] for start in range(0, len(found.secret), 4))
    return visit.render(
        "totp_setup",
        challenge=SETUP,
        factor=TOTP,
        session=found.session,
        username=username,
        secret=groups,
        qr_text=found.uri,
        app_name=visit.field("app_name")[:131],
        message=message,
    )


def contact_set_up(visit: Visit, factor: str, session: str, username: str, message: str = "") -> HttpResponse:
    """Ask for an e-mail address or phone number."""
    field = CONTACT_FIELDS[factor]
    return visit.render(
        "contact_setup",
        challenge=SETUP,
        factor=factor,
        session=session,
        username=username,
        field={**field, "value": visit.field(field["name"])},
        by_sms=factor == SMS,
        message=message,
    )
