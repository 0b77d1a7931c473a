"""Passkeys of users: registering, listing, deleting.

The challenge of a registration is sealed and carries its own terms, so that nothing is stored before it is answered.
Source: https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import IntegrityError, transaction

from cognito_app.core import clock, ids, keyring, webauthn
from cognito_app.errors import (
    InvalidParameterException,
    LimitExceededException,
    ResourceNotFoundException,
    WebAuthnChallengeNotFoundException,
    WebAuthnClientMismatchException,
    WebAuthnConfigurationMissingException,
    WebAuthnCredentialNotSupportedException,
    WebAuthnNotEnabledException,
    WebAuthnOriginNotAllowedException,
    WebAuthnRelyingPartyMismatchException,
)
from cognito_app.models import PoolUser, SpentNonce, WebAuthnCredential
from cognito_app.services import keyset, passkey_names, relying_party, users
from cognito_app.services.actor import Actor, audit
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.relying_party import RelyingParty

MAX_PASSKEYS = 20
CHALLENGE_STAYS = timedelta(minutes=5)
MAX_ID_TEXT = 1400
TIMEOUT_MILLISECONDS = 60_000
TOO_MANY = "The user has registered the maximum number of passkeys."


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a browser needs to make a passkey."""

    challenge: bytes = field(repr=False)
    party: RelyingParty
    registered: list[str]


@dataclass(frozen=True, slots=True)
class _Terms:
    """What a challenge was made for."""

    client_id: str
    rp_id: str
    nonce: str
    expires_at: datetime


def creation_options(user: PoolUser, invitation: Invitation) -> dict[str, Any]:
    """Return a PublicKeyCredentialCreationOptionsJSON (WebAuthn level 3, section 5.1.8) as AWS fills it."""
    return {
        "authenticatorSelection": {
            "requireResidentKey": True,
            "residentKey": "required",
            "userVerification": invitation.party.user_verification,
        },
        "challenge": webauthn.to_text(invitation.challenge),
        "excludeCredentials": [{"id": known, "type": "public-key"} for known in invitation.registered],
        "pubKeyCredParams": [{"alg": int(alg), "type": "public-key"} for alg in webauthn.ALGORITHMS],
        "rp": {"id": invitation.party.id, "name": invitation.party.id},
        "timeout": TIMEOUT_MILLISECONDS,
        "user": {
            "displayName": user.username,
            "id": webauthn.to_text(user.sub.encode()),
            "name": user.username,
        },
    }


def start(pool: PoolConfig, client: ClientConfig, user: PoolUser) -> Invitation:
    """Begin a registration.

    Raises WebAuthnNotEnabledException, WebAuthnConfigurationMissingException or LimitExceededException.
    """
    _check_enabled(pool)
    party = relying_party.of_pool(pool)
    if party is None:
        raise WebAuthnConfigurationMissingException("The user pool has neither a relying party ID nor a domain.")
    registered = list(WebAuthnCredential.objects.filter(user=user).values_list("credential_id", flat=True))
    if len(registered) >= MAX_PASSKEYS:
        raise LimitExceededException(TOO_MANY)
    payload = {
        "c": client.id,
        "r": party.id,
        "n": ids.uuid4(),
        "e": (clock.now() + CHALLENGE_STAYS).timestamp(),
    }
    return Invitation(keyring.seal(orjson.dumps(payload), aad=_place(pool, user)), party, registered)


def complete(
    pool: PoolConfig, client: ClientConfig, actor: Actor, user: PoolUser, *, document: Any
) -> WebAuthnCredential:
    """Check and store the passkey that a browser made; the challenge is spent if it is accepted.

    Raises InvalidParameterException, LimitExceededException or one of the WebAuthn exceptions.
    """
    _check_enabled(pool)
    try:
        registration = webauthn.read(_object(document))
    except webauthn.MalformedError:
        raise _malformed() from None
    terms = _terms(pool, user, registration.challenge)
    if terms.client_id != client.id:
        raise WebAuthnClientMismatchException("The registration was started by another app client.")
    party = relying_party.of_pool(pool)
    if party is None or party.id != terms.rp_id:
        raise WebAuthnRelyingPartyMismatchException("The relying party of the user pool has changed.")
    if not webauthn.is_origin_of(registration.origin, party.id):
        raise WebAuthnOriginNotAllowedException("The origin is not allowed for the relying party of the user pool.")
    return _store(pool, actor, user, terms, party, _verified(registration, party))


def _check_enabled(pool: PoolConfig) -> None:
    if "WEB_AUTHN" not in pool.first_factors:
        raise WebAuthnNotEnabledException("Passkeys are not among the sign-in factors of the user pool.")


def _object(document: Any) -> Any:
    """Some clients send the JSON document as text."""
    if not isinstance(document, str):
        return document
    try:
        return orjson.loads(document)
    except orjson.JSONDecodeError:
        raise webauthn.MalformedError from None


def _malformed() -> InvalidParameterException:
    return InvalidParameterException("Credential is not a valid registration response.")


def _terms(pool: PoolConfig, user: PoolUser, challenge: bytes) -> _Terms:
    missing = WebAuthnChallengeNotFoundException("The challenge was not found or has expired.")
    try:
        data = orjson.loads(keyring.unseal(challenge, aad=_place(pool, user)))
    except keyring.SealError:
        raise missing from None
    terms = _Terms(client_id=data["c"], rp_id=data["r"], nonce=data["n"], expires_at=clock.from_epoch(data["e"]))
    if terms.expires_at <= clock.now() or SpentNonce.objects.filter(nonce=terms.nonce).exists():
        raise missing
    return terms


def _verified(registration: webauthn.Registration, party: RelyingParty) -> webauthn.Passkey:
    try:
        return webauthn.verify(
            registration,
            challenge=registration.challenge,
            rp_id=party.id,
            require_verification=party.user_verification == "required",
        )
    except webauthn.MalformedError:
        raise _malformed() from None
    except webauthn.RelyingPartyError:
        raise WebAuthnRelyingPartyMismatchException("The passkey was made for another relying party.") from None
    except webauthn.UnsupportedError:
        raise WebAuthnCredentialNotSupportedException("The passkey is not supported by the user pool.") from None


def _store(
    pool: PoolConfig, actor: Actor, user: PoolUser, terms: _Terms, party: RelyingParty, passkey: webauthn.Passkey
) -> WebAuthnCredential:
    try:
        with transaction.atomic():
            if not SpentNonce.spend(terms.nonce, terms.expires_at):
                raise WebAuthnChallengeNotFoundException("The challenge was not found or has expired.")
            users.locked(user)
            if WebAuthnCredential.objects.filter(user=user)[MAX_PASSKEYS - 1 : MAX_PASSKEYS].exists():
                raise LimitExceededException(TOO_MANY)
            row = WebAuthnCredential.objects.create(
                user=user,
                credential_id=passkey.credential_id,
                public_key=passkey.public_key,
                sign_count=passkey.sign_count,
                friendly_name=passkey_names.of(passkey.aaguid, passkey.attachment),
                relying_party_id=party.id,
                attachment=passkey.attachment,
                transports=passkey.transports,
                created_at=clock.now(),
            )
            audit(actor, "CompleteWebAuthnRegistration", pool_id=pool.id, subject=user.sub, name=row.friendly_name)
            return row
    except IntegrityError:
        raise InvalidParameterException("The passkey is registered already.") from None


def page(user: PoolUser, *, limit: int | None, token: str | None) -> tuple[list[WebAuthnCredential], str | None]:
    """Return a page of the user's passkeys, oldest first, and the token of the next.

    Raises InvalidParameterException.
    """
    rows = WebAuthnCredential.objects.filter(user=user)
    return keyset.by_key(rows, scope=f"ListWebAuthnCredentials:{user.pk}", limit=limit or MAX_PASSKEYS, token=token)


def delete(pool: PoolConfig, actor: Actor, user: PoolUser, credential_id: str) -> None:
    """Delete a passkey of the user. Raises ResourceNotFoundException."""
    with transaction.atomic():
        rows = WebAuthnCredential.objects.filter(user=user, credential_id=credential_id[: MAX_ID_TEXT + 1])
        deleted, _ = rows.delete()
        if not deleted:
            raise ResourceNotFoundException("Passkey does not exist.")
        audit(actor, "DeleteWebAuthnCredential", pool_id=pool.id, subject=user.sub)


def _place(pool: PoolConfig, user: PoolUser) -> bytes:
    return f"passkey-challenge:{pool.id}:{user.sub}".encode()
