"""Strategies: a request to any operation, from plain to odd, with names of things that exist here and there."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cache
from typing import Any

from hypothesis import strategies as st

from cognito_app.aws import model
from tests.clients import shapes

IDP = model.service("cognito-idp")
MAX_DEPTH = 4
ODD_TEXTS = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "𝕌̈nïcode‮ ",
    "' OR 1=1 --",
    "%00%0a..%2f",
    "{####}",
    "{{7*7}}<script>",
    '{"a": 1}',
    "x" * 3000,
    "-1",
    "1e400",
    "9" * 400,
    "../../etc/passwd",
    "http://[::1",
    "arn:aws:iam::000000000000:role/service",
)
ODD_NUMBERS = (-1, 0, 1, 60, 61, 2**31, 2**62, 2**70, 1.5)
ODD_VALUES: tuple[Any, ...] = (*ODD_NUMBERS, True, False, None, [], [[]], {}, ["a", None, 1], "text")


@dataclass(frozen=True)
class Known:
    """A place for the name of something that exists when the request is sent."""

    name: str


# Members that take the name of something which the world holds.
KNOWN = {
    "UserPoolId": "pool_id",
    "ClientId": "client_id",
    "Username": "username",
    "AccessToken": "access_token",
    "SubjectToken": "access_token",
    "ActorToken": "access_token",
    "RefreshToken": "refresh_token",
    "Token": "refresh_token",
    "ClientSecret": "client_secret",
    "Secret": "client_secret",
    "SecretHash": "secret_hash",
    "GroupName": "group",
    "ProviderName": "provider",
    "IdpIdentifier": "idp_identifier",
    "Identifier": "resource_server",
    "Domain": "domain",
    "ResourceArn": "pool_arn",
    "DeviceKey": "device_key",
    "JobId": "job_id",
    "EventId": "event_id",
    "SessionId": "session_id",
    "ManagedLoginBrandingId": "branding_id",
    "TermsId": "terms_id",
    "Session": "session",
    "ChallengeName": "challenge",
    "NextToken": "page_token",
    "PaginationToken": "page_token",
}
PARAMETERS = {
    "USERNAME": "username",
    "PASSWORD": "password",
    "SRP_A": "srp_a",
    "REFRESH_TOKEN": "refresh_token",
    "SECRET_HASH": "secret_hash",
    "DEVICE_KEY": "device_key",
    "NEW_PASSWORD": "password",
    "SMS_MFA_CODE": "code",
    "SOFTWARE_TOKEN_MFA_CODE": "code",
    "EMAIL_OTP_CODE": "code",
    "ANSWER": "code",
    "PASSWORD_CLAIM_SECRET_BLOCK": "secret_block",
    "PASSWORD_CLAIM_SIGNATURE": "secret_block",
    "TIMESTAMP": "timestamp",
}


def requests() -> st.SearchStrategy[tuple[str, Any]]:
    """Return the strategy of requests: the operation's name, and a body with ``Known`` places in it."""
    return st.sampled_from(sorted(IDP.operations)).flatmap(
        lambda name: st.tuples(st.just(name), _body(IDP.operations[name].input_shape))
    )


@cache
def _body(shape: str | None) -> st.SearchStrategy[Any]:
    if shape is None:
        return st.just({})
    return st.one_of(_value(shape, 0), _value(shape, 0), st.sampled_from(ODD_VALUES))


@cache
def _value(name: str, depth: int) -> st.SearchStrategy[Any]:
    shape = IDP.shapes[name]
    kind = shape["type"]
    if depth > MAX_DEPTH:
        return st.just(shapes.plain(IDP, name))
    if shape.get("document"):
        return _documents()
    if kind == "structure":
        return _structure(shape, depth)
    if kind == "list":
        size = min(shape.get("max", 3), 3)
        return st.lists(_member(shape["member"]["shape"], depth + 1), max_size=size)
    if kind == "map":
        values = _member(shape["value"]["shape"], depth + 1)
        return st.one_of(_parameters(), st.dictionaries(_text(IDP.shapes[shape["key"]["shape"]]), values, max_size=3))
    if kind == "string":
        return _text(shape)
    return _scalar(shape)


def _structure(shape: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
    required = set(shape.get("required", ()))
    always = {m: _named(m, r["shape"], depth) for m, r in shape["members"].items() if m in required}
    perhaps = {m: _named(m, r["shape"], depth) for m, r in shape["members"].items() if m not in required}
    return st.fixed_dictionaries(always, optional=perhaps)


def _named(member: str, shape: str, depth: int) -> st.SearchStrategy[Any]:
    made = _member(shape, depth + 1)
    if member not in KNOWN or IDP.shapes[shape]["type"] != "string":
        return made
    known = st.just(Known(KNOWN[member]))
    return st.one_of(known, known, known, made)


@cache
def _member(shape: str, depth: int) -> st.SearchStrategy[Any]:
    made = _value(shape, depth)
    return st.one_of(made, made, made, made, st.sampled_from(ODD_VALUES))


def _text(shape: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "enum" in shape:
        return st.sampled_from(shape["enum"])
    fitting = shapes.texts_for(shape.get("pattern"), shape.get("min", 0), shape.get("max"))
    choices: list[st.SearchStrategy[Any]] = [st.sampled_from(fitting)] * 3 if fitting else []
    return st.one_of(*choices, st.sampled_from(ODD_TEXTS), st.text(max_size=12))


def _scalar(shape: dict[str, Any]) -> st.SearchStrategy[Any]:
    if shape["type"] == "boolean":
        return st.booleans()
    if shape["type"] == "blob":
        return st.binary(max_size=64).map(lambda content: base64.b64encode(content).decode())
    low, high = shape.get("min", -1), shape.get("max", 2**40)
    return st.one_of(st.integers(low, high), st.sampled_from((low, high, low - 1, high + 1)))


@cache
def _parameters() -> st.SearchStrategy[dict[str, Any]]:
    odd = st.sampled_from(ODD_TEXTS)
    return st.fixed_dictionaries(
        {}, optional={name: st.one_of(st.just(Known(known)), odd) for name, known in PARAMETERS.items()}
    )


@cache
def _documents() -> st.SearchStrategy[Any]:
    leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.sampled_from(ODD_TEXTS))
    names = st.sampled_from(
        ("id", "rawId", "type", "response", "clientDataJSON", "attestationObject", "components", "x")
    )
    return st.recursive(
        leaves, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner)), max_leaves=8
    )


def resolve(value: Any, world: dict[str, str]) -> Any:
    """Put the names of existing things into their places."""
    if isinstance(value, Known):
        return world.get(value.name, "none-of-this-kind")
    if isinstance(value, dict):
        return {key: resolve(item, world) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, world) for item in value]
    return value
