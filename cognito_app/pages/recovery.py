"""Forgotten passwords."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext_noop as _

from cognito_app.errors import ServiceError
from cognito_app.pages import attribute_fields, flow, identify
from cognito_app.pages.site import Visit, page, told
from cognito_app.services import recovery

RESET_FIRST = _("Your password must be reset before you can sign in.")
DIFFERENT = _("The passwords differ.")


def ask(visit: Visit, username: str, message: str = "") -> HttpResponse:
    """Ask for the sign-in name."""
    label, kind = identify.label_of(visit)
    return visit.render("forgot_password", label=label, input_type=kind, username=username, message=message)


@page
def forgot_password(visit: Visit) -> HttpResponse:
    """Ask for the sign-in name and send a code."""
    _, client = visit.read_local()
    username = visit.field("username").strip()[:128]
    if not visit.is_post or not username or visit.field("action") == "ask":
        return ask(visit, username)
    try:
        details = recovery.forgot(visit.site.pool, client, flow.actor(visit), username=username)
    except ServiceError as error:
        return ask(visit, username, told(error))
    notice = f"We sent a new code to {details.destination}." if visit.field("action") == "resend" else ""
    return _form(visit, username, destination=details.destination, notice=notice)


@page
def confirm_forgot_password(visit: Visit) -> HttpResponse:
    """Take the code and the new password."""
    _, client = visit.read_local()
    username = visit.field("username")
    if not visit.is_post or not username:
        response = HttpResponse(status=302)
        response["Location"] = visit.link("forgotPassword")
        return response
    if visit.field("password") != visit.field("password_again"):
        return _form(visit, username, message=DIFFERENT)
    try:
        recovery.confirm_forgot(
            visit.site.pool,
            client,
            flow.actor(visit),
            username=username,
            code="".join(visit.field("code").split())[:64],
            password=visit.field("password")[:256],
        )
    except ServiceError as error:
        return _form(visit, username, message=told(error))
    response = HttpResponse(status=302)
    response["Location"] = visit.link("login") + "&notice=password_changed"
    return response


def _form(visit: Visit, username: str, *, destination: str = "", message: str = "", notice: str = "") -> HttpResponse:
    shown = destination or visit.field("destination")[:64]
    policy = attribute_fields.policy_lines(visit)
    return visit.render(
        "reset_password", username=username, destination=shown, policy=policy, message=message, notice=notice
    )
