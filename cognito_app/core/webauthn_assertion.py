"""Assertions of passkeys: reading what a browser sends at sign-in, and checking it by py_webauthn.

Source: https://www.w3.org/TR/webauthn-3/#sctn-verifying-assertion
"""

from __future__ import annotations

from dataclasses import dataclass, field

import orjson
import webauthn
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    parse_authentication_credential_json,
    parse_client_data_json,
)
from webauthn.helpers.structs import AuthenticationCredential, CredentialDeviceType

from cognito_app.core.webauthn import MalformedError


@dataclass(frozen=True, slots=True)
class Assertion:
    """An assertion that was read but not checked; ``credential_id`` is base64url text."""

    credential_id: str
    origin: str
    user_handle: bytes | None = field(repr=False)
    credential: AuthenticationCredential = field(repr=False)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a checked assertion shows of the authenticator."""

    sign_count: int
    user_verified: bool
    is_synced: bool


def read(text: str) -> Assertion:
    """Read an AuthenticationResponseJSON. Raises MalformedError."""
    try:
        credential = parse_authentication_credential_json(orjson.loads(text))
        origin = parse_client_data_json(credential.response.client_data_json).origin
        identifier = bytes_to_base64url(credential.raw_id)
        if identifier != credential.id.rstrip("=") or not isinstance(origin, str):
            raise MalformedError
        # Without a user handle the field is absent or empty.
        handle = credential.response.user_handle or None
        return Assertion(identifier, origin, handle, credential)
    except Exception:
        # py_webauthn lets errors of its parsers through: nothing that was sent may become more than a refusal.
        raise MalformedError from None


def verify(
    found: Assertion, *, challenge: str, rp_id: str, public_key: bytes, sign_count: int, require_verification: bool
) -> Verified | None:
    """Check an assertion whose origin was looked at already; None if it does not hold."""
    try:
        checked = webauthn.verify_authentication_response(
            credential=found.credential,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=rp_id,
            expected_origin=found.origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=require_verification,
        )
    except Exception:
        # Signatures and authenticator data of whatever form that do not hold.
        return None
    return Verified(
        sign_count=checked.new_sign_count,
        user_verified=checked.user_verified,
        is_synced=checked.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
    )
