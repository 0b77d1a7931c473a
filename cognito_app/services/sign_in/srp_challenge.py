"""The challenge PASSWORD_VERIFIER: the server's half of an SRP exchange over a password."""

from __future__ import annotations

from typing import Any

from cognito_app.core import keyring, srp
from cognito_app.models import PoolUser
from cognito_app.services import device_tracking, password_rules, users
from cognito_app.services.sign_in import custom_state, exchange, target
from cognito_app.services.sign_in.state import Challenge, Context


def ask(context: Context, user: PoolUser | None, name: str, public_a: int) -> Challenge:
    """Return PASSWORD_VERIFIER; a name that nobody has gets made-up, constant values."""
    # Made for everybody, so that it takes as long for those who exist.
    simulated = srp.simulated(_seed(context, name))
    verifier = password_rules.open_verifier(context.pool, user) if user else None
    shown = verifier or simulated
    identity = user.username if user else simulated_identity(context, name)
    about: dict[str, Any] = {"i": identity, "t": name, "u": user.pk if user else None}
    if device_tracking.is_known(context.pool, user, context.device):
        # An unknown device is refused with the answer, where clients look for that.
        about["d"] = context.device
    if context.attempt.custom is not None:
        about["x"] = custom_state.packed(context.attempt.custom)
    if context.attempt.target is not None:
        about["a"] = target.packed(context.attempt.target)
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


def _seed(context: Context, name: str) -> bytes:
    return f"{context.pool.id}:{context.pool.fold(name)}".encode("utf-8", "surrogatepass")


def simulated_identity(context: Context, name: str) -> str:
    """Where user names are visible identifiers the typed one is shown, else something that looks like a ``sub``.

    Where case does not matter it comes in the form that names are compared in, as an existing one does not echo either.
    """
    if context.pool.username_attributes or users.contact_kind(name):
        digest = keyring.mac("srp-simulated-identity", _seed(context, name)).hex()
        return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"
    return context.pool.fold(name)
