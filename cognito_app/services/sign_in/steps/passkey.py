"""The first factor WEB_AUTHN: a passkey signs the challenge of the session.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html
("Passwordless sign-in with WebAuthn passkeys")
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from cognito_app.core import keyring, secrets, webauthn
from cognito_app.core.webauthn_assertion import Assertion, Verified, read
from cognito_app.errors import InvalidParameterException, NotAuthorizedException
from cognito_app.models import PoolUser, WebAuthnCredential, user_rows
from cognito_app.services import attempts, device_tracking, mfa_preferences, passkey_proofs, relying_party
from cognito_app.services.auth_factors import PASSKEY
from cognito_app.services.relying_party import RelyingParty
from cognito_app.services.sign_in import choice, gates, hooks, risk
from cognito_app.services.sign_in.choice import Subject
from cognito_app.services.sign_in.state import (
    DISABLED,
    INVALID_SESSION,
    SPENT_SESSION,
    WRONG_PASSWORD,
    Challenge,
    Context,
    Outcome,
    Session,
    open_session,
    seal_session,
)

CHALLENGE_BYTES = 32
METHODS = {"platform": "swk", "cross-platform": "hwk"}
"""What a passkey counts as, by where it is; one that did not say is known by whether it can be copied."""
MAX_HANDLE = 64
OF_ANYONE = "WEB_AUTHN:ANYONE"
USUAL_TRANSPORTS = ["internal", "hybrid"]


def put(context: Context, subject: Subject) -> Challenge:
    """Return WEB_AUTHN with a new challenge; nobody gets the passkey of nobody. Raises NotAuthorizedException."""
    party = _party(context)
    hooks.before(context, subject.user, subject.name)
    challenge = webauthn.to_text(secrets.token_bytes(CHALLENGE_BYTES))
    known = _described(subject.user, party.id) if subject.user else _made_up(context, subject)
    session = choice.seal(context, subject, PASSKEY, {"passkey": challenge, "rp": party.id})
    return _challenge(context, party, challenge, known, session)


def invite(context: Context) -> Challenge:
    """Return WEB_AUTHN for whoever has a passkey: the passkey tells who that is. Raises NotAuthorizedException."""
    party = _party(context)
    challenge = webauthn.to_text(secrets.token_bytes(CHALLENGE_BYTES))
    session = seal_session(context, OF_ANYONE, None, (), {"passkey": challenge, "rp": party.id})
    return _challenge(context, party, challenge, [], session)


def _party(context: Context) -> RelyingParty:
    party = relying_party.of_pool(context.pool)
    if party is None:
        raise NotAuthorizedException(INVALID_SESSION)
    return party


def _challenge(
    context: Context, party: RelyingParty, challenge: str, known: list[dict[str, Any]], session: str
) -> Challenge:
    options = {
        "challenge": challenge,
        "timeout": context.client.session_minutes * 60_000,
        "rpId": party.id,
        "allowCredentials": known,
        "userVerification": party.user_verification,
    }
    return Challenge(
        name=PASSKEY, parameters={"CREDENTIAL_REQUEST_OPTIONS": orjson.dumps(options).decode()}, session=session
    )


def _described(user: PoolUser, rp_id: str) -> list[dict[str, Any]]:
    rows = WebAuthnCredential.objects.filter(user=user, relying_party_id=rp_id)
    return [{"id": row.credential_id, "type": "public-key", "transports": row.transports} for row in rows]


def _made_up(context: Context, subject: Subject) -> list[dict[str, Any]]:
    seed = f"{context.pool.id}:{context.pool.fold(subject.name)}".encode("utf-8", "surrogatepass")
    identifier = webauthn.to_text(keyring.mac("simulated-passkey", seed))
    return [{"id": identifier, "type": "public-key", "transports": USUAL_TRANSPORTS}]


def answer(context: Context, text: str | None, answers: Mapping[str, str]) -> Outcome:
    """Check CREDENTIAL; the session is spent by one answer, right or wrong."""
    given = gates.parameter(answers, "CREDENTIAL")
    chosen = choice.reopen(context, text, answers, PASSKEY)
    return _check(context, _read(given), chosen.subject.user, chosen.session)


def answer_invitation(context: Context, text: str | None, answers: Mapping[str, str]) -> Outcome:
    """Check CREDENTIAL of somebody whom the passkey names by its user handle."""
    assertion = _read(gates.parameter(answers, "CREDENTIAL"))
    session = open_session(context, gates.parameter({"Session": text or ""}, "Session"), OF_ANYONE)
    if session.is_spent():
        raise NotAuthorizedException(SPENT_SESSION)
    user = _named(context, assertion.user_handle)
    if user is not None:
        user = hooks.before(context, user, user.username)
    return _check(context, assertion, user, session)


def _named(context: Context, handle: bytes | None) -> PoolUser | None:
    """Return the user whom a passkey was made for: its user handle is the sub."""
    text = (handle or b"").decode("ascii", "replace").replace("\x00", "")
    return user_rows.by_sub(context.pool.id, text[:MAX_HANDLE], None)[0] if text else None


def _read(given: str) -> Assertion:
    try:
        return read(given)
    except webauthn.MalformedError:
        raise InvalidParameterException("CREDENTIAL is not a valid authentication response.") from None


def _check(context: Context, assertion: Assertion, user: PoolUser | None, session: Session) -> Outcome:
    device_tracking.check_named(context.pool, user, context.device_key)
    session.spend()
    row = passkey_proofs.find(user, assertion.credential_id, session.data["rp"])
    verified = _verified(context, assertion, user, row, session.data)
    if user is None or row is None or verified is None:
        choice.record_failure(context, user)
        raise NotAuthorizedException(WRONG_PASSWORD)
    if not user.enabled:
        raise NotAuthorizedException(DISABLED)
    choice.check_still_offered(context, user, PASSKEY)
    return _go_on(context, user, row, verified)


def _verified(
    context: Context, found: Assertion, user: PoolUser | None, row: WebAuthnCredential | None, data: Mapping[str, Any]
) -> Verified | None:
    party = relying_party.of_pool(context.pool)
    if party is None or party.id != data["rp"] or user is None or row is None:
        return None
    return passkey_proofs.verify(found, user, row, party, data["passkey"])


def _go_on(context: Context, user: PoolUser, row: WebAuthnCredential, verified: Verified) -> Outcome:
    """A passkey that verified its user is both factors for those who turned that on."""
    context.attempt.by_password = False
    throttle_key = attempts.first_factor_key(context.pool.id, user.sub)
    risk.judge(context, user, throttle_key)
    methods = (METHODS.get(row.attachment) or ("swk" if verified.is_synced else "hwk"),)

    def save() -> None:
        passkey_proofs.count(row, verified)

    if verified.user_verified and mfa_preferences.has_passkey_mfa(context.pool, user):
        return gates.finish(context, user, (*methods, "mfa"), save=save)
    return gates.second_factor(context, user, methods, save=save)
