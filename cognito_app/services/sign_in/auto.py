"""From sign-up straight to signed in: the session that SignUp, ConfirmSignUp and InitiateAuth hand on.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html
("Automatic sign-in with OTPs")
"""

from __future__ import annotations

from cognito_app.core import ids
from cognito_app.errors import NotAuthorizedException
from cognito_app.models import PoolUser
from cognito_app.services import attempts, auth_factors, delivery, tiers
from cognito_app.services.attributes import VERIFIED_FLAGS
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.sign_in import gates, hooks, risk
from cognito_app.services.sign_in.resume import has_name, user_of
from cognito_app.services.sign_in.state import (
    EXPIRED_SESSION,
    INVALID_SESSION,
    Context,
    Outcome,
    Session,
    open_any_session,
    open_session,
    seal_session_for,
)

SIGNED_UP = "USER_AUTH:SIGNED_UP"
CONFIRMED = "USER_AUTH:CONFIRMED"
METHODS = {"email": ("email_otp",), "phone_number": ("sms",)}


def after_sign_up(pool: PoolConfig, client: ClientConfig, user: PoolUser) -> str | None:
    """Return the session of SignUp, for clients with choice-based sign-in."""
    return _seal(client, SIGNED_UP, user) if is_on(pool, client) else None


def check(client: ClientConfig, text: str | None) -> Session | None:
    """Return the session that ConfirmSignUp was given; one that took too long is as good as none sent.

    Raises NotAuthorizedException for one that is altered or foreign.
    """
    if not text:
        return None
    try:
        session = open_any_session(text, SIGNED_UP)
    except NotAuthorizedException as error:
        if error.message == EXPIRED_SESSION:
            return None
        raise
    if session.client_id != client.id:
        raise NotAuthorizedException(INVALID_SESSION)
    return session


def after_confirmation(pool: PoolConfig, client: ClientConfig, session: Session | None, user: PoolUser) -> str | None:
    """Return the session of ConfirmSignUp: it stands for the contact that the code went to.

    The code is the proof. A session of SignUp is optional (Amplify sends none), but not that of somebody else.
    """
    contact = delivery.to_verify_at_sign_up(pool, user)
    if contact is None or not is_on(pool, client):
        return None
    if session is not None and session.user_id != user.pk:
        return None
    if user.attributes.get(VERIFIED_FLAGS[contact]) != "true":
        return None
    return _seal(client, CONFIRMED, user, contact)


def finish(context: Context, text: str, name: str) -> Outcome | None:
    """Sign in by the session of ConfirmSignUp, once; None if the pool takes no such code as a first factor.

    Raises NotAuthorizedException.
    """
    session = open_session(context, text, CONFIRMED)
    user = user_of(session)
    if not has_name(context.pool, user, name):
        raise NotAuthorizedException(INVALID_SESSION)
    contact = session.data["contact"]
    offered = auth_factors.available(context.pool, user)
    if not any(auth_factors.CONTACT_OF.get(factor) == contact for factor in offered):
        return None
    hooks.before(context, user, name)
    context.attempt.by_password = False
    risk.judge(context, user, attempts.first_factor_key(context.pool.id, user.sub))
    return gates.second_factor(context, user, METHODS[contact], save=session.spend)


def is_on(pool: PoolConfig, client: ClientConfig) -> bool:
    """Whether the client has choice-based sign-in, and the pool's feature plan too."""
    return "ALLOW_USER_AUTH" in client.flows and tiers.offers(pool.tier, tiers.CHOICE_BASED_SIGN_IN)


def _seal(client: ClientConfig, kind: str, user: PoolUser, contact: str = "") -> str:
    progress = {"v": ids.uuid4(), "f": False, "r": False, "d": None}
    return seal_session_for(client, kind, user, (), {"contact": contact}, progress=progress)
