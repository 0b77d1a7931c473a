"""Devices as sign-ins and refreshes see them: the key a sign-in gets, the key a client names.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-device-tracking.html
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from cognito_app.core import clock, ids, keyring
from cognito_app.errors import NotAuthorizedException, ResourceNotFoundException
from cognito_app.models import Device, PoolUser
from cognito_app.models.base import claim
from cognito_app.services.actor import Actor
from cognito_app.services.config import PoolConfig

UNKNOWN = "Device does not exist."
DETAIL = "device"
"""Where a refresh token's ``details`` name the device of its sign-in."""
MAX_UNCONFIRMED = 10
_KEY = re.compile(r"[\w-]{1,18}_[0-9a-f-]{36}", re.ASCII)


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """The confirmed device of a sign-in."""

    key: str


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A device that a sign-in was given; it counts once the client has confirmed it."""

    key: str
    group_key: str


def group_key(pool: PoolConfig) -> str:
    """Return the pool's DeviceGroupKey: it follows from the master key, ConfirmDevice keeps it with the verifier."""
    digest = base64.b32encode(keyring.mac("device-group", pool.id.encode())).decode()
    return "-" + digest[:8]


def find(user: PoolUser | None, key: str) -> Device | None:
    """Return a device of this user, confirmed or not; another user's key is as unknown as any other."""
    if not _KEY.fullmatch(key):
        return None
    row = Device.objects.filter(pk=key).first()
    return row if row is not None and user is not None and row.user_id == user.pk else None


def is_known(pool: PoolConfig, user: PoolUser | None, key: str | None) -> bool:
    """Whether a client named a device of this user; without a query where devices are not tracked."""
    return bool(key and pool.devices) and find(user, key or "") is not None


def check_named(pool: PoolConfig, user: PoolUser | None, key: str | None) -> None:
    """Refuse an unknown or forgotten DEVICE_KEY, so that the client drops it and starts anew.

    A user who does not exist has no devices: the answer is the same for every name.
    Raises ResourceNotFoundException.
    """
    if key and pool.devices and not is_known(pool, user, key):
        raise ResourceNotFoundException(UNKNOWN)


def remembered(user: PoolUser, key: str) -> Device | None:
    """Return the device if it can stand for the second factor of this user."""
    row = find(user, key)
    return row if row is not None and row.confirmed_at is not None and row.remembered else None


def at_sign_in(pool: PoolConfig, user: PoolUser, key: str | None, actor: Actor) -> KnownDevice | NewDevice | None:
    """Record a sign-in from a device, or give it a new one. Call it in the transaction that ends the sign-in.

    Returns None where devices are not tracked.
    """
    if not pool.devices:
        return None
    now, ip = clock.now(), actor.ip[:64]
    if key and _KEY.fullmatch(key):
        rows = Device.objects.filter(pk=key, user=user)
        seen = {"last_authenticated_at": now, "last_ip": ip, "offer_sealed": None}
        if claim(rows.exclude(confirmed_at=None), **seen):
            return KnownDevice(key)
        if claim(rows, **seen):
            return NewDevice(key, group_key(pool))
    _drop_surplus(user)
    made = Device.objects.create(
        key=ids.device_key(pool.region),
        user=user,
        last_ip=ip,
        created_at=now,
        modified_at=now,
        last_authenticated_at=now,
    )
    return NewDevice(made.key, group_key(pool))


def _drop_surplus(user: PoolUser) -> None:
    """Keep the devices that wait for their confirmation few."""
    waiting = Device.objects.filter(user=user, confirmed_at=None).order_by("-created_at", "-key")
    surplus = list(waiting.values_list("key", flat=True)[MAX_UNCONFIRMED - 1 :])
    if surplus:
        Device.objects.filter(key__in=surplus, confirmed_at=None).delete()


def check_refresh(pool: PoolConfig, user: PoolUser, *, bound_to: str | None, sent: str | None) -> None:
    """Refuse to renew the tokens of a confirmed device without its key.

    A device that was never confirmed binds nothing; forgetting one has ended its tokens already.
    Raises NotAuthorizedException.
    """
    if not bound_to or not pool.devices or sent == bound_to:
        return
    row = find(user, bound_to)
    if row is not None and row.confirmed_at is not None:
        raise NotAuthorizedException("Invalid Refresh Token")
