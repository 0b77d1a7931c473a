"""The engine as the pages drive it: a finished sign-in becomes a browser session and a code for the client."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import orjson
from django.http import HttpResponse

from cognito_app.core.http import client_ip
from cognito_app.models import PoolUser
from cognito_app.pages import challenges
from cognito_app.pages.site import SESSION_COOKIE, Visit
from cognito_app.services import authorization_answer, passkey_offer, passkeys, session_settings, sessions
from cognito_app.services.actor import Actor
from cognito_app.services.authorization import AuthorizeRequest
from cognito_app.services.config import ClientConfig
from cognito_app.services.sign_in.state import Challenge, Context, Outcome, Proof, SignedIn
from cognito_app.services.sign_in.target import Target


def actor(visit: Visit) -> Actor:
    """Return who visits, for events."""
    agent = visit.request.headers.get("User-Agent", "")[:512]
    return Actor(ip=client_ip(visit.request), user_agent=agent, direct=True)


def context(visit: Visit, client: ClientConfig) -> Context:
    """Return a sign-in whose end is a browser session."""

    def complete(proof: Proof) -> str:
        replaced = visit.request.COOKIES.get(SESSION_COOKIE)
        return sessions.start(pool, client, who, proof.user, proof.methods, proof.time, replaced=replaced)

    pool, who = visit.site.pool, actor(visit)
    made = Context(pool=pool, client=client, actor=who, complete=complete)
    if visit.authorize is not None and visit.authorize.levels:
        # Where a session goes on, what it says comes in place of this.
        made.attempt.target = Target(visit.authorize.levels)
    return made


def show(visit: Visit, request: AuthorizeRequest, outcome: Outcome) -> HttpResponse:
    """Answer with the form of the next challenge, or with the way back to the client."""
    if isinstance(outcome, Challenge):
        return challenges.show(visit, outcome)
    return finish(visit, request, outcome)


def finish(visit: Visit, request: AuthorizeRequest, signed_in: SignedIn) -> HttpResponse:
    """Set the session cookie and send the browser back with a code, or to the offer of a passkey before."""
    proof, pool = signed_in.proof, visit.site.pool
    if pool.session_limit is not None:
        # The browser forgets that cookie, whoever it belonged to.
        sessions.end(pool.id, visit.request.COOKIES.get(SESSION_COOKIE))
    response = _offer(visit, request, signed_in)
    if response is None:
        record = sessions.record_of(pool, signed_in.result)
        response = back(
            visit,
            request,
            proof.user,
            proof.time,
            event_id=proof.event_id,
            record=record,
            methods=proof.methods,
        )
    response.set_cookie(
        SESSION_COOKIE,
        signed_in.result,
        max_age=int(session_settings.browser_lifetime(pool).total_seconds()),
        path=visit.site.cookie_path,
        secure=visit.site.secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def back(
    visit: Visit,
    request: AuthorizeRequest,
    user: PoolUser,
    auth_time: datetime,
    *,
    event_id: str | None,
    record: str | None,
    methods: Iterable[str],
) -> HttpResponse:
    """Send the browser back to the client with a code, or with tokens."""
    client = visit.client
    assert client is not None
    response = HttpResponse(status=302)
    response["Location"] = authorization_answer.of_sign_in(
        visit.site.pool,
        client,
        actor(visit),
        request,
        user,
        auth_time,
        event_id=event_id,
        origin_session=record,
        methods=methods,
    )
    return response


def _offer(visit: Visit, request: AuthorizeRequest, signed_in: SignedIn) -> HttpResponse | None:
    """Offer a passkey to who has a new account, or came for one."""
    client = visit.client
    if client is None or not visit.wants_passkey:
        return None
    if not passkey_offer.is_open(visit.site.pool, client, visit.origin, classic=visit.site.classic):
        return None
    proof = signed_in.proof
    ticket = passkey_offer.ticket_of(request, signed_in.result, proof.event_id)
    return add_passkey_page(visit, client, proof.user, ticket)


def add_passkey_page(
    visit: Visit, client: ClientConfig, user: PoolUser, ticket: str, message: str = ""
) -> HttpResponse:
    """Show the page for a new passkey; ``ticket`` leads from it back to the client."""
    invitation = passkey_offer.invitation(visit.site.pool, client, user)
    if invitation is None:
        return visit.render("add_passkey", ticket=ticket, message=passkeys.TOO_MANY)
    options = orjson.dumps(passkeys.creation_options(user, invitation)).decode()
    return visit.render("add_passkey", ticket=ticket, passkey_options=options, message=message)
