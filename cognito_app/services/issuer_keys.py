"""Signing keys of OpenID Connect issuers outside of this installation, fetched once and kept parsed.

Standards: RFC 7517; https://openid.net/specs/openid-connect-discovery-1_0.html
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import jwt

from cognito_app.core import clock, jose, safe_http

ALGORITHMS = {"RSA": ("RS256", "RS384", "RS512"), "EC": ("ES256", "ES384", "ES512")}
CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
FRESH_SECONDS = 600
OUTAGE_SECONDS = 86_400
"""Keys older than FRESH_SECONDS are fetched again; while that fails they are good for as long as the caller says."""
REFETCH_SECONDS = 60
RETRY_SECONDS = 10
MAX_SOURCES = 256
MAX_KEYS = 100
LEAST_RSA_BITS = 2048


class UnreachableError(Exception):
    """The issuer gave no answer."""


class UnusableError(UnreachableError):
    """The issuer's answer is not what the standards ask for."""


class NoKeyError(jose.TokenError):
    """The issuer has no key that the token could be signed with."""

    def __init__(self) -> None:
        super().__init__("signature")


@dataclass(slots=True)
class _Source:
    issuer: str
    jwks_uri: str | None
    lock: threading.Lock = field(default_factory=threading.Lock)
    keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    fetched_at: int = 0
    failed_at: int = 0
    failure: type[UnreachableError] = UnreachableError


_sources: OrderedDict[tuple[str, str | None], _Source] = OrderedDict()
_lock = threading.Lock()


def verify(
    token: str, issuer: str, jwks_uri: str | None = None, *, usable_seconds: int = FRESH_SECONDS
) -> dict[str, Any]:
    """Return the claims of a token that ``issuer`` signed; nothing but the signature is checked.

    Without ``jwks_uri`` the issuer's discovery document tells where its keys are. While it cannot be asked, keys are
    good for ``usable_seconds`` after they were fetched. Call it outside of transactions.
    Raises jose.TokenError, NoKeyError, UnreachableError, UnusableError.
    """
    header, _ = jose.peek(token)
    algorithm, kid = header.get("alg"), header.get("kid")
    if "crit" in header or not any(algorithm in names for names in ALGORITHMS.values()):
        raise jose.TokenError("signature")
    key = _key(_source(issuer, jwks_uri), kid if isinstance(kid, str) else None, str(algorithm), usable_seconds)
    options: Any = {"verify_signature": True, **dict.fromkeys(_UNCHECKED, False)}
    try:
        claims: dict[str, Any] = jwt.decode(token, key.key, algorithms=[str(algorithm)], options=options)
    except (jwt.PyJWTError, ValueError, TypeError):
        raise jose.TokenError("signature") from None
    return claims


_UNCHECKED = ("verify_aud", "verify_exp", "verify_iat", "verify_iss", "verify_jti", "verify_nbf", "verify_sub")


def _key(source: _Source, kid: str | None, algorithm: str, usable_seconds: int) -> jwt.PyJWK:
    with source.lock:
        if not 0 <= clock.epoch() - source.fetched_at < FRESH_SECONDS:
            _refresh(source, usable_seconds)
        found = _choose(source.keys, kid, algorithm)
        if found is None and not 0 <= clock.epoch() - source.fetched_at < REFETCH_SECONDS:
            _refresh(source, usable_seconds)
            found = _choose(source.keys, kid, algorithm)
    if found is None:
        raise NoKeyError
    return found


def _source(issuer: str, jwks_uri: str | None) -> _Source:
    with _lock:
        source = _sources.setdefault((issuer, jwks_uri), _Source(issuer, jwks_uri))
        _sources.move_to_end((issuer, jwks_uri))
        while len(_sources) > MAX_SOURCES:
            _sources.popitem(last=False)
    return source


def _choose(keys: dict[str, jwt.PyJWK], kid: str | None, algorithm: str) -> jwt.PyJWK | None:
    """A key's own algorithm binds; a token without a key id is good only where one key fits."""
    fitting = {name: key for name, key in keys.items() if _fits(key, algorithm)}
    if kid is not None:
        return fitting.get(kid)
    return next(iter(fitting.values())) if len(fitting) == 1 else None


def _fits(key: jwt.PyJWK, algorithm: str) -> bool:
    described = key._jwk_data  # the library has no public way to ask for the members
    if described.get("alg") not in (None, algorithm) or algorithm not in ALGORITHMS[str(key.key_type)]:
        return False
    return key.key_type == "RSA" or described.get("crv") == CURVES[algorithm]


def _refresh(source: _Source, usable_seconds: int) -> None:
    """Fetch the keys; while that fails, usable ones go on, and it is not tried at every request."""
    now = clock.epoch()
    usable = bool(source.keys) and 0 <= now - source.fetched_at < usable_seconds
    if not 0 <= now - source.failed_at < RETRY_SECONDS:
        try:
            source.keys, source.fetched_at = _fetch(source.issuer, source.jwks_uri), now
            return
        except UnreachableError as error:
            source.failed_at, source.failure = now, type(error)
    if not usable:
        raise source.failure


def _fetch(issuer: str, jwks_uri: str | None) -> dict[str, jwt.PyJWK]:
    if jwks_uri is None:
        discovered = _document(issuer.rstrip("/") + "/.well-known/openid-configuration")
        jwks_uri = discovered.get("jwks_uri")
        if discovered.get("issuer") != issuer or not isinstance(jwks_uri, str):
            raise UnusableError
        if issuer.startswith("https:") and not jwks_uri.startswith("https:"):
            raise UnusableError
    published = _document(jwks_uri).get("keys")
    keys: dict[str, jwt.PyJWK] = {}
    for position, item in enumerate(published[:MAX_KEYS] if isinstance(published, list) else []):
        key = _parsed(item)
        if key is not None:
            keys[str(item.get("kid", f"#{position}"))] = key
    return keys


def _parsed(item: Any) -> jwt.PyJWK | None:
    """A key that cannot be used is left out: an issuer may publish kinds that we do not know."""
    if not isinstance(item, dict) or item.get("use", "sig") != "sig" or item.get("kty") not in ALGORITHMS:
        return None
    if {"d", "p", "q"} & set(item):
        return None
    try:
        key = jwt.PyJWK(item)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    if key.key_type == "RSA" and key.key.key_size < LEAST_RSA_BITS:
        return None
    return key


def _document(url: str) -> dict[str, Any]:
    try:
        answer = safe_http.get(url, accept="application/json")
    except safe_http.FetchError:
        raise UnreachableError from None
    if answer.status != 200:
        raise UnreachableError
    document = answer.json_object()
    if document is None:
        raise UnusableError
    return document


def forget() -> None:
    """Drop all keys from memory (between tests)."""
    with _lock:
        _sources.clear()
