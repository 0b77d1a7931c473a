"""Passkeys at sign-in: whether an assertion is by a passkey of the user, and the counter that tells copies apart.

Source: https://www.w3.org/TR/webauthn-3/#sctn-verifying-assertion
"""

from __future__ import annotations

from cognito_app.core import secrets, webauthn, webauthn_assertion
from cognito_app.core.webauthn_assertion import Assertion, Verified
from cognito_app.errors import NotAuthorizedException
from cognito_app.models import PoolUser, WebAuthnCredential
from cognito_app.models.base import claim
from cognito_app.services.relying_party import RelyingParty

NOBODY = 0
COUNTED_ALREADY = "Incorrect username or password."


def find(user: PoolUser | None, credential_id: str, rp_id: str) -> WebAuthnCredential | None:
    """Return a passkey of the user for a relying party."""
    rows = WebAuthnCredential.objects.filter(user_id=user.pk if user else NOBODY, credential_id=credential_id)
    return rows.filter(relying_party_id=rp_id).first()


def verify(
    found: Assertion, user: PoolUser, row: WebAuthnCredential, party: RelyingParty, challenge: str
) -> Verified | None:
    """Return what an assertion shows, or None if it does not hold."""
    handle = found.user_handle
    if handle is not None and not secrets.compare(handle, user.sub.encode()):
        return None
    if not webauthn.is_origin_of(found.origin, party.id):
        return None
    return webauthn_assertion.verify(
        found,
        challenge=challenge,
        rp_id=party.id,
        public_key=bytes(row.public_key),
        sign_count=row.sign_count,
        require_verification=party.user_verification == "required",
    )


def count(row: WebAuthnCredential, verified: Verified) -> None:
    """Store the authenticator's counter, in the transaction of what the passkey allows.

    Raises NotAuthorizedException if another sign-in reached it meanwhile, or the passkey was deleted.
    """
    rows = WebAuthnCredential.objects.filter(pk=row.pk)
    new = verified.sign_count
    behind = rows.filter(sign_count__lt=new) if new else rows.filter(sign_count=0)
    if not claim(behind, sign_count=new):
        raise NotAuthorizedException(COUNTED_ALREADY)
