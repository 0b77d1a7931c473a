"""Data keys under the installation's own KMS-style keys: every key ARN of this account names one, nothing is stored.

A ciphertext is sealed by the master keys for its key ARN and encryption context, so both must be right to open it.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from cognito_app.core import keyring


def wrap(plaintext: bytes, key_arn: str, context: Mapping[str, str]) -> bytes:
    """Return the ciphertext of a small plaintext (a data key) under a key."""
    name = key_arn.encode()
    return len(name).to_bytes(2, "big") + name + keyring.seal(plaintext, aad=_aad(key_arn, context))


def unwrap(blob: bytes, context: Mapping[str, str]) -> tuple[str, bytes]:
    """Return the key ARN and the plaintext of a ciphertext. Raises keyring.SealError."""
    length = int.from_bytes(blob[:2], "big")
    try:
        key_arn = blob[2 : 2 + length].decode()
    except UnicodeDecodeError:
        raise keyring.SealError from None
    return key_arn, keyring.unseal(blob[2 + length :], aad=_aad(key_arn, context))


def _aad(key_arn: str, context: Mapping[str, str]) -> bytes:
    return b"data-key:" + orjson.dumps([key_arn, dict(context)], option=orjson.OPT_SORT_KEYS)
