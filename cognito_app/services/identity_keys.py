"""The keys that sign identity tokens: one in force for each algorithm, old ones published while their tokens live.

Other processes sign with the old key for up to a minute after a rotation; every process verifies a new one at once.
"""

from __future__ import annotations

import threading
from datetime import timedelta

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.db import IntegrityError, models, transaction

from cognito_app.conf import app_settings
from cognito_app.core import clock
from cognito_app.models import SigningKey
from cognito_app.services import keys
from cognito_app.services.actor import Actor, audit
from cognito_app.services.keys import LoadedKey

ALGORITHMS = ("RS512", "RS256")
HELD_SECONDS = 60
LONGEST_TOKEN = timedelta(hours=24, minutes=10)
ATTEMPTS = 5

_lock = threading.Lock()
_signing: dict[str, tuple[int, LoadedKey]] = {}
_public: dict[str, tuple[int, str, RSAPublicKey]] = {}


def signing(algorithm: str) -> LoadedKey:
    """Return the key in force, made at the first time."""
    now = clock.epoch()
    held = _signing.get(algorithm)
    if held is not None and 0 <= now - held[0] < HELD_SECONDS:
        return held[1]
    row = _newest(algorithm) or _add(algorithm)
    key = held[1] if held is not None and held[1].kid == row.kid else keys.load(row)
    with _lock:
        _signing[algorithm] = (now, key)
    return key


def _newest(algorithm: str) -> SigningKey | None:
    rows = SigningKey.objects.filter(use=SigningKey.Use.IDENTITY, retired_at=None).order_by("-created_at")
    return next((row for row in rows if row.public_jwk["alg"] == algorithm), None)


def _add(algorithm: str) -> SigningKey:
    """Make the first key of an algorithm; of several processes that try, one wins by the key's name."""
    for _ in range(ATTEMPTS):
        row = _make(algorithm)
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            made = _newest(algorithm)
            if made is not None:
                return made
            continue
        return row
    raise RuntimeError("no signing key could be made")


def _make(algorithm: str) -> SigningKey:
    """Names count up, retired keys included: ``us-east-1-1``, ``us-east-1-2``."""
    number = SigningKey.objects.filter(use=SigningKey.Use.IDENTITY).count() + 1
    kid = f"{app_settings.region}-{number}"
    return keys.new_key(SigningKey.Use.IDENTITY, algorithm=algorithm, kid=kid)


def rotate(actor: Actor, algorithm: str = ALGORITHMS[0]) -> str:
    """Put a new key in force and return its name; the old one is published until its last token has expired."""
    row = _make(algorithm)
    with transaction.atomic():
        row.save(force_insert=True)
        old = SigningKey.objects.filter(use=SigningKey.Use.IDENTITY, retired_at=None).exclude(pk=row.pk)
        # A minute later: until then other processes may sign with it.
        retired_at = clock.now() + timedelta(seconds=HELD_SECONDS)
        old.filter(pk__in=[item.pk for item in old if item.public_jwk["alg"] == algorithm]).update(
            retired_at=retired_at
        )
        audit(actor, "RotateIdentityKey", subject=row.kid)
    forget()
    return row.kid


def public(kid: str) -> tuple[RSAPublicKey, str] | None:
    """Return a published key and its algorithm."""
    now = clock.epoch()
    held = _public.get(kid)
    if held is not None and 0 <= now - held[0] < HELD_SECONDS:
        return held[2], held[1]
    row = _published().filter(pk=kid).first() if len(kid) <= 64 and "\x00" not in kid else None
    if row is None:
        _public.pop(kid, None)
        return None
    key = held[2] if held is not None else keys.load(row).public
    with _lock:
        _public[kid] = (now, row.public_jwk["alg"], key)
    return key, row.public_jwk["alg"]


def _published() -> models.QuerySet[SigningKey]:
    in_use = models.Q(retired_at=None) | models.Q(retired_at__gt=clock.now() - LONGEST_TOKEN)
    return SigningKey.objects.filter(in_use, use=SigningKey.Use.IDENTITY)


def jwks() -> bytes:
    """Return the published keys."""
    signing(ALGORITHMS[0])
    published = _published().values_list("public_jwk", flat=True)
    # PostgreSQL does not keep the order of members.
    return orjson.dumps({"keys": [dict(sorted(jwk.items())) for jwk in published]})


def forget() -> None:
    """Drop the keys from memory (after a rotation, and between tests)."""
    with _lock:
        _signing.clear()
        _public.clear()
