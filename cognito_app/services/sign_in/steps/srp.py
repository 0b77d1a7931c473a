"""Sign-in by SRP: the client proves that it knows the password without sending it."""

from __future__ import annotations

from collections.abc import Mapping

from cognito_app.core import srp
from cognito_app.models import PoolUser, user_rows
from cognito_app.services import attempts, device_tracking, even_time, password_rules, users
from cognito_app.services.sign_in import custom_state, exchange, gates, hooks, srp_challenge, target
from cognito_app.services.sign_in.resume import has_name
from cognito_app.services.sign_in.state import Context, Outcome


def start(context: Context, parameters: Mapping[str, str]) -> Outcome:
    """Answer USERNAME and SRP_A with PASSWORD_VERIFIER; a name that nobody has gets made-up, constant values."""
    name = gates.parameter(parameters, "USERNAME")
    public_a = srp.parse_public_a(gates.parameter(parameters, "SRP_A"))
    with even_time.answering(context.client, step=even_time.EXCHANGE_STEP):
        user = users.find_or_none(context.pool, name)
        if user is None:
            gates.unknown_user(context)
        gates.check_enabled(context, user)
        pool = context.pool
        throttle_key = attempts.sign_in_key(pool.id, pool.fold(user.username if user else name))
        user = hooks.before(context, user, name, throttle_key)
        return srp_challenge.ask(context, user, name, public_a)


def answer(context: Context, session: str | None, answers: Mapping[str, str]) -> Outcome:
    """Check the client's signature over the shared key; the state is in SECRET_BLOCK, not in the session."""
    name = gates.parameter(answers, "USERNAME")
    signed = gates.signed(answers)
    opened = exchange.reopen(context, exchange.USER, signed.block)
    about = opened.about
    user = user_rows.by_id(about["u"]) if about["u"] is not None else None
    if not _is_same_name(context, opened, user, name) or not signed.is_recent:
        raise gates.wrong_password(context, user)
    # Before the block is spent: clients drop the device and send the same answer again.
    device_tracking.check_named(context.pool, user, context.device_key)
    throttle_key = attempts.sign_in_key(context.pool.id, context.pool.fold(user.username if user else about["t"]))
    proved = exchange.prove(
        context,
        opened,
        signed,
        throttle_key=throttle_key,
        verifier=password_rules.open_verifier(context.pool, user) if user else None,
        scope=context.pool.srp_name,
        identity=user.username if user else about["i"],
    )
    if not proved or user is None:
        raise gates.wrong_password(context, user)
    context.attempt.device_key = about.get("d")
    context.attempt.target = target.opened(about.get("a"))
    custom = custom_state.opened(about.get("x"))
    if custom is not None:
        context.attempt.custom = custom.passed("PASSWORD_VERIFIER")
    return gates.after_password(context, user, throttle_key)


def _is_same_name(context: Context, opened: exchange.Exchange, user: PoolUser | None, name: str) -> bool:
    """Clients answer under the name they were given; any other sign-in name of the same user is taken too."""
    fold = context.pool.fold
    if fold(name) in {fold(opened.about["i"]), fold(opened.about["t"])}:
        return True
    return user is not None and has_name(context.pool, user, name)
