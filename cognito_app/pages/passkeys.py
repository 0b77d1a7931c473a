"""The page where a signed-in user registers a passkey, or does not, on the way back to the application."""

from __future__ import annotations

import orjson
from django.http import HttpResponse
from django.utils.translation import gettext_noop as _

from cognito_app.errors import ServiceError
from cognito_app.models import BrowserSession
from cognito_app.pages import account, flow
from cognito_app.pages.site import ADD_PASSKEY, SESSION_COOKIE, Visit, page
from cognito_app.services import passkey_offer, passkeys, sessions
from cognito_app.services.authorization import AuthorizeRequest
from cognito_app.services.config import ClientConfig

NOT_MADE = _("The passkey could not be stored. Try again, or go on without it.")


@page
def add_passkey(visit: Visit) -> HttpResponse:
    """Show the page to a browser that is signed in, and take what it sends."""
    request, client = visit.read_authorize()
    if not passkey_offer.is_open(visit.site.pool, client, visit.origin, classic=visit.site.classic):
        return visit.error("passkeys_unavailable")
    if visit.is_post:
        return _answer(visit, request, client)
    token = visit.request.COOKIES.get(SESSION_COOKIE, "")
    session = account.present(visit, request, client)
    if session is None:
        return _to_login(visit)
    ticket = passkey_offer.ticket_of(request, token, None)
    return flow.add_passkey_page(visit, client, session.user, ticket)


def _answer(visit: Visit, request: AuthorizeRequest, client: ClientConfig) -> HttpResponse:
    pool, ticket = visit.site.pool, visit.field("ticket")
    token = visit.request.COOKIES.get(SESSION_COOKIE, "")
    found = passkey_offer.waiting(pool, request, token, ticket)
    if found is None:
        return _to_login(visit)
    if visit.field("action") != "skip":
        message = _register(visit, client, found.session)
        if message:
            return flow.add_passkey_page(visit, client, found.session.user, ticket, message)
    record = sessions.record_of(pool, token)
    session = found.session
    return flow.back(
        visit,
        request,
        session.user,
        session.authenticated_at,
        event_id=found.event_id,
        record=record,
        methods=session.methods,
    )


def _register(visit: Visit, client: ClientConfig, session: BrowserSession) -> str:
    """Store the passkey; returns what went wrong, if anything did."""
    try:
        document = orjson.loads(visit.field("credential"))
        passkeys.complete(visit.site.pool, client, flow.actor(visit), session.user, document=document)
    except (ServiceError, orjson.JSONDecodeError):
        return NOT_MADE
    return ""


def _to_login(visit: Visit) -> HttpResponse:
    response = HttpResponse(status=302)
    response["Location"] = visit.link("login")
    if visit.request.GET.get(ADD_PASSKEY) is None:
        response["Location"] += f"&{ADD_PASSKEY}=1"
    return response
