"""Identifiers in Cognito's formats, all random."""

from __future__ import annotations

import base64
import string
import uuid

from cognito_app.core import secrets

ALPHANUMERIC = string.digits + string.ascii_uppercase + string.ascii_lowercase
BASE32 = string.ascii_uppercase + "234567"


def user_pool_id(region: str) -> str:
    """Return ``{region}_{nine letters and digits}``."""
    return f"{region}_{secrets.alphanumeric(9, ALPHANUMERIC)}"


def client_id() -> str:
    """Return 26 lower-case letters and digits."""
    return secrets.alphanumeric(26)


def client_secret() -> str:
    """Return 51 lower-case letters and digits."""
    return secrets.alphanumeric(51)


def uuid4() -> str:
    """Return a random UUID in lower case."""
    return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))


def import_job_id() -> str:
    """Return ``import-`` followed by ten letters and digits."""
    return f"import-{secrets.alphanumeric(10, ALPHANUMERIC)}"


def sub() -> str:
    """Return a user's immutable identifier, which looks like a UUID."""
    return uuid4()


def device_key(region: str) -> str:
    """Return ``{region}_{UUID}``."""
    return f"{region}_{uuid4()}"


def identity_id(region: str) -> str:
    """Return ``{region}:{UUID}``, the form of identities and identity pools."""
    return f"{region}:{uuid4()}"


def access_key_id(prefix: str) -> str:
    """Return ``AKIA`` or ``ASIA`` followed by 16 characters of base32."""
    return prefix + secrets.alphanumeric(16, BASE32)


def secret_access_key() -> str:
    """Return 40 characters of base64."""
    return base64.b64encode(secrets.token_bytes(30)).decode()


def unique_id(prefix: str) -> str:
    """Return IAM's unique id of a role (``AROA``) or user (``AIDA``)."""
    return prefix + secrets.alphanumeric(17, BASE32)


def kid() -> str:
    """Return the name of a signing key: base64 of 32 random bytes."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def session_id(kind: str) -> str:
    """Return the id of a tracked session: ``tkn`` or ``sso`` and 25 lower-case letters and digits."""
    return kind + secrets.alphanumeric(25)
