"""A browser that is signed in, but not as far as the client asks (``acr_values``): only what is missing is asked.

The page itself sends nothing: following a link must not make a code.
"""

from __future__ import annotations

from django.http import HttpResponse

from cognito_app.models import PoolUser
from cognito_app.pages import challenges, flow
from cognito_app.pages.site import SESSION_COOKIE, Visit
from cognito_app.services import acr, authorization, sessions
from cognito_app.services.authorization import AuthorizeRequest
from cognito_app.services.config import ClientConfig
from cognito_app.services.mfa_rules import Decision, Kind
from cognito_app.services.sign_in import engine, step_up
from cognito_app.services.sign_in.state import Context
from cognito_app.services.sign_in.target import Target

CHALLENGE = "STEP_UP"


def show(visit: Visit, request: AuthorizeRequest, client: ClientConfig) -> HttpResponse | None:
    """Offer the second factors that are missing; None where the whole sign-in is due."""
    found = _missing(visit, request, client)
    if found is None:
        return None
    _, user, factors = found
    return challenges.choice(visit, CHALLENGE, "", user.username, factors, signed_in=True)


def answer(visit: Visit, request: AuthorizeRequest, client: ClientConfig) -> HttpResponse | None:
    """Go on with the factor that was chosen; None as ``show``. Raises what the engine raises."""
    found = _missing(visit, request, client)
    chosen = visit.field("answer")
    if found is None or chosen not in found[2]:
        return None
    context, user, _ = found
    return flow.show(visit, request, engine.go_further(context, user, Decision(Kind.CHALLENGE, (chosen,))))


def _missing(
    visit: Visit, request: AuthorizeRequest, client: ClientConfig
) -> tuple[Context, PoolUser, tuple[str, ...]] | None:
    pool = visit.site.pool
    session = sessions.find(pool.id, visit.request.COOKIES.get(SESSION_COOKIE)) if request.levels else None
    if session is None or not authorization.is_recent(pool, client, request, session):
        return None
    context = flow.context(visit, client)
    context.attempt.target = Target(request.levels, acr.factors_in(session.methods))
    decision = step_up.next_second(context, session.user)
    return None if decision is None else (context, session.user, decision.factors)
