"""Sign-in by SRP: the client proves that it knows the password without sending it."""

from __future__ import annotations

from collections.abc import Mapping

from cognito_app.core import keyring, srp
from cognito_app.models import PoolUser, user_rows
from cognito_app.services import attempts, device_tracking, password_rules, users
from cognito_app.services.sign_in import exchange, gates, hooks
from cognito_app.services.sign_in.state import Challenge, Context, Outcome


def start(context: Context, parameters: Mapping[str, str]) -> Outcome:
    """Answer USERNAME and SRP_A with PASSWORD_VERIFIER; a name that nobody has gets made-up, constant values."""
    name = gates.parameter(parameters, "USERNAME")
    public_a = srp.parse_public_a(gates.parameter(parameters, "SRP_A"))
    user = users.find_or_none(context.pool, name)
    if user is None:
        gates.unknown_user(context)
    gates.check_enabled(context, user)
    pool = context.pool
    throttle_key = attempts.sign_in_key(pool.id, pool.fold(user.username if user else name))
    user = hooks.before(context, user, name, throttle_key)
    # Made for everybody, so that it takes as long for those who exist.
    simulated = srp.simulated(_seed(context, name))
    verifier = password_rules.open_verifier(context.pool, user) if user else None
    shown = verifier or simulated
    identity = user.username if user else _simulated_identity(context, name)
    about = {"i": identity, "t": name, "u": user.pk if user else None}
    if device_tracking.is_known(context.pool, user, context.device_key):
        # An unknown device is refused with the answer, where clients look for that.
        about["d"] = context.device_key
    begun = exchange.begin(context, public_a, shown.v, about)
    return Challenge(
        name="PASSWORD_VERIFIER",
        parameters={
            "SALT": srp.to_hex(shown.salt),
            "SECRET_BLOCK": exchange.seal(context, exchange.USER, begun),
            "SRP_B": srp.to_hex(begun.keys.B),
            "USERNAME": identity,
            "USER_ID_FOR_SRP": identity,
        },
    )


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
    return gates.after_password(context, user, throttle_key)


def _is_same_name(context: Context, opened: exchange.Exchange, user: PoolUser | None, name: str) -> bool:
    """Clients answer under the name they were given; any other sign-in name of the same user is taken too."""
    fold = context.pool.fold
    known = {fold(opened.about["i"]), fold(opened.about["t"])}
    if user is not None:
        known |= {fold(alias) for alias in users.active_aliases(context.pool, user).values()}
    return fold(name) in known


def _seed(context: Context, name: str) -> bytes:
    return f"{context.pool.id}:{context.pool.fold(name)}".encode("utf-8", "surrogatepass")


def _simulated_identity(context: Context, name: str) -> str:
    """Where user names are visible identifiers the typed one is shown, else something that looks like a ``sub``."""
    if context.pool.username_attributes or users.contact_kind(name):
        digest = keyring.mac("srp-simulated-identity", _seed(context, name)).hex()
        return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"
    return name
