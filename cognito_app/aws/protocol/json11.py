"""AWS JSON 1.1: reading a request's body, writing results and errors."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from cognito_app.aws.model import Operation, Service
from cognito_app.core import clock
from cognito_app.errors import SerializationException, ServiceError, UnknownOperationException

CONTENT_TYPE = "application/x-amz-json-1.1"

Writer = Callable[[Any], Any]


def read_body(body: bytes) -> dict[str, Any]:
    """Return a request's JSON object; an empty body is an empty object.

    Raises SerializationException.
    """
    if not body.strip():
        return {}
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise SerializationException from None
    if not isinstance(document, dict):
        raise SerializationException("Start of structure or map expected.")
    return document


def write_result(operation: Operation, result: dict[str, Any] | None) -> bytes:
    """Return the body of a success; every one is a JSON object, because Amplify refuses an empty body."""
    if operation.output_shape is None or not result:
        return b"{}"
    return orjson.dumps(_writer(operation.model, operation.output_shape)(result))


def write_error(error: ServiceError, *, service: str) -> bytes:
    """Return the body of an error."""
    document: dict[str, Any] = {"__type": error.code}
    if not isinstance(error, UnknownOperationException):
        capital = service == "cognito-identity" and error.code == "AccessDeniedException"
        document["Message" if capital else "message"] = error.message
    document.update(error.extra)
    return orjson.dumps(document)


_cache: dict[tuple[str, str], Writer] = {}


def _writer(model: Service, name: str) -> Writer:
    key = (model.name, name)
    known = _cache.get(key)
    if known is None:
        _cache[key] = lambda value: _cache[key](value)
        known = _cache[key] = _compile(model, name)
    return known


def _compile(model: Service, name: str) -> Writer:
    shape = model.shapes[name]
    kind = shape["type"]
    if shape.get("document"):
        return _same
    if kind == "structure":
        members = {member: _writer(model, reference["shape"]) for member, reference in shape["members"].items()}
        return lambda value: {
            member: members[member](item) for member, item in value.items() if item is not None and member in members
        }
    if kind == "list":
        item_writer = _writer(model, shape["member"]["shape"])
        return lambda value: [item_writer(item) for item in value]
    if kind == "map":
        value_writer = _writer(model, shape["value"]["shape"])
        return lambda value: {key: value_writer(item) for key, item in value.items() if item is not None}
    if kind == "timestamp":
        return _timestamp
    return _blob if kind == "blob" else _same


def _same(value: Any) -> Any:
    return value


def _timestamp(value: datetime | float) -> float:
    return clock.epoch_millis(value) if isinstance(value, datetime) else value


def _blob(value: bytes) -> str:
    return base64.b64encode(value).decode()
