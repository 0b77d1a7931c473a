"""Signature Version 4 as S3 has it: the path encoded once, the body's hash declared and checked while it streams.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import parse_qsl, quote

from cognito_app.contrib.object_storage.errors import S3Error
from cognito_app.contrib.object_storage.requests import S3Request
from cognito_app.core import clock, secrets, sigv4
from cognito_app.core.sigv4 import Claim, Credential
from cognito_app.errors import ServiceError
from cognito_app.services import principals
from cognito_app.services.principals import Principal

SERVICE = "s3"
WINDOW = timedelta(minutes=15)
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
STREAMING_UNSIGNED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
STREAMING_SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
STREAMING_SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
STREAMING = frozenset({STREAMING_UNSIGNED, STREAMING_SIGNED, STREAMING_SIGNED_TRAILER})
OLD_VERSION = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
EMPTY = sha256(b"").hexdigest()


@dataclass(slots=True)
class Signature:
    """A verified signature, from which those of a streamed body's chunks follow; ``payload`` is what was declared."""

    payload: str
    scope: str
    stamp: str
    previous: str
    presigned: bool
    signed_at: datetime
    key: bytes = field(repr=False)

    def check_chunk(self, digest: str, given: str) -> None:
        """Check the signature of a chunk of the body. Raises SignatureDoesNotMatch."""
        self._check(f"{sigv4.ALGORITHM}-PAYLOAD", f"{EMPTY}\n{digest}", given)

    def check_trailer(self, lines: bytes, given: str) -> None:
        """Check the signature of the trailing headers. Raises SignatureDoesNotMatch."""
        self._check("AWS4-HMAC-SHA256-TRAILER", sha256(lines).hexdigest(), given)

    def _check(self, algorithm: str, content: str, given: str) -> None:
        text = f"{algorithm}\n{self.stamp}\n{self.scope}\n{self.previous}\n{content}"
        expected = hmac.digest(self.key, text.encode(), sha256).hex()
        if not secrets.compare(expected, given):
            raise S3Error("SignatureDoesNotMatch")
        self.previous = expected


def verify(request: S3Request, regions: tuple[str, ...]) -> tuple[Principal, Signature]:
    """Check a request's signature; the body is left to whoever reads it.

    Raises AccessDenied for an anonymous one, else S3's errors of signatures.
    """
    claim = _claim(request)
    _check_scope(claim, regions)
    signed_at = _check_date(claim)
    _check_headers(request, claim)
    credential = _credential(claim)
    if credential.expires_at is not None and credential.expires_at <= clock.now():
        raise S3Error("ExpiredToken")
    payload = _payload(request, claim)
    path = quote(request.path or b"/", safe="-_.~/")
    canonical = f"{request.method}\n{path}\n{sigv4.canonical_rest(request.signed, claim, payload)}"
    key = sigv4.signing_key(credential.secret, claim.date, claim.region, claim.service)
    expected = hmac.digest(key, sigv4.string_to_sign(claim, canonical).encode(), sha256).hex()
    if not secrets.compare(expected, claim.signature):
        raise S3Error("SignatureDoesNotMatch", AWSAccessKeyId=claim.key_id)
    presigned = claim.presigned_seconds is not None
    return credential.principal, Signature(payload, claim.scope, claim.stamp, expected, presigned, signed_at, key)


def _claim(request: S3Request) -> Claim:
    header = request.headers.get("authorization", "")
    if not header and {"AWSAccessKeyId", "Signature"} <= request.query.keys():
        raise S3Error("InvalidRequest", OLD_VERSION)
    if not header and "X-Amz-Signature" not in request.query:
        raise S3Error("AccessDenied")
    if header and "X-Amz-Signature" in request.query:
        raise S3Error(
            "InvalidArgument",
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "
            "Signature query string parameter or the Authorization header should be specified",
        )
    if header and not header.startswith("AWS4-"):
        raise S3Error("InvalidRequest", OLD_VERSION)
    try:
        return sigv4.read_claim(request.signed)
    except ServiceError as error:
        code = "AuthorizationHeaderMalformed" if header else "AuthorizationQueryParametersError"
        raise S3Error(code, error.message or "The authorization is malformed.", 400) from None


def _check_scope(claim: Claim, regions: tuple[str, ...]) -> None:
    code = "AuthorizationHeaderMalformed" if claim.presigned_seconds is None else "AuthorizationQueryParametersError"
    if claim.service != SERVICE:
        raise S3Error(
            code,
            f'The credential is malformed; incorrect service "{claim.service}". This endpoint belongs to "s3".',
            400,
        )
    if regions and claim.region not in regions:
        raise S3Error(
            code,
            f"The credential is malformed; the region '{claim.region}' is wrong; expecting '{regions[0]}'",
            400,
            Region=regions[0],
        )


def _check_date(claim: Claim) -> datetime:
    try:
        signed_at = datetime.strptime(claim.stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise S3Error("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header") from None
    now = clock.now()
    if claim.presigned_seconds is not None:
        ends = signed_at + timedelta(seconds=claim.presigned_seconds)
        if now > ends:
            raise S3Error(
                "AccessDenied",
                "Request has expired",
                Expires=f"{ends:%Y-%m-%dT%H:%M:%SZ}",
                ServerTime=f"{now:%Y-%m-%dT%H:%M:%SZ}",
            )
        if signed_at > now + WINDOW:
            raise S3Error("AccessDenied", "Request is not valid yet")
    elif abs(now - signed_at) > WINDOW:
        raise S3Error(
            "RequestTimeTooSkewed",
            RequestTime=claim.stamp,
            ServerTime=f"{now:%Y-%m-%dT%H:%M:%SZ}",
            MaxAllowedSkewMilliseconds="900000",
        )
    return signed_at


def _check_headers(request: S3Request, claim: Claim) -> None:
    """The host must be signed, and with it everything that S3 acts upon."""
    signed = set(claim.signed_headers)
    unsigned = [name for name in request.signed.headers if name.startswith("x-amz-") and name not in signed]
    # Browsers' SDKs add the first after signing; the second is in the string to sign in any case.
    unsigned = [name for name in unsigned if name not in {"x-amz-user-agent", "x-amz-content-sha256"}]
    if "host" not in signed or unsigned:
        missing = ", ".join(unsigned or ["host"])
        raise S3Error(
            "AccessDenied", "There were headers present in the request which were not signed", HeadersNotSigned=missing
        )


def _credential(claim: Claim) -> Credential[Principal]:
    try:
        return principals.lookup(claim.key_id, claim.token)
    except ServiceError:
        if claim.token is not None:
            raise S3Error("InvalidToken") from None
        raise S3Error("InvalidAccessKeyId", AWSAccessKeyId=claim.key_id) from None


def _payload(request: S3Request, claim: Claim) -> str:
    """Return the declared hash of the body. Raises InvalidRequest or InvalidArgument."""
    declared = request.headers.get("x-amz-content-sha256")
    if claim.presigned_seconds is not None:
        return declared or UNSIGNED_PAYLOAD
    if declared is None:
        raise S3Error("InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
    is_hash = len(declared) == 64 and all(char in "0123456789abcdef" for char in declared)
    if not is_hash and declared not in STREAMING | {UNSIGNED_PAYLOAD}:
        raise S3Error(
            "InvalidArgument",
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, "
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, "
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.",
            ArgumentName="x-amz-content-sha256",
            ArgumentValue=declared,
        )
    return declared


def names_s3(headers: str, query: str) -> bool:
    """Whether an Authorization header or a query string is signed for S3, verified or not."""
    if "/s3/aws4_request" in headers:
        return True
    return "X-Amz-Credential=" in query and "/s3/aws4_request" in dict(parse_qsl(query)).get("X-Amz-Credential", "")
