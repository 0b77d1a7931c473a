"""Where a remembered device stands for the second factor: the challenge that asks for its proof."""

from __future__ import annotations

from cognito_app.core import keyring
from cognito_app.models import Device, PoolUser
from cognito_app.services import device_tracking
from cognito_app.services.sign_in.state import Challenge, Context, seal_session

CHALLENGE = "DEVICE_SRP_AUTH"


def offer(context: Context, user: PoolUser, methods: tuple[str, ...]) -> Challenge | None:
    """Return DEVICE_SRP_AUTH if the client named a remembered device of this user, and the pool lets it stand for MFA.

    The session is kept with the device too: pycognito does not send it back (spec/clients.md 44).
    """
    key = context.device
    if not key or not context.pool.devices.get("ChallengeRequiredOnNewDevice"):
        return None
    if device_tracking.remembered(user, key) is None:
        return None
    session = seal_session(context, CHALLENGE, user, methods)
    sealed = keyring.seal(session.encode(), aad=_place(key))
    Device.objects.filter(pk=key, user=user).update(offer_sealed=sealed, last_ip=context.actor.ip[:64])
    return Challenge(name=CHALLENGE, parameters={"USERNAME": user.username, "DEVICE_KEY": key}, session=session)


def kept_session(context: Context, row: Device | None) -> str | None:
    """Return the session of the last offer to a device, for a client that asks from the same address."""
    if row is None or row.offer_sealed is None or row.last_ip != context.actor.ip[:64]:
        return None
    try:
        return keyring.unseal(bytes(row.offer_sealed), aad=_place(row.key)).decode()
    except keyring.SealError:
        return None


def _place(key: str) -> bytes:
    return f"device-offer:{key}".encode()
