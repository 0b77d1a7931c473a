"""A passkey authenticator in software, and the browser in front of it: makes real attestations and assertions.

Source: https://www.w3.org/TR/webauthn-3/#sctn-attestation-object and #sctn-op-get-assertion
"""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

ES256, RS256, EDDSA = -7, -257, -8
USER_PRESENT, USER_VERIFIED, HAS_CREDENTIAL = 0x01, 0x04, 0x40


def b64(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """Read base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Authenticator:
    """Makes one passkey; the fields are what it does otherwise than a browser's usual one."""

    algorithm: int = ES256
    verifies_user: bool = True
    aaguid: UUID = field(default_factory=lambda: UUID(int=0))
    attestation: str = "none"
    breaks_signature: bool = False
    attachment: str | None = "platform"
    transports: list[Any] = field(default_factory=lambda: ["internal", "hybrid"])
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    counts: bool = False
    signatures: int = 0
    user_handle: str | None = None
    key: Any = field(default=None, repr=False)

    def create(self, options: Any, origin: str, *, rp_id: str | None = None, **client_data: Any) -> dict[str, Any]:
        """Return the RegistrationResponseJSON for creation options, as ``origin`` would send it."""
        key, public = self._make_key()
        self.key, self.user_handle = key, options["user"]["id"]
        seen = {"type": "webauthn.create", "challenge": options["challenge"], "origin": origin, **client_data}
        client_data_json = json.dumps(seen).encode()
        data = self._authenticator_data(rp_id or options["rp"]["id"], public)
        statement = self._statement(key, data + sha256(client_data_json).digest())
        attestation = cbor2.dumps({"fmt": self.attestation, "attStmt": statement, "authData": data})
        return {
            "id": b64(self.credential_id),
            "rawId": b64(self.credential_id),
            "type": "public-key",
            "response": {
                "clientDataJSON": b64(client_data_json),
                "attestationObject": b64(attestation),
                "transports": self.transports,
            },
            "clientExtensionResults": {},
            **({"authenticatorAttachment": self.attachment} if self.attachment else {}),
        }

    def get(self, options: Any, origin: str, *, rp_id: str | None = None, **client_data: Any) -> dict[str, Any]:
        """Return the AuthenticationResponseJSON for request options, as ``origin`` would send it."""
        self.signatures += 1
        seen = {"type": "webauthn.get", "challenge": options["challenge"], "origin": origin, **client_data}
        client_data_json = json.dumps(seen).encode()
        flags = USER_PRESENT | (USER_VERIFIED if self.verifies_user else 0)
        head = sha256((rp_id or options["rpId"]).encode()).digest() + bytes([flags])
        data = head + (self.signatures if self.counts else 0).to_bytes(4, "big")
        message = b"other" if self.breaks_signature else data + sha256(client_data_json).digest()
        return {
            "id": b64(self.credential_id),
            "rawId": b64(self.credential_id),
            "type": "public-key",
            "response": {
                "clientDataJSON": b64(client_data_json),
                "authenticatorData": b64(data),
                "signature": b64(self._sign(message)),
                **({"userHandle": self.user_handle} if self.user_handle else {}),
            },
            "clientExtensionResults": {},
        }

    def _sign(self, message: bytes) -> bytes:
        if self.algorithm == RS256:
            return bytes(self.key.sign(message, padding.PKCS1v15(), hashes.SHA256()))
        return bytes(self.key.sign(message, ec.ECDSA(hashes.SHA256())))

    def _make_key(self) -> tuple[Any, dict[int, Any]]:
        if self.algorithm == RS256:
            secret = rsa.generate_private_key(65537, 2048)
            numbers = secret.public_key().public_numbers()
            return secret, {1: 3, 3: RS256, -1: numbers.n.to_bytes(256, "big"), -2: b"\x01\x00\x01"}
        if self.algorithm == EDDSA:
            edwards = ed25519.Ed25519PrivateKey.generate()
            return edwards, {1: 1, 3: EDDSA, -1: 6, -2: edwards.public_key().public_bytes_raw()}
        curve = ec.generate_private_key(ec.SECP256R1())
        point = curve.public_key().public_numbers()
        return curve, {1: 2, 3: ES256, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}

    def _authenticator_data(self, rp_id: str, public: dict[int, Any]) -> bytes:
        flags = USER_PRESENT | HAS_CREDENTIAL | (USER_VERIFIED if self.verifies_user else 0)
        identifier = len(self.credential_id).to_bytes(2, "big") + self.credential_id
        head = sha256(rp_id.encode()).digest() + bytes([flags]) + (0).to_bytes(4, "big")
        return head + self.aaguid.bytes + identifier + cbor2.dumps(public)

    def _statement(self, key: Any, message: bytes) -> dict[str, Any]:
        if self.attestation == "none":
            return {}
        signature = key.sign(b"other" if self.breaks_signature else message, ec.ECDSA(hashes.SHA256()))
        return {"alg": ES256, "sig": signature}
