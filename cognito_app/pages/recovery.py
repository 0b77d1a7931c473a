"""Forgotten passwords."""

from __future__ import annotations

from django.http import HttpResponse

from cognito_app.errors import ServiceError
from cognito_app.pages import flow, identify
from cognito_app.pages.site import Visit, page
from cognito_app.services import recovery


@page
def forgot_password(visit: Visit) -> HttpResponse:
    """Ask for the sign-in name and send a code."""
    _, client = visit.read_authorize()
    label, kind = identify.label_of(visit)
    username = visit.field("username").strip()[:128]
    if not visit.is_post or not username:
        return visit.render("forgot_password", label=label, input_type=kind, username=username)
    try:
        details = recovery.forgot(visit.site.pool, client, flow.actor(visit), username=username)
    except ServiceError as error:
        return visit.render("forgot_password", label=label, input_type=kind, username=username, message=error.message)
    return visit.render("reset_password", username=username, destination=details.destination)


@page
def confirm_forgot_password(visit: Visit) -> HttpResponse:
    """Take the code and the new password."""
    _, client = visit.read_authorize()
    username = visit.field("username")
    if not visit.is_post:
        response = HttpResponse(status=302)
        response["Location"] = visit.link("forgotPassword")
        return response
    if visit.field("password") != visit.field("password_again"):
        return visit.render("reset_password", username=username, message="The passwords differ.")
    try:
        recovery.confirm_forgot(
            visit.site.pool,
            client,
            flow.actor(visit),
            username=username,
            code=visit.field("code").strip()[:64],
            password=visit.field("password")[:256],
        )
    except ServiceError as error:
        return visit.render("reset_password", username=username, message=error.message)
    response = HttpResponse(status=302)
    response["Location"] = visit.link("login") + "&notice=password_changed"
    return response
