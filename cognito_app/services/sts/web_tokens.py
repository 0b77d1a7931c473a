"""ID tokens of OpenID Connect providers: verified with the keys that the issuer publishes.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
Standard: https://openid.net/specs/openid-connect-discovery-1_0.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

import jwt
import orjson

from cognito_app.core import clock, jose, safe_http
from cognito_app.errors import ExpiredWebIdentityToken, IDPCommunicationError, InvalidIdentityToken, ServiceError
from cognito_app.services import config, tokens

ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512")
KEYS_LIVE_SECONDS = 600
REFETCH_AFTER_SECONDS = 30
RETRY_AFTER_SECONDS = 5
MAX_ISSUERS = 256
MAX_KEYS = 100
LONGEST_VALUE = 1024
NO_KEY = (
    "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity "
    "documentation for requirements"
)
_COMPUTED = frozenset({"aud", "sub", "amr", "oaud", "azp"})

Keys = dict[str, jwt.PyJWK]

_lock = threading.Lock()
_keys: dict[str, tuple[float, Keys]] = {}
_failures: dict[str, float] = {}


def verify(issuer: str, token: str) -> Mapping[str, Any]:
    """Return the claims of a token of a trusted issuer.

    Raises InvalidIdentityToken, ExpiredWebIdentityToken or IDPCommunicationError.
    """
    try:
        claims = dict(tokens.verify_id_token(token)) if _is_ours(issuer) else _verified(issuer, token)
        jose.check_time(claims, clock.now())
    except jose.TokenError as error:
        raise refusal(error, token) from None
    if claims.get("iss") != issuer or not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise InvalidIdentityToken("Missing a required claim: sub")
    return claims


def _is_ours(issuer: str) -> bool:
    pool_id = issuer.rpartition("/")[2]
    if "_" not in pool_id or issuer != config.issuer_of(pool_id):
        return False
    try:
        return bool(config.pool(pool_id))
    except ServiceError:
        return False


def _verified(issuer: str, token: str) -> dict[str, Any]:
    """Check a signature; the time is checked by the caller with the installation's clock."""
    header, _ = jose.peek(token)
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS or "crit" in header:
        raise jose.TokenError("signature")
    key = _key(issuer, header.get("kid"), algorithm)
    options: Any = {"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False}
    try:
        claims: dict[str, Any] = jwt.decode(token, key.key, algorithms=[algorithm], options=options)
    except jwt.InvalidTokenError:
        raise jose.TokenError("signature") from None
    return claims


def _key(issuer: str, kid: Any, algorithm: str) -> jwt.PyJWK:
    keys = _published(issuer, fresh=False)
    found = _choose(keys, kid, algorithm) or _choose(_published(issuer, fresh=True), kid, algorithm)
    if found is None:
        raise InvalidIdentityToken(NO_KEY)
    return found


def _choose(keys: Keys, kid: Any, algorithm: str) -> jwt.PyJWK | None:
    """A token without a key id is good only where there is one key; a key may be for one algorithm only."""
    kind = "RSA" if algorithm.startswith("RS") else "EC"
    fitting = {
        name: key
        for name, key in keys.items()
        if key.key_type == kind and key._jwk_data.get("alg", algorithm) == algorithm
    }
    if isinstance(kid, str):
        return fitting.get(kid)
    return next(iter(fitting.values())) if len(fitting) == 1 else None


def _published(issuer: str, *, fresh: bool) -> Keys:
    """Return an issuer's keys; ``fresh`` asks again unless that was done a moment ago, or failed just now."""
    now = time.monotonic()
    with _lock:
        held = _keys.get(issuer)
    age = now - held[0] if held else None
    if held is not None and age is not None and age < (REFETCH_AFTER_SECONDS if fresh else KEYS_LIVE_SECONDS):
        return held[1]
    if now < _failures.get(issuer, 0.0):
        raise IDPCommunicationError("The identity provider could not be reached.")
    try:
        keys = _fetch(issuer)
    except ServiceError:
        _failures[issuer] = now + RETRY_AFTER_SECONDS
        raise
    with _lock:
        if len(_keys) >= MAX_ISSUERS:
            _keys.clear()
        _keys[issuer] = (now, keys)
    return keys


def _fetch(issuer: str) -> Keys:
    discovery = _document(issuer.rstrip("/") + "/.well-known/openid-configuration")
    address = discovery.get("jwks_uri")
    if discovery.get("issuer") != issuer or not isinstance(address, str):
        raise InvalidIdentityToken(NO_KEY)
    published = _document(address).get("keys")
    keys: Keys = {}
    for position, item in enumerate(published[:MAX_KEYS] if isinstance(published, list) else []):
        if not isinstance(item, dict) or item.get("use", "sig") != "sig" or item.get("kty") not in ("RSA", "EC"):
            continue
        try:
            keys[str(item.get("kid", f"#{position}"))] = jwt.PyJWK(item)
        except (jwt.PyJWTError, ValueError, TypeError):
            continue
    return keys


def _document(url: str) -> dict[str, Any]:
    try:
        answer = safe_http.get(url, accept="application/json")
    except safe_http.FetchError:
        raise IDPCommunicationError("The identity provider could not be reached.") from None
    if answer.status != 200:
        raise IDPCommunicationError("The identity provider did not answer as expected.")
    try:
        document = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        raise InvalidIdentityToken(NO_KEY)
    return document


def audience(claims: Mapping[str, Any]) -> str:
    """Return whom a token is for: ``azp`` where there is one, else the only ``aud``.

    Raises InvalidIdentityToken.
    """
    wanted = claims.get("azp", claims.get("aud"))
    if isinstance(wanted, list) and len(wanted) == 1:
        wanted = wanted[0]
    if not isinstance(wanted, str):
        raise InvalidIdentityToken("Incorrect token audience")
    return wanted


def condition_keys(name: str, claims: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """Return the condition keys of a provider's token: AWS's own, and every other claim that is a text."""
    keys: dict[str, str | list[str]] = {
        f"{name}:{claim}": value
        for claim, value in claims.items()
        if isinstance(value, str) and claim not in _COMPUTED and len(value) <= LONGEST_VALUE and "://" not in claim
    }
    keys[f"{name}:aud"] = audience(claims)
    keys[f"{name}:sub"] = str(claims["sub"])
    given = claims.get("aud")
    keys[f"{name}:oaud"] = given if isinstance(given, str) else [str(item) for item in given or ()]
    amr = claims.get("amr")
    if isinstance(amr, str | list):
        keys[f"{name}:amr"] = amr if isinstance(amr, str) else [str(item) for item in amr]
    return keys


def refusal(error: jose.TokenError, token: str) -> ServiceError:
    """Return STS's text for a token that must not be believed."""
    if error.reason == "expired":
        _, claims = jose.peek(token)
        return ExpiredWebIdentityToken(
            f"Token expired: current date/time {clock.epoch()} must be before the expiration date/time "
            f"{claims.get('exp')}"
        )
    return InvalidIdentityToken(
        "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
    )


def forget() -> None:
    """Drop the keys from memory (between tests)."""
    with _lock:
        _keys.clear()
        _failures.clear()
