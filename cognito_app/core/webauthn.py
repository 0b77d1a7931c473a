"""Registrations of passkeys: reading what a browser sends, and checking it by py_webauthn.

Source: https://www.w3.org/TR/webauthn-3/#sctn-registering-a-new-credential
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import (
    bytes_to_base64url,
    decode_credential_public_key,
    parse_attestation_object,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import RegistrationCredential

ALGORITHMS = (COSEAlgorithmIdentifier.ECDSA_SHA_256, COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256)
CREATE = "webauthn.create"
MAX_ID_BYTES = 1023


class MalformedError(Exception):
    """What was sent is no registration."""


class RelyingPartyError(Exception):
    """The authenticator made the passkey for another relying party."""


class UnsupportedError(Exception):
    """The passkey's algorithm, attestation or lack of user verification is not accepted."""


@dataclass(frozen=True, slots=True)
class Registration:
    """A registration that was read but not checked: the challenge and origin that the browser saw."""

    challenge: bytes = field(repr=False)
    origin: str
    credential: RegistrationCredential = field(repr=False)


@dataclass(frozen=True, slots=True)
class Passkey:
    """A checked passkey; ``credential_id`` is base64url text."""

    credential_id: str
    public_key: bytes = field(repr=False)
    sign_count: int
    aaguid: str
    attachment: str
    transports: list[str]


def read(document: Any) -> Registration:
    """Read a RegistrationResponseJSON. Raises MalformedError."""
    try:
        credential = parse_registration_credential_json(document)
        client_data = parse_client_data_json(credential.response.client_data_json)
        if client_data.type != CREATE or bytes_to_base64url(credential.raw_id) != credential.id.rstrip("="):
            raise MalformedError
        if not isinstance(client_data.origin, str):
            raise MalformedError
        return Registration(client_data.challenge, client_data.origin, credential)
    except Exception:
        # py_webauthn lets errors of its parsers through: nothing that was sent may become more than a refusal.
        raise MalformedError from None


def is_origin_of(origin: str, rp_id: str) -> bool:
    """Whether an origin may use a relying party: its host or a subdomain, by https, or by http on localhost."""
    try:
        parts = urlsplit(origin)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if origin != f"{parts.scheme}://{host}" + (f":{port}" if port else ""):
        return False
    local = host == "localhost" or host.endswith(".localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        return False
    return host == rp_id or host.endswith("." + rp_id)


def verify(registration: Registration, *, challenge: bytes, rp_id: str, require_verification: bool) -> Passkey:
    """Check a registration whose origin was looked at already.

    Raises MalformedError, RelyingPartyError or UnsupportedError.
    """
    algorithm = _check_authenticator_data(registration, rp_id, require_verification)
    if algorithm not in ALGORITHMS:
        raise UnsupportedError
    try:
        checked = webauthn.verify_registration_response(
            credential=registration.credential,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=registration.origin,
            require_user_verification=require_verification,
            supported_pub_key_algs=list(ALGORITHMS),
        )
    except Exception:
        # An attestation statement of whatever form that does not hold.
        raise UnsupportedError from None
    attachment = registration.credential.authenticator_attachment
    transports = registration.credential.response.transports or []
    return Passkey(
        credential_id=bytes_to_base64url(checked.credential_id),
        public_key=checked.credential_public_key,
        sign_count=checked.sign_count,
        aaguid=checked.aaguid,
        attachment=attachment.value if attachment else "",
        transports=[transport.value for transport in dict.fromkeys(transports)],
    )


def _check_authenticator_data(registration: Registration, rp_id: str, require_verification: bool) -> int:
    """Check what AWS has errors of its own for; return the algorithm of the key."""
    try:
        data = parse_attestation_object(registration.credential.response.attestation_object).auth_data
        made = data.attested_credential_data
        if (
            made is None
            or made.credential_id != registration.credential.raw_id
            or len(made.credential_id) > MAX_ID_BYTES
        ):
            raise MalformedError
        algorithm = int(decode_credential_public_key(made.credential_public_key).alg)
    except Exception:
        raise MalformedError from None
    if data.rp_id_hash != sha256(rp_id.encode()).digest():
        raise RelyingPartyError
    if require_verification and not data.flags.uv:
        raise UnsupportedError
    return algorithm


def to_text(data: bytes) -> str:
    """Return base64url without padding."""
    return bytes_to_base64url(data)
