"""X.509 certificates: making self-signed ones for SAML, and reading those of others.

Standard: RFC 5280.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509.oid import NameOID

LIFETIME = timedelta(days=3652)
LONGEST = 4096


class CertificateError(Exception):
    """The text is no certificate."""


def self_signed(key: RSAPrivateKey, common_name: str, now: datetime) -> str:
    """Return a certificate of ten years for a key, as base64 without armour."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now.replace(microsecond=0) - timedelta(minutes=5),
        not_valid_after=now.replace(microsecond=0) + LIFETIME,
    ).add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    certificate = builder.sign(key, hashes.SHA256())
    return base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()


def read(text: str) -> tuple[str, datetime]:
    """Return a certificate of up to 4,096 characters of base64 without white space, and when it expires.

    Raises CertificateError.
    """
    compact = "".join(text.split())
    if not compact or len(compact) > LONGEST:
        raise CertificateError
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode(compact, validate=True))
    except (binascii.Error, ValueError):
        raise CertificateError from None
    return compact, certificate.not_valid_after_utc
