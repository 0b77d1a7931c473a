"""Confirmation of an account, by code or by the link in a message."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from cognito_app.errors import ServiceError, UserLambdaValidationException
from cognito_app.models import PoolUser, user_rows
from cognito_app.pages import flow
from cognito_app.pages.site import Visit, page
from cognito_app.services import authorization, sign_up
from cognito_app.services.authorization import AuthorizeRequest
from cognito_app.services.config import ClientConfig
from cognito_app.services.sign_in import gates
from cognito_app.services.sign_in.state import open_session


def confirmation_page(visit: Visit, username: str, session: str, **context: Any) -> HttpResponse:
    """Show the form for the code; ``session`` lets this browser be signed in afterwards."""
    return visit.render("confirm", username=username, session=session, **context)


@page
def confirm(visit: Visit) -> HttpResponse:
    """Check the code and sign the user in."""
    request, client = visit.read_authorize()
    username, session = visit.field("username"), visit.field("session")
    if not visit.is_post:
        return confirmation_page(visit, username, session)
    pool = visit.site.pool
    code = visit.field("code").strip()
    try:
        if visit.field("action") == "resend":
            details = sign_up.resend(pool, client, flow.actor(visit), username=username)
            notice = f"We sent a new code to {details.destination}."
            return confirmation_page(visit, username, session, notice=notice)
        if not code:
            return confirmation_page(visit, username, session, message="Enter the code.")
        user = sign_up.confirm(pool, client, flow.actor(visit), username=username, code=code[:64])
    except ServiceError as error:
        return confirmation_page(visit, username, session, message=error.message)
    return sign_in_confirmed(visit, request, client, user, session)


def sign_in_confirmed(
    visit: Visit, request: AuthorizeRequest, client: ClientConfig, user: PoolUser, session: str
) -> HttpResponse:
    """Go on after the confirmation of an account: the session of its sign-up stands for the password."""
    context = flow.context(visit, client)
    try:
        opened = open_session(context, session, "SIGN_UP")
        fresh = user_rows.by_id(opened.user_id)
        if fresh is None or fresh.pk != user.pk or not fresh.enabled:
            raise ServiceError
        outcome = gates.second_factor(context, fresh, opened.methods, save=opened.spend)
    except ServiceError:
        response = HttpResponse(status=302)
        response["Location"] = visit.link("login")
        return response
    return flow.show(visit, request, outcome)


@page
def confirm_user(visit: Visit) -> HttpResponse:
    """Confirm by the link in a message; a second visit (mail scanners open links) is no error."""
    given = visit.request.GET
    client = authorization.client_of(visit.site.pool, str(given.get("client_id", "")))
    username, code = str(given.get("user_name", "")), str(given.get("confirmation_code", ""))
    if client is None:
        return visit.error("invalid_client")
    if not username or not code:
        return visit.error("invalid_request")
    try:
        sign_up.confirm(visit.site.pool, client, flow.actor(visit), username=username, code=code)
    except ServiceError as error:
        if isinstance(error, UserLambdaValidationException):
            # The account is confirmed nevertheless; people see what the function says, as at sign-up.
            return visit.render("confirmed", confirmed=True, message=error.message)
        if "Current status is CONFIRMED" not in error.message:
            return visit.render("confirmed", status=400, message="This link is no longer valid.")
    return visit.render("confirmed")
