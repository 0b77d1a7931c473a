"""The end of a sign-in, when every challenge was passed."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from cognito_app.core import clock
from cognito_app.models import PoolUser
from cognito_app.services import attempts
from cognito_app.services.sign_in import hooks, progress, risk, standing
from cognito_app.services.sign_in.state import Context, Proof, SignedIn


def end(
    context: Context,
    user: PoolUser,
    methods: tuple[str, ...],
    *,
    throttle_key: str | None = None,
    save: Callable[[], None] | None = None,
) -> SignedIn:
    """Store the event and the tokens or browser session, in the transaction that spends what was answered.

    In a pool with PostAuthentication the answer is spent first and the function asked then: an answer leads to one
    call, and no transaction is open while it runs.
    Raises NotAuthorizedException, and the errors of triggers.
    """
    risk.check_source(context, user.username)
    if hooks.has_after(context):
        settle(throttle_key, save)
        throttle_key = save = None
        user = hooks.after(context, user, methods)
    proof = Proof(
        user=user, methods=methods, time=clock.now(), event_id=context.attempt.event_id, device_key=context.device
    )
    with transaction.atomic():
        if save is not None:
            save()
        standing.check_still(user)
        if throttle_key is not None:
            attempts.clear_sign_in(throttle_key)
        progress.passed(context, user, methods)
        result = context.complete(proof)
    return SignedIn(proof=proof, result=result)


def settle(throttle_key: str | None, save: Callable[[], None] | None) -> None:
    """Store what a right answer brought, and forget the wrong ones before it."""
    if throttle_key is None and save is None:
        return
    with transaction.atomic():
        if save is not None:
            save()
        if throttle_key is not None:
            attempts.clear_sign_in(throttle_key)
