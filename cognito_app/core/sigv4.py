"""Verification of AWS Signature Version 4, in headers or in the query string.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Generic, TypeVar
from urllib.parse import parse_qsl, quote

from cognito_app.core import clock, numbers, secrets
from cognito_app.errors import (
    ExpiredTokenException,
    IncompleteSignatureException,
    InvalidSignatureException,
    MissingAuthenticationTokenException,
)

ALGORITHM = "AWS4-HMAC-SHA256"
WINDOW = timedelta(minutes=5)
LONGEST_PRESIGNED_SECONDS = 604_800
_STAMP = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_SPACES = re.compile(r" +")

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request as it came in; ``headers`` has lower-case names, ``path`` is decoded as WSGI gives it."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Credential(Generic[P]):
    """The secret of an access key and whoever it stands for."""

    secret: str = field(repr=False)
    principal: P
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request says about its own signature."""

    key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    stamp: str
    token: str | None
    presigned_seconds: int | None

    @property
    def scope(self) -> str:
        """What the signing key is good for."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def access_key_of(request: SignedRequest) -> str | None:
    """Return the access key id that a request names, unverified, or None."""
    match = re.search(r"Credential=([^/,\s]+)/", request.headers.get("authorization", ""))
    if match:
        return match.group(1)
    named = dict(parse_qsl(request.query)).get("X-Amz-Credential", "")
    return named.split("/")[0] or None


def verify(
    request: SignedRequest,
    lookup: Callable[[str, str | None], Credential[P]],
    *,
    service: str,
    regions: tuple[str, ...] = (),
) -> P:
    """Check a signature and return the principal behind the key.

    ``lookup`` takes the access key id and session token and raises UnrecognizedClientException for an unknown one.
    ``regions`` empty accepts any. Raises MissingAuthenticationTokenException, IncompleteSignatureException,
    InvalidSignatureException or ExpiredTokenException.
    """
    claim = read_claim(request)
    _check_scope(claim, service, regions)
    now = clock.now()
    _check_date(claim, now)
    _check_headers(request, claim)
    credential = lookup(claim.key_id, claim.token)
    if credential.expires_at is not None and credential.expires_at <= now:
        raise ExpiredTokenException
    key = signing_key(credential.secret, claim.date, claim.region, claim.service)
    behind_path = canonical_rest(request, claim, sha256(request.body).hexdigest())
    paths = _canonical_paths(request.path)
    if not any(_is_signed(key, claim, f"{request.method}\n{path}\n{behind_path}") for path in paths):
        raise InvalidSignatureException
    return credential.principal


def _is_signed(key: bytes, claim: Claim, canonical: str) -> bool:
    expected = hmac.digest(key, string_to_sign(claim, canonical).encode(), sha256).hex()
    return secrets.compare(expected, claim.signature)


def _canonical_paths(path: str) -> list[str]:
    """Return the forms in which a client may have signed a decoded path.

    Every service but S3 signs the path of the request line encoded once more, and WSGI does not tell whether a
    client wrote a character such as the colon as it is or as an escape.
    """
    once = quote(path or "/", safe="-_.~/")
    return [once, quote(once, safe="-_.~/")] if "%" in once else [once]


def read_claim(request: SignedRequest) -> Claim:
    """Return what a request says of its signature. Raises as ``verify`` does for one without or of a wrong form."""
    header = request.headers.get("authorization")
    if header:
        return _from_header(request, header)
    if "X-Amz-Signature" in request.query:
        return _from_query(request)
    raise MissingAuthenticationTokenException


def _from_header(request: SignedRequest, header: str) -> Claim:
    algorithm, _, rest = header.strip().partition(" ")
    if algorithm != ALGORITHM:
        raise IncompleteSignatureException(f"Authorization header requires '{ALGORITHM}'.")
    parts = dict(piece.strip().partition("=")[::2] for piece in rest.split(","))
    missing = [name for name in ("Credential", "Signature", "SignedHeaders") if not parts.get(name)]
    stamp = request.headers.get("x-amz-date", "")
    if missing or not stamp:
        texts = [f"Authorization header requires '{name}' parameter." for name in missing]
        if not stamp:
            texts.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
        raise IncompleteSignatureException(" ".join(texts))
    return _claim(
        parts["Credential"],
        parts["SignedHeaders"],
        parts["Signature"],
        stamp,
        request.headers.get("x-amz-security-token"),
        None,
    )


def _from_query(request: SignedRequest) -> Claim:
    given = dict(parse_qsl(request.query, keep_blank_values=True))
    names = ("X-Amz-Credential", "X-Amz-SignedHeaders", "X-Amz-Date", "X-Amz-Expires")
    missing = [name for name in names if not given.get(name)]
    if missing or given.get("X-Amz-Algorithm") != ALGORITHM:
        wanted = ", ".join(f"'{name}'" for name in missing or ["X-Amz-Algorithm"])
        raise IncompleteSignatureException(f"AWS query-string parameters must include {wanted}.")
    seconds = numbers.whole(given["X-Amz-Expires"], LONGEST_PRESIGNED_SECONDS)
    if not seconds:
        raise IncompleteSignatureException("X-Amz-Expires must be between 1 and 604800 seconds.")
    return _claim(
        given["X-Amz-Credential"],
        given["X-Amz-SignedHeaders"],
        given["X-Amz-Signature"],
        given["X-Amz-Date"],
        given.get("X-Amz-Security-Token"),
        seconds,
    )


def _claim(
    credential: str, signed: str, signature: str, stamp: str, token: str | None, presigned_seconds: int | None
) -> Claim:
    scope = credential.split("/")
    if len(scope) != 5 or scope[4] != "aws4_request":
        raise IncompleteSignatureException(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term."
        )
    if not _STAMP.fullmatch(stamp):
        raise IncompleteSignatureException("Date must be in ISO-8601 'basic format'.")
    if not stamp.startswith(scope[1]):
        raise InvalidSignatureException(
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{scope[1]}'."
        )
    return Claim(
        key_id=scope[0],
        date=scope[1],
        region=scope[2],
        service=scope[3],
        signed_headers=tuple(signed.lower().split(";")),
        signature=signature,
        stamp=stamp,
        token=token,
        presigned_seconds=presigned_seconds,
    )


def _check_scope(claim: Claim, service: str, regions: tuple[str, ...]) -> None:
    if regions and claim.region not in regions:
        raise InvalidSignatureException(f"Credential should be scoped to a valid region, not '{claim.region}'.")
    if claim.service != service:
        raise InvalidSignatureException(f"Credential should be scoped to correct service: '{service}'.")


def _check_date(claim: Claim, now: datetime) -> None:
    stamp = claim.stamp
    day = (int(stamp[:4]), int(stamp[4:6]), int(stamp[6:8]))
    try:
        signed_at = datetime(*day, int(stamp[9:11]), int(stamp[11:13]), int(stamp[13:15]), tzinfo=UTC)
    except ValueError:
        raise IncompleteSignatureException("Date must be in ISO-8601 'basic format'.") from None
    if claim.presigned_seconds is not None:
        if now > signed_at + timedelta(seconds=claim.presigned_seconds):
            raise InvalidSignatureException(f"Signature expired: {claim.stamp} is now earlier than {_basic(now)}")
    elif signed_at < now - WINDOW:
        raise InvalidSignatureException(
            f"Signature expired: {claim.stamp} is now earlier than {_basic(now - WINDOW)} ({_basic(now)} - 5 min.)"
        )
    if signed_at > now + WINDOW:
        raise InvalidSignatureException(
            f"Signature not yet current: {claim.stamp} is still later than {_basic(now + WINDOW)} "
            f"({_basic(now)} + 5 min.)"
        )


def _basic(instant: datetime) -> str:
    return f"{instant:%Y%m%dT%H%M%SZ}"


def _check_headers(request: SignedRequest, claim: Claim) -> None:
    """What AWS acts upon must be signed, and a declared body hash must be the body's."""
    signed = set(claim.signed_headers)
    unsigned = [name for name in request.headers if name.startswith("x-amz-") and name not in signed]
    # Browsers' SDKs add these after signing.
    unsigned = [name for name in unsigned if name not in {"x-amz-user-agent", "x-amz-content-sha256"}]
    if "host" not in signed or unsigned:
        raise InvalidSignatureException
    declared = request.headers.get("x-amz-content-sha256")
    if declared is not None and not secrets.compare(declared, sha256(request.body).hexdigest()):
        raise InvalidSignatureException


def string_to_sign(claim: Claim, canonical: str) -> str:
    """Return what a signing key signs for a canonical request."""
    hashed = sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{ALGORITHM}\n{claim.stamp}\n{claim.scope}\n{hashed}"


def canonical_rest(request: SignedRequest, claim: Claim, payload: str) -> str:
    """Return what follows the path in the canonical request; ``payload`` is the body's hash or what stands for it."""
    headers = "".join(f"{name}:{_folded(request.headers.get(name, ''))}\n" for name in claim.signed_headers)
    return "\n".join((_canonical_query(request.query), headers, ";".join(claim.signed_headers), payload))


def _folded(value: str) -> str:
    value = value.strip()
    return _SPACES.sub(" ", value) if "  " in value else value


def _canonical_query(query: str) -> str:
    if not query:
        return ""
    pairs = parse_qsl(query, keep_blank_values=True)
    encoded = [(quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in pairs if k != "X-Amz-Signature"]
    return "&".join(f"{key}={value}" for key, value in sorted(encoded))


@lru_cache(maxsize=4096)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """Return the key that signs a day's requests to a service."""
    key = ("AWS4" + secret).encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), sha256)
    return key
