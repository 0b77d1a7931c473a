"""Confirmation of an account, by code or by the link in a message."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext_noop as _

from cognito_app.errors import ServiceError, UserLambdaValidationException
from cognito_app.models import PoolUser, user_rows
from cognito_app.pages import flow, identify
from cognito_app.pages.site import Visit, page, told
from cognito_app.services import authorization, confirmation_link, pool_profile, sign_up
from cognito_app.services.authorization import AuthorizeRequest
from cognito_app.services.config import ClientConfig
from cognito_app.services.sign_in import auto, engine, gates
from cognito_app.services.sign_in.state import Challenge, open_session


def confirmation_page(
    visit: Visit, username: str, session: str, *, sign_up_session: str = "", **context: Any
) -> HttpResponse:
    """Show the form for the code; a session lets this browser be signed in afterwards.

    ``session`` stands for a right password, ``sign_up_session`` is of a sign-up without one.
    """
    destination = context.pop("destination", "") or visit.field("destination")[:64]
    return visit.render(
        "confirm",
        username=username,
        session=session,
        sign_up_session=sign_up_session,
        destination=destination,
        **context,
    )


@page
def confirm(visit: Visit) -> HttpResponse:
    """Check the code and sign the user in."""
    request, client = visit.read_local()
    username, session = visit.field("username").strip()[:128], visit.field("session")
    sign_up_session = visit.field("sign_up_session")
    if not username:
        # Reached by its address: who is to be confirmed is known after the password, or is not told by it.
        return _ask_name(visit) if pool_profile.of(visit.site.pool).hardened else to_login(visit)

    def again(**context: Any) -> HttpResponse:
        return confirmation_page(visit, username, session, sign_up_session=sign_up_session, **context)

    if not visit.is_post:
        return again()
    pool = visit.site.pool
    code = "".join(visit.field("code").split())
    try:
        if visit.field("action") == "resend":
            details = sign_up.resend(pool, client, flow.actor(visit), username=username)
            return again(notice=f"We sent a new code to {details.destination}.", destination=details.destination)
        if not code:
            return again(message=_("Enter the code."))
        proved = auto.check(client, sign_up_session)
        user = sign_up.confirm(pool, client, flow.actor(visit), username=username, code=code[:64])
    except ServiceError as error:
        return again(message=told(error))
    visit.confirmed_account = True
    if sign_up_session:
        return _sign_in_by_code(visit, request, client, user, auto.after_confirmation(pool, client, proved, user))
    return sign_in_confirmed(visit, request, client, user, session)


def _ask_name(visit: Visit) -> HttpResponse:
    """Ask for the name too: a hardened pool's sign-in does not say that an account waits for its confirmation."""
    label, kind = identify.label_of(visit)
    message = identify.NO_NAME if visit.is_post else ""
    return confirmation_page(visit, "", "", label=label, input_type=kind, message=message)


@page
def resend_code(visit: Visit) -> HttpResponse:
    """Send a new code: what the button of the form does, at an address of its own."""
    _, client = visit.read_local()
    username, session = visit.field("username"), visit.field("session")
    if not visit.is_post or not username:
        hardened = pool_profile.of(visit.site.pool).hardened
        return _ask_name(visit) if hardened and visit.is_post else to_login(visit)
    given = {"session": session, "sign_up_session": visit.field("sign_up_session")}
    try:
        details = sign_up.resend(visit.site.pool, client, flow.actor(visit), username=username)
    except ServiceError as error:
        return confirmation_page(visit, username, **given, message=told(error))
    sent_to = details.destination
    return confirmation_page(visit, username, **given, notice=f"We sent a new code to {sent_to}.", destination=sent_to)


def to_login(visit: Visit, notice: str = "") -> HttpResponse:
    """Go to the sign-in page."""
    response = HttpResponse(status=302)
    response["Location"] = visit.link("login") + (f"&notice={notice}" if notice else "")
    return response


def _sign_in_by_code(
    visit: Visit, request: AuthorizeRequest, client: ClientConfig, user: PoolUser, session: str | None
) -> HttpResponse:
    """The code of a sign-up without a password is the first factor, where the pool takes such codes."""
    if session is None:
        return to_login(visit, notice="confirmed")
    context = replace(flow.context(visit, client), session=session)
    try:
        outcome = engine.start(context, "USER_AUTH", {"USERNAME": user.username})
    except ServiceError:
        return to_login(visit, notice="confirmed")
    if isinstance(outcome, Challenge) and outcome.available:
        return to_login(visit, notice="confirmed")
    return flow.show(visit, request, outcome)


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
        return to_login(visit, notice="confirmed")
    return flow.show(visit, request, outcome)


@page
def confirm_user(visit: Visit) -> HttpResponse:
    """Confirm by the link in a message, as Cognito does; a second visit (mail scanners open links) is no error."""
    given = visit.request.GET
    client = authorization.client_of(visit.site.pool, str(given.get("client_id", "")))
    username, code = str(given.get("user_name", "")), str(given.get("confirmation_code", ""))
    if client is None:
        return visit.error("invalid_client")
    if not username or not code:
        return visit.error("invalid_request")
    try:
        now = confirmation_link.follow(visit.site.pool, client, flow.actor(visit), username=username, code=code)
    except UserLambdaValidationException as error:
        # The account is confirmed nevertheless; people see what the function says, as at sign-up.
        return visit.render("confirmed", confirmed=True, message=error.message)
    except ServiceError:
        return visit.render("confirmed", status=400, message=_("This link is no longer valid."))
    return visit.render("confirmed", already=not now)
