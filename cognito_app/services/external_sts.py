"""The ``sts`` driver: trades an identity's token at another installation's STS, for credentials of that one.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
The credentials are handed on untouched: they open the target, and nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import boto3
import orjson
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, HTTPClientError
from botocore.parsers import ResponseParserError

from cognito_app.core import safe_http
from cognito_app.errors import (
    ExternalServiceException,
    InvalidParameterException,
)
from cognito_app.models import IdentityPool
from cognito_app.services import identity_tokens
from cognito_app.services.credentials import Issued
from cognito_app.services.identity_roles import misconfigured

SECONDS = 3600
TIMEOUT_SECONDS = 5
LONGEST_POLICY = 2048
SETTINGS = frozenset({"endpoint_url", "region", "dialect", "roles", "algorithm"})


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a target understands: session policies in the request, and the form of tags in the token.

    ``tags`` is ``nested`` (AWS's claim), ``flat`` (one object of texts) or None: then a session with tags is refused.
    """

    session_policy: bool
    tags: str | None


DIALECTS = {
    "aws": Dialect(session_policy=True, tags="nested"),
    "seaweedfs": Dialect(session_policy=True, tags="flat"),
    "minio": Dialect(session_policy=True, tags=None),
    "ceph": Dialect(session_policy=True, tags=None),
    "other": Dialect(session_policy=False, tags=None),
}


def check_settings(settings: Mapping[str, Any]) -> None:
    """Check a pool's driver settings. Raises InvalidParameterException."""
    unknown = set(settings) - SETTINGS
    if unknown:
        raise InvalidParameterException(f"Unknown driver settings: {', '.join(sorted(unknown))}")
    if settings.get("dialect") not in DIALECTS:
        raise InvalidParameterException(f"The dialect must be one of {', '.join(DIALECTS)}.")
    if settings.get("algorithm", "RS512") not in identity_tokens.ALGORITHMS:
        raise InvalidParameterException(f"The algorithm must be one of {', '.join(identity_tokens.ALGORITHMS)}.")
    roles = settings.get("roles", {})
    if not isinstance(roles, dict) or not all(isinstance(arn, str) for arn in roles.values()):
        raise InvalidParameterException("The roles must be an object: our ARN to the target's.")
    if not isinstance(settings.get("region", ""), str):
        raise InvalidParameterException("The region must be a text.")
    try:
        safe_http.check_url(str(settings.get("endpoint_url", "")))
    except safe_http.FetchError as error:
        raise InvalidParameterException(f"The endpoint cannot be used: {error}.") from None


def exchange(
    pool: IdentityPool,
    identity_id: str,
    amr: list[str],
    role_arn: str,
    *,
    tags: Mapping[str, str],
    narrowing: Mapping[str, Any] | None,
    session_name: str,
) -> Issued:
    """Return credentials of the target for an identity; ``narrowing`` is what a guest may do at most.

    Nothing is traded that the target would take for more than we mean: a narrowing or tags that it does not
    understand refuse the identity. Call it outside of transactions.
    Raises InvalidIdentityPoolConfigurationException, ExternalServiceException.
    """
    settings = pool.driver_settings
    dialect = DIALECTS[settings["dialect"]]
    if tags and dialect.tags is None:
        raise misconfigured(pool, role_arn, "the target takes no session tags")
    request = {
        "RoleArn": settings.get("roles", {}).get(role_arn, role_arn),
        "RoleSessionName": session_name,
        "DurationSeconds": SECONDS,
        **_policy(pool, role_arn, dialect, narrowing),
    }
    token = identity_tokens.issue(
        pool,
        identity_id,
        amr,
        tags=tags,
        flat_tags=dialect.tags == "flat",
        algorithm=settings.get("algorithm", identity_tokens.ALGORITHM),
    )
    return _ask(pool, role_arn, {**request, "WebIdentityToken": token})


def _policy(pool: IdentityPool, role_arn: str, dialect: Dialect, narrowing: Mapping[str, Any] | None) -> dict[str, str]:
    if narrowing is None:
        return {}
    text = orjson.dumps(narrowing).decode()
    if not dialect.session_policy or len(text) > LONGEST_POLICY:
        raise misconfigured(pool, role_arn, "guests cannot be narrowed at the target")
    return {"Policy": text}


def _ask(pool: IdentityPool, role_arn: str, request: dict[str, Any]) -> Issued:
    client = _client(pool.driver_settings["endpoint_url"], pool.driver_settings.get("region") or "us-east-1")
    try:
        given = client.assume_role_with_web_identity(**request)["Credentials"]
        return Issued(
            access_key_id=given["AccessKeyId"],
            secret=given["SecretAccessKey"],
            session_token=given["SessionToken"],
            expires_at=given["Expiration"],
        )
    except ClientError as error:
        raise misconfigured(pool, role_arn, str(error.response.get("Error", {}).get("Code"))) from None
    except (EndpointConnectionError, HTTPClientError):
        raise ExternalServiceException("The security token service of the target gave no answer.") from None
    except (BotoCoreError, ResponseParserError, KeyError, ValueError) as error:
        raise misconfigured(pool, role_arn, type(error).__name__) from None


@lru_cache(maxsize=32)
def _client(endpoint_url: str, region: str) -> Any:
    make: Any = boto3.client
    return make(
        "sts",
        endpoint_url=endpoint_url,
        region_name=region,
        config=Config(
            signature_version=UNSIGNED,
            connect_timeout=TIMEOUT_SECONDS,
            read_timeout=TIMEOUT_SECONDS,
            retries={"total_max_attempts": 1},
            proxies={},
        ),
    )
