"""The sign-in page, and what the forms of challenges send to it."""

from __future__ import annotations

from django.http import HttpResponse

from cognito_app.errors import ServiceError, UserNotConfirmedException
from cognito_app.pages import flow, mfa, step_up
from cognito_app.pages.confirm import confirmation_page
from cognito_app.pages.site import Visit, page
from cognito_app.services import users
from cognito_app.services.sign_in import engine
from cognito_app.services.sign_in.state import seal_session

CONFIRM = "SIGN_UP"
NOT_FINISHED = "This sign-in could not be finished. Sign in again."


def identifier_label(visit: Visit) -> tuple[str, str]:
    """Return the label and input type of the sign-in name."""
    names = visit.site.pool.username_attributes
    if names == {"email"}:
        return "Email address", "email"
    if names == {"phone_number"}:
        return "Phone number", "tel"
    return ("Email or phone number" if names else "Username"), "text"


@page
def login(visit: Visit) -> HttpResponse:
    """Show the form, or check what was sent."""
    request, client = visit.read_authorize()
    if not visit.is_post:
        stepping_up = step_up.show(visit, request, client)
        if stepping_up is not None:
            return stepping_up
        return _form(visit, username=str(visit.request.GET.get("login_hint", ""))[:128])
    if visit.field("challenge") == "NEW_PASSWORD_REQUIRED":
        return _new_password(visit)
    if visit.field("challenge") in mfa.CHALLENGES or visit.field("challenge") == step_up.CHALLENGE:
        try:
            if visit.field("challenge") == step_up.CHALLENGE:
                return step_up.answer(visit, request, client) or _form(visit, username="", message=NOT_FINISHED)
            return mfa.answer(visit, request, client)
        except ServiceError as error:
            return _form(visit, username="", message=NOT_FINISHED if "session" in error.message else error.message)
    username, password = visit.field("username").strip(), visit.field("password")
    if not username or not password:
        return _form(visit, username=username, message="Enter your sign-in name and password.")
    context = flow.context(visit, client)
    try:
        outcome = engine.start(context, "USER_PASSWORD_AUTH", {"USERNAME": username, "PASSWORD": password})
    except UserNotConfirmedException:
        # Raised only after a right password, so this browser may go on to confirm and be signed in.
        user = users.find(visit.site.pool, username)
        return confirmation_page(visit, username, seal_session(context, CONFIRM, user, ("pwd",)))
    except ServiceError as error:
        return _form(visit, username=username, message=error.message)
    return flow.show(visit, request, outcome)


def _form(visit: Visit, *, username: str, message: str = "") -> HttpResponse:
    label, kind = identifier_label(visit)
    return visit.render(
        "login",
        username=username,
        label=label,
        input_type=kind,
        message=message,
        notice=visit.request.GET.get("notice") == "password_changed",
        sign_up=not visit.site.pool.admin_create_only,
        recovery=visit.site.pool.recovery != ("admin_only",),
    )


def _new_password(visit: Visit) -> HttpResponse:
    request, client = visit.read_authorize()
    username, session = visit.field("username"), visit.field("session")
    first, second = visit.field("password"), visit.field("password_again")
    if first != second:
        return visit.render("new_password", session=session, username=username, message="The passwords differ.")
    try:
        outcome = engine.respond(
            flow.context(visit, client),
            "NEW_PASSWORD_REQUIRED",
            session,
            {"USERNAME": username, "NEW_PASSWORD": first},
        )
    except ServiceError as error:
        if "session" in error.message:
            return _form(visit, username=username, message="Something went wrong")
        return visit.render("new_password", session=session, username=username, message=error.message)
    return flow.show(visit, request, outcome)
