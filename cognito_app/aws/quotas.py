"""Counts a request before its parameters are checked: what it names is looked at with care."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cognito_app.aws.categories import OPERATION_LIMITS, category_of
from cognito_app.aws.model import ACCESS_TOKEN_MEMBER, Operation
from cognito_app.conf import app_settings
from cognito_app.core import jose
from cognito_app.errors import ResourceNotFoundException
from cognito_app.services import config, throttle, tokens
from cognito_app.services.config import PoolConfig

CHALLENGE_ANSWERS = ("RespondToAuthChallenge", "AdminRespondToAuthChallenge")
LONGEST_NAME = 2048
_POOL_ID = re.compile(r"[\w-]{1,46}_[0-9A-Za-z]{1,40}", re.ASCII)
_CLIENT_ID = re.compile(r"[\w+]{1,128}", re.ASCII)


def count(operation: Operation, document: Mapping[str, Any]) -> None:
    """Count a request to the user pools API; other services have no categories. Raises TooManyRequestsException."""
    if not app_settings.request_quotas or operation.service != "cognito-idp":
        return
    pool, user = named_in(operation, document)
    name = operation.name
    if name in CHALLENGE_ANSWERS:
        challenge = document.get("ChallengeName")
        throttle.count_answer(challenge if isinstance(challenge, str) else "", operation=name, pool=pool, user=user)
        return
    limit = OPERATION_LIMITS.get(name)
    throttle.count(category_of(name), operation=name, pool=pool, user=user, operation_limit=limit)


def named_in(operation: Operation, document: Mapping[str, Any]) -> tuple[PoolConfig | None, str | None]:
    """Return the pool and the user that a request names: only a token that is signed by the pool counts."""
    if ACCESS_TOKEN_MEMBER in operation.input_members and operation.unsigned:
        return _of_token(document.get(ACCESS_TOKEN_MEMBER))
    return _pool(document), _user(document)


def _of_token(token: Any) -> tuple[PoolConfig | None, str | None]:
    if not isinstance(token, str):
        return None, None
    try:
        claims = tokens.verify(token, use="access")
        return config.pool(str(claims["iss"]).rsplit("/", 1)[-1]), str(claims.get("username", ""))
    except (jose.TokenError, ResourceNotFoundException):
        return None, None


def _pool(document: Mapping[str, Any]) -> PoolConfig | None:
    pool_id, client_id, arn = (document.get(name) for name in ("UserPoolId", "ClientId", "ResourceArn"))
    if isinstance(arn, str):
        pool_id = arn.rpartition("userpool/")[2]
    try:
        if isinstance(pool_id, str):
            return config.pool(pool_id) if _POOL_ID.fullmatch(pool_id) else None
        if isinstance(client_id, str) and _CLIENT_ID.fullmatch(client_id):
            return config.pool(config.client(client_id).pool_id)
    except ResourceNotFoundException:
        pass
    return None


def _user(document: Mapping[str, Any]) -> str | None:
    holders = (document, document.get("AuthParameters"), document.get("ChallengeResponses"))
    for holder, member in zip(holders, ("Username", "USERNAME", "USERNAME"), strict=True):
        name = holder.get(member) if isinstance(holder, Mapping) else None
        if isinstance(name, str) and name:
            return name[:LONGEST_NAME]
    return None
