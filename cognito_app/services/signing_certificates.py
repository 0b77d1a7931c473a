"""The certificate with which a pool signs its SAML requests.

Certificates last ten years and are renewed every year over the same key, so that an identity provider that trusts an
older one still accepts what is signed.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-SAML-signing-encryption.html
"""

from __future__ import annotations

from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from cognito_app.core import certificates, clock, jose, keyring
from cognito_app.models import SamlSigningKey
from cognito_app.models.base import claim, insert_if_absent
from cognito_app.services.config import PoolConfig

RENEWED_AFTER = timedelta(days=365)


def current(pool: PoolConfig) -> str:
    """Return the pool's certificate as base64 without armour; it is made when it is first asked for."""
    row = SamlSigningKey.objects.filter(pk=pool.id).first() or _first(pool)
    if row.issued_at + RENEWED_AFTER <= clock.now():
        row = _renew(pool, row)
    return row.certificate


def private_key(pool: PoolConfig) -> RSAPrivateKey:
    """Return the key that the certificates are of; it is made when it is first needed."""
    row = SamlSigningKey.objects.filter(pk=pool.id).first() or _first(pool)
    return _open(pool, row)


def _first(pool: PoolConfig) -> SamlSigningKey:
    """Make key and certificate; of several that try at the same time one is stored, and all return that one."""
    key = jose.generate_private_key()
    now = clock.now()
    insert_if_absent(
        SamlSigningKey,
        {
            "pool": pool.id,
            "private_sealed": keyring.seal(jose.to_der(key), aad=_context(pool)),
            "certificate": certificates.self_signed(key, pool.id, now),
            "issued_at": now,
        },
    )
    return SamlSigningKey.objects.get(pk=pool.id)


def _renew(pool: PoolConfig, row: SamlSigningKey) -> SamlSigningKey:
    key = _open(pool, row)
    now = clock.now()
    claim(
        SamlSigningKey.objects.filter(pk=pool.id, issued_at=row.issued_at),
        certificate=certificates.self_signed(key, pool.id, now),
        issued_at=now,
    )
    return SamlSigningKey.objects.get(pk=pool.id)


def _open(pool: PoolConfig, row: SamlSigningKey) -> RSAPrivateKey:
    return jose.load_der(keyring.unseal(bytes(row.private_sealed), aad=_context(pool)))


def _context(pool: PoolConfig) -> bytes:
    return f"saml-signing-key:{pool.id}".encode()
