"""Sign-in by a password that travels in the request."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cognito_app.core import passwords
from cognito_app.models import PoolUser
from cognito_app.services import attempts, device_tracking, guess_sources, password_rules, users
from cognito_app.services.sign_in import gates, hooks, risk
from cognito_app.services.sign_in.state import Context, Outcome


def start(context: Context, parameters: Mapping[str, str], spend: Callable[[], None] | None = None) -> Outcome:
    """Check USERNAME and PASSWORD, in the order of spec/user-pools.md 6.3.

    ``spend`` uses up the session of a choice: a try, right or wrong, ends it.
    """
    name = gates.parameter(parameters, "USERNAME")
    password = gates.parameter(parameters, "PASSWORD")
    user = users.find_or_none(context.pool, name)
    pool = context.pool
    throttle_key = attempts.sign_in_key(pool.id, pool.fold(user.username if user else name))
    counted = user is None and hooks.migrates(context)
    if counted:
        guess_sources.check(context.client, context.actor)
        # The function guesses for the caller: each question to it counts as a try, under the name that was typed.
        attempts.claim_sign_in(throttle_key)
        user = hooks.migrate(context, name, password)
    if user is None:
        gates.unknown_user(context)
    gates.check_enabled(context, user)
    device_tracking.check_named(context.pool, user, context.device_key)
    if spend is not None:
        spend()
    user = hooks.before(context, user, name, None if counted else throttle_key)
    with passwords.slot():
        # Counted inside the slot: what waits for a processor is no attempt yet.
        if not counted:
            guess_sources.check(context.client, context.actor)
            attempts.claim_sign_in(throttle_key)
        right = passwords.check(user.password_hash if user else None, password)
    if user is None or not right:
        raise gates.wrong_password(context, user)
    risk.look_at_password(context, password)
    password_rules.adopt_imported(pool, user, password)
    return gates.after_password(context, user, throttle_key, save=_verifier_saver(context, user, password))


def _verifier_saver(context: Context, user: PoolUser, password: str) -> Callable[[], None] | None:
    """SRP needs a verifier, and the plain password is here to make one if it is missing."""
    if user.srp_verifier is not None:
        return None
    verifier = password_rules.seal_verifier(context.pool, user.username, password)
    rows = PoolUser.objects.filter(pk=user.pk, password_hash=user.password_hash)

    def save() -> None:
        rows.update(srp_verifier=verifier)

    return save
