"""Data keys: what the AWS Encryption SDK in a sender's function asks KMS for."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.services import kms


@operation("GenerateDataKey")
def generate_data_key(
    call: Call,
    *,
    KeyId: str,
    EncryptionContext: dict[str, str] | None = None,
    NumberOfBytes: int | None = None,
    KeySpec: str | None = None,
    **unused: Any,
) -> dict[str, Any]:
    made = kms.generate_data_key(KeyId, EncryptionContext or {}, spec=KeySpec, size=NumberOfBytes)
    return {"KeyId": made.key_arn, "Plaintext": made.plaintext, "CiphertextBlob": made.ciphertext}


@operation("Encrypt")
def encrypt(
    call: Call, *, KeyId: str, Plaintext: bytes, EncryptionContext: dict[str, str] | None = None, **unused: Any
) -> dict[str, Any]:
    arn, blob = kms.encrypt(KeyId, Plaintext, EncryptionContext or {})
    return {"KeyId": arn, "CiphertextBlob": blob, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}


@operation("Decrypt")
def decrypt(
    call: Call,
    *,
    CiphertextBlob: bytes | None = None,
    EncryptionContext: dict[str, str] | None = None,
    KeyId: str | None = None,
    **unused: Any,
) -> dict[str, Any]:
    arn, plaintext = kms.decrypt(CiphertextBlob or b"", EncryptionContext or {}, key_id=KeyId)
    return {"KeyId": arn, "Plaintext": plaintext, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}
