"""Confirming, showing, remembering and forgetting devices.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-device-tracking.html
"""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

import orjson
from django.db import transaction

from cognito_app.core import clock, keyring, srp
from cognito_app.errors import (
    DeviceKeyExistsException,
    InvalidParameterException,
    InvalidUserPoolConfigurationException,
    ResourceNotFoundException,
)
from cognito_app.models import Device, PoolUser, RefreshToken
from cognito_app.models.base import claim
from cognito_app.services import device_tracking, keyset
from cognito_app.services.actor import Actor, audit
from cognito_app.services.config import PoolConfig

LARGEST_PAGE = 60
MAX_BASE64 = 1024
SALT_BITS = 512
NOT_TRACKED = "User pool does not have device tracking turned on."


class Secret(NamedTuple):
    """What a confirmed device proves its password against."""

    group_key: str
    verifier: srp.Verifier


def check_tracked(pool: PoolConfig) -> None:
    """Raises InvalidUserPoolConfigurationException where the pool tracks no devices."""
    if not pool.devices:
        raise InvalidUserPoolConfigurationException(NOT_TRACKED)


def confirm(
    pool: PoolConfig, actor: Actor, user: PoolUser, *, key: str, name: str, salt: str | None, verifier: str | None
) -> bool:
    """Take a device's salt and SRP verifier (base64 of big-endian numbers); it is remembered at once unless the pool
    lets the user choose. Returns whether the user must be asked.

    Raises InvalidUserPoolConfigurationException, InvalidParameterException, ResourceNotFoundException or
    DeviceKeyExistsException.
    """
    check_tracked(pool)
    secret = Secret(device_tracking.group_key(pool), _read_verifier(salt, verifier))
    row = device_tracking.find(user, key)
    if row is None:
        raise ResourceNotFoundException(device_tracking.UNKNOWN)
    asks = bool(pool.devices.get("DeviceOnlyRememberedOnUserPrompt"))
    now = clock.now()
    with transaction.atomic():
        waiting = Device.objects.filter(pk=key, user=user, confirmed_at=None)
        confirmed = claim(
            waiting,
            name=name,
            verifier_sealed=_seal(key, secret),
            remembered=not asks,
            confirmed_at=now,
            modified_at=now,
        )
        if confirmed:
            audit(actor, "ConfirmDevice", pool_id=pool.id, subject=user.sub, device=key)
    if not confirmed:
        raise DeviceKeyExistsException("Device already exists with this device key.")
    return asks


def _read_verifier(salt: str | None, verifier: str | None) -> srp.Verifier:
    if not salt or not verifier:
        raise InvalidParameterException("Missing required parameter DeviceSecretVerifierConfig")
    numbers = srp.Verifier(salt=_number(salt, "Salt"), v=_number(verifier, "PasswordVerifier"))
    if numbers.salt.bit_length() > SALT_BITS:
        raise InvalidParameterException("Salt is too long.")
    if not 0 < numbers.v < srp.N:
        raise InvalidParameterException("PasswordVerifier is not valid.")
    return numbers


def _number(text: str, member: str) -> int:
    try:
        if len(text) > MAX_BASE64:
            raise ValueError
        return int.from_bytes(base64.b64decode(text, validate=True), "big")
    except (binascii.Error, ValueError):
        raise InvalidParameterException(f"{member} is not valid base64.") from None


def _seal(key: str, secret: Secret) -> bytes:
    document = {"g": secret.group_key, "s": f"{secret.verifier.salt:x}", "v": f"{secret.verifier.v:x}"}
    return keyring.seal(orjson.dumps(document), aad=f"device:{key}".encode())


def open_secret(row: Device) -> Secret:
    """Return what a confirmed device proves its password against."""
    assert row.verifier_sealed is not None
    document = orjson.loads(keyring.unseal(bytes(row.verifier_sealed), aad=f"device:{row.key}".encode()))
    return Secret(document["g"], srp.Verifier(salt=int(document["s"], 16), v=int(document["v"], 16)))


def find(pool: PoolConfig, user: PoolUser | None, key: str) -> Device:
    """Return a confirmed device of the user; one that still waits for its confirmation is not shown.

    Raises InvalidUserPoolConfigurationException or ResourceNotFoundException.
    """
    check_tracked(pool)
    row = device_tracking.find(user, key)
    if row is None or row.confirmed_at is None:
        raise ResourceNotFoundException(device_tracking.UNKNOWN)
    return row


def page(
    pool: PoolConfig, user: PoolUser, *, operation: str, limit: int | None, token: str | None
) -> tuple[list[Device], str | None]:
    """Return a page of the user's confirmed devices, oldest first, and the token of the next.

    Raises InvalidUserPoolConfigurationException or InvalidParameterException.
    """
    check_tracked(pool)
    rows = Device.objects.filter(user=user).exclude(confirmed_at=None)
    return keyset.by_age(rows, scope=f"{operation}:{user.pk}", limit=limit or LARGEST_PAGE, token=token)


def set_remembered(
    pool: PoolConfig, actor: Actor, user: PoolUser, key: str, *, status: str | None, action: str
) -> None:
    """Let a device stand for the second factor (``remembered``) or not (``not_remembered``); None changes nothing.

    Raises InvalidUserPoolConfigurationException or ResourceNotFoundException.
    """
    find(pool, user, key)
    if status is None:
        return
    with transaction.atomic():
        rows = Device.objects.filter(pk=key, user=user)
        if not claim(rows, remembered=status == "remembered", modified_at=clock.now()):
            raise ResourceNotFoundException(device_tracking.UNKNOWN)
        audit(actor, action, pool_id=pool.id, subject=user.sub, device=key, status=status)


def forget(pool: PoolConfig, actor: Actor, user: PoolUser, key: str, *, action: str) -> None:
    """Delete a device and end the refresh tokens of its sign-ins; access tokens stay good until they expire.

    Raises InvalidUserPoolConfigurationException or ResourceNotFoundException.
    """
    find(pool, user, key)
    with transaction.atomic():
        deleted, _ = Device.objects.filter(pk=key, user=user).delete()
        if not deleted:
            raise ResourceNotFoundException(device_tracking.UNKNOWN)
        # After the row is gone: a sign-in in parallel has either stored its token by now, or finds no device.
        families = RefreshToken.objects.filter(user=user, ended_at=None, revoked_at=None)
        families.filter(**{f"details__{device_tracking.DETAIL}": key}).update(ended_at=clock.now())
        audit(actor, action, pool_id=pool.id, subject=user.sub, device=key)
