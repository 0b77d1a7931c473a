"""Real boto3 S3 clients whose requests go into Django's test client, and the signers that they need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.config import Config

from cognito_app.services import access_keys, identities, identity_pools, roles, sts
from cognito_app.services.actor import SYSTEM
from tests.clients.boto import _Raw, web_client

ENDPOINT = "http://localhost:8000/s3"
Keys = Sequence[str]


def _send(request: Any, **kwargs: Any) -> AWSResponse:
    parts = urlsplit(request.url)
    headers = {
        key.lower(): value.decode() if isinstance(value, bytes) else str(value)
        for key, value in request.headers.items()
    }
    body = request.body or b""
    content = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else body.read()
    response = web(request.method, parts.path, parts.query, {**headers, "host": parts.netloc}, content)
    raw = b"".join(response.streaming_content) if response.streaming else response.content
    answer: Any = AWSResponse
    made: AWSResponse = answer(request.url, response.status_code, HeadersDict(response.headers), _Raw(raw))
    return made


def web(method: str, path: str, query: str = "", headers: dict[str, str] | None = None, body: bytes = b"") -> Any:
    """Send a request into Django's test client, with the path as it stands on the wire."""
    given = headers or {}
    meta: dict[str, Any] = {
        "HTTP_" + key.upper().replace("-", "_"): value for key, value in given.items() if key != "content-type"
    }
    if "content-type" in given:
        meta["CONTENT_TYPE"] = given["content-type"]  # Django's client leaves it out where there is no content
    return web_client().generic(method, path + (f"?{query}" if query else ""), body, content_type="", **meta)


def client(keys: Keys, **options: Any) -> Any:
    """Return a client without retries that talks to the app in this process."""
    make: Any = boto3.client
    style: Any = {"addressing_style": options.pop("addressing", "path")}
    endpoint = options.pop("endpoint", ENDPOINT)
    config = Config(retries={"max_attempts": 0, "mode": "standard"}, signature_version="s3v4", s3=style, **options)
    made = make(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=keys[0],
        aws_secret_access_key=keys[1],
        aws_session_token=keys[2] if len(keys) > 2 else None,
        config=config,
    )
    made.meta.events.register("before-send", _send)
    return made


def may(action: Any, resource: Any, **more: Any) -> dict[str, Any]:
    """Return a policy of one statement."""
    return {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": resource, **more}}


def user(document: dict[str, Any]) -> Keys:
    """Return the key of a user with a policy."""
    row, secret = access_keys.create(SYSTEM, user_name="ann", document=document)
    return row.id, secret


def identity_with(
    document: dict[str, Any], seconds: int = 3600, tags: dict[str, str] | None = None
) -> tuple[str, Keys]:
    """Return a new identity, and credentials of a role that has a policy."""
    pool = identity_pools.create(SYSTEM, name="pool", settings={"AllowUnauthenticatedIdentities": True})
    identity_id = identities.get_id(pool.pk, {}, None)
    trust = {
        "Effect": "Allow",
        "Principal": {"Federated": roles.IDENTITY_PROVIDER},
        "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
        "Condition": {"StringEquals": {f"{roles.IDENTITY_PROVIDER}:aud": pool.pk}},
    }
    name = f"app-{pool.pk.split(':')[1]}"
    role = roles.create(
        SYSTEM, name=name, trust_policy={"Version": "2012-10-17", "Statement": [trust]}, policies={"own": document}
    )
    claims = {"aud": pool.pk, "sub": identity_id, "amr": ["authenticated"]}
    issued = sts.assume(role, claims, session_name="s", seconds=seconds, tags=tags)
    assert issued is not None
    return identity_id, (issued.access_key_id, issued.secret, issued.session_token)
