"""The engine as the pages drive it: a finished sign-in becomes a browser session and a code for the client."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpResponse

from cognito_app.core.http import client_ip
from cognito_app.pages import challenges
from cognito_app.pages.site import SESSION_COOKIE, Visit
from cognito_app.services import authorization, session_settings, sessions
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
    """Set the session cookie and send the browser back with a code."""
    proof, pool = signed_in.proof, visit.site.pool
    if pool.session_limit is not None:
        # The browser forgets that cookie, whoever it belonged to.
        sessions.end(pool.id, visit.request.COOKIES.get(SESSION_COOKIE))
    record = sessions.record_of(pool, signed_in.result)
    code = authorization.issue_code(
        pool,
        request,
        proof.user,
        proof.time,
        event_id=proof.event_id,
        origin_session=record,
        methods=proof.methods,
    )
    parameters = {"code": code}
    if request.state is not None:
        parameters["state"] = request.state
    separator = "&" if "?" in request.redirect_uri else "?"
    response = HttpResponse(status=302)
    response["Location"] = request.redirect_uri + separator + urlencode(parameters)
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
