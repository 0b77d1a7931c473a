"""The proof of a remembered device: SRP over the secret that its client made up when it confirmed the device.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-device-tracking.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cognito_app.core import srp
from cognito_app.errors import NotAuthorizedException, ResourceNotFoundException
from cognito_app.models import Device, PoolUser, user_rows
from cognito_app.services import attempts, device_tracking, devices, users
from cognito_app.services.sign_in import exchange, gates, resume
from cognito_app.services.sign_in.state import (
    INVALID_SESSION,
    Challenge,
    Context,
    Outcome,
    Session,
    go_on,
    open_session,
    progress_of,
)
from cognito_app.services.sign_in.steps import device

CHALLENGE = "DEVICE_PASSWORD_VERIFIER"


def start(context: Context, session: str | None, answers: Mapping[str, str]) -> Outcome:
    """Answer DEVICE_KEY and SRP_A with DEVICE_PASSWORD_VERIFIER; the session stays good until that is answered.

    Raises InvalidUserPoolConfigurationException, ResourceNotFoundException for a device that is no longer remembered,
    NotAuthorizedException where no first factor was passed.
    """
    name = gates.parameter(answers, "USERNAME")
    key = gates.parameter(answers, "DEVICE_KEY")
    public_a = srp.parse_public_a(gates.parameter(answers, "SRP_A"))
    devices.check_tracked(context.pool)
    passed, user = _first_factor(context, session, name, key)
    if passed.progress["d"] != key:
        raise NotAuthorizedException(INVALID_SESSION)
    row = _remembered(user, key)
    verifier = devices.open_secret(row).verifier
    about = {"u": user.pk, "d": key, "m": passed.methods, "p": passed.password_mark, "g": progress_of(context)}
    begun = exchange.begin(context, public_a, verifier.v, about)
    # One first factor allows one proof: the block is spent under the session's own name.
    begun = replace(begun, nonce=passed.nonce, expires_at=passed.expires_at)
    return Challenge(
        name=CHALLENGE,
        parameters={
            "DEVICE_KEY": key,
            "SALT": srp.to_hex(verifier.salt),
            "SECRET_BLOCK": exchange.seal(context, exchange.DEVICE, begun),
            "SRP_B": srp.to_hex(begun.keys.B),
            "USERNAME": user.username,
        },
    )


def answer(context: Context, session: str | None, answers: Mapping[str, str]) -> Outcome:
    """Check the device's signature over the shared key, and end the sign-in.

    Raises NotAuthorizedException, or ResourceNotFoundException for a device forgotten meanwhile.
    """
    name = gates.parameter(answers, "USERNAME")
    key = gates.parameter(answers, "DEVICE_KEY")
    signed = gates.signed(answers)
    devices.check_tracked(context.pool)
    opened = exchange.reopen(context, exchange.DEVICE, signed.block)
    user = user_rows.by_id(opened.about["u"])
    if user is None or key != opened.about["d"] or not _is_name_of(context, user, name) or not signed.is_recent:
        raise gates.wrong_password(context, user)
    resume.check_user(user, opened.about["p"])
    go_on(context, opened.about["g"])
    secret = devices.open_secret(_remembered(user, key))
    throttle_key = attempts.device_key(context.pool.id, key)
    proved = exchange.prove(
        context,
        opened,
        signed,
        throttle_key=throttle_key,
        verifier=secret.verifier,
        scope=secret.group_key,
        identity=key,
    )
    if not proved:
        raise gates.wrong_password(context, user)
    return gates.finish(context, user, tuple(opened.about["m"]), throttle_key=throttle_key)


def _first_factor(context: Context, session: str | None, name: str, key: str) -> tuple[Session, PoolUser]:
    """Return the proof that the first factor was passed: the session, or what was kept with the device."""
    if session:
        passed = open_session(context, session, device.CHALLENGE)
        user = resume.user_of(passed)
        if not _is_name_of(context, user, name):
            raise NotAuthorizedException(INVALID_SESSION)
        return passed, user
    named = users.find_or_none(context.pool, name)
    row = device_tracking.find(named, key)
    if row is None or named is None:
        raise ResourceNotFoundException(device_tracking.UNKNOWN)
    kept = device.kept_session(context, row)
    if kept is None:
        raise NotAuthorizedException(INVALID_SESSION)
    passed = open_session(context, kept, device.CHALLENGE)
    return passed, resume.user_of(passed)


def _is_name_of(context: Context, user: PoolUser, name: str) -> bool:
    names = {user.username, user.sub, *users.active_aliases(context.pool, user).values()}
    return context.pool.fold(name) in {context.pool.fold(known) for known in names}


def _remembered(user: PoolUser, key: str) -> Device:
    row = device_tracking.remembered(user, key)
    if row is None:
        raise ResourceNotFoundException(device_tracking.UNKNOWN)
    return row
