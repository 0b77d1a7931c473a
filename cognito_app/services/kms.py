"""The part of KMS that senders' functions need: data keys for the codes that they are handed.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html, API_Encrypt.html, API_Decrypt.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cognito_app.conf import app_settings
from cognito_app.core import data_keys, keyring, secrets
from cognito_app.errors import (
    IncorrectKeyException,
    InvalidCiphertextException,
    NotFoundException,
    ValidationException,
)

_KEY_ARN = re.compile(r"arn:aws:kms:[a-z0-9-]+:(\d{12}):(key|alias)/[A-Za-z0-9/_-]{1,256}")
SPECS = {"AES_256": 32, "AES_128": 16}


@dataclass(frozen=True, slots=True)
class DataKey:
    """A new data key, in clear and wrapped."""

    key_arn: str
    plaintext: bytes = field(repr=False)
    ciphertext: bytes = field(repr=False)


def key_arn_of(key_id: str) -> str:
    """Return the ARN of a key named by ARN or id. Raises NotFoundException."""
    arn = (
        key_id
        if key_id.startswith("arn:")
        else f"arn:aws:kms:{app_settings.region}:{app_settings.account_id}:key/{key_id}"
    )
    found = _KEY_ARN.fullmatch(arn)
    if found is None or found[1] != app_settings.account_id:
        raise NotFoundException(f"Key '{arn}' does not exist")
    return arn


def generate_data_key(
    key_id: str, context: Mapping[str, str], *, spec: str | None = None, size: int | None = None
) -> DataKey:
    """Make a data key of 16 or 32 bytes, or of ``size``. Raises NotFoundException or ValidationException."""
    if (spec is None) == (size is None):
        raise ValidationException("Please specify either number of bytes or key spec.")
    arn = key_arn_of(key_id)
    plaintext = secrets.token_bytes(size if size is not None else SPECS[spec or "AES_256"])
    return DataKey(arn, plaintext, data_keys.wrap(plaintext, arn, context))


def encrypt(key_id: str, plaintext: bytes, context: Mapping[str, str]) -> tuple[str, bytes]:
    """Return key ARN and ciphertext. Raises NotFoundException."""
    arn = key_arn_of(key_id)
    return arn, data_keys.wrap(plaintext, arn, context)


def decrypt(blob: bytes, context: Mapping[str, str], *, key_id: str | None = None) -> tuple[str, bytes]:
    """Return key ARN and plaintext. Raises InvalidCiphertextException or IncorrectKeyException."""
    try:
        arn, plaintext = data_keys.unwrap(blob, context)
    except keyring.SealError:
        raise InvalidCiphertextException from None
    if key_id is not None and key_arn_of(key_id) != arn:
        raise IncorrectKeyException(
            "The key ID in the request does not identify a CMK that can perform this operation."
        )
    return arn, plaintext
