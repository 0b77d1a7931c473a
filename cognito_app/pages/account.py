"""The sign-in page of a browser that is signed in: go on as this user, or as another."""

from __future__ import annotations

from django.http import HttpResponse

from cognito_app.models import BrowserSession, PoolUser
from cognito_app.pages import flow, identify
from cognito_app.pages.site import SESSION_COOKIE, Visit
from cognito_app.services import authorization, sessions, users
from cognito_app.services.authorization import AuthorizeRequest
from cognito_app.services.config import ClientConfig

CONTINUE, SWITCH = "continue", "switch"
ACTIONS = (CONTINUE, SWITCH)


def present(visit: Visit, request: AuthorizeRequest, client: ClientConfig) -> BrowserSession | None:
    """Return the browser session that answers the request without a new sign-in."""
    pool = visit.site.pool
    session = sessions.find(pool.id, visit.request.COOKIES.get(SESSION_COOKIE))
    return session if authorization.may_reuse(pool, client, request, session) else None


def show(visit: Visit, user: PoolUser) -> HttpResponse:
    """Ask whether to go on as the user."""
    unreadable = user.username == user.sub or users.is_federated(user)
    name = user.attributes.get("email") if unreadable else user.username
    return visit.render("account", username=name or user.attributes.get("phone_number") or user.username)


def answer(visit: Visit, request: AuthorizeRequest, client: ClientConfig) -> HttpResponse:
    """Go back to the application, or show the sign-in form; the old session stays until a new one replaces it."""
    session = present(visit, request, client) if visit.field("action") == CONTINUE else None
    if session is None:
        return identify.form(visit, client, username="")
    record = sessions.record_of(visit.site.pool, visit.request.COOKIES[SESSION_COOKIE])
    return flow.back(
        visit,
        request,
        session.user,
        session.authenticated_at,
        event_id=None,
        record=record,
        methods=session.methods,
    )
