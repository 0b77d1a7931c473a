"""Requests against the model: types first, then every constraint, with AWS's wording of each violation.

Each shape is compiled once into a function, so that a request costs only the checks that its members need.
"""

from __future__ import annotations

import base64
import binascii
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import regex

from cognito_app import errors
from cognito_app.aws.model import Operation, Service

Problems = list[str]
Check = Callable[[Any, str, Problems], Any]

MAX_PATTERN_INPUT = 10_000
VALIDATION_ERRORS: dict[str, type[errors.ServiceError]] = {
    "cognito-idp": errors.InvalidParameterException,
    "cognito-identity": errors.ValidationException,
    "cognito-sync": errors.InvalidParameterException,
    "sts": errors.ValidationError,
    "iam": errors.ValidationError,
    "kms": errors.ValidationException,
}
# The live service is stricter than its model about passwords (spec/user-pools.md 1.9).
PASSWORD_SHAPE = "PasswordType"  # noqa: S105
PASSWORD_PATTERN = r"^[\S]+.*[\S]+$"  # noqa: S105
PASSWORD_MINIMUM = 6
# The model's enum lags behind its documentation (GetClientToken; spec/user-pools.md 4.2).
DOCUMENTED_VALUES = {"ExplicitAuthFlowsType": ["ALLOW_CLIENT_TOKEN_AUTH"]}
# The pattern of domains is that of prefixes; the documentation takes full names for custom domains.
ALSO_TAKEN = {"DomainType": r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"}
# Clients name a device after the host, which may have no name (spec/clients.md 47).
MAY_BE_EMPTY = ("DeviceNameType",)


def parse_input(operation: Operation, document: dict[str, Any]) -> dict[str, Any]:
    """Return the request's members with their types, or refuse it.

    Raises SerializationException for a wrong JSON type, else one validation error that lists all violations.
    """
    if operation.input_shape is None:
        return {}
    problems: Problems = []
    params: dict[str, Any] = _compiled(operation.model, operation.input_shape, False)(document, "", problems)
    if problems:
        plural = "error" if len(problems) == 1 else "errors"
        raise VALIDATION_ERRORS[operation.service](
            f"{len(problems)} validation {plural} detected: " + "; ".join(problems)
        )
    return params


Key = tuple[str, str, bool]
_cache: dict[Key, Check] = {}
_building: dict[Key, Check] = {}
_lock = threading.RLock()


def _compiled(model: Service, name: str, required: bool) -> Check:
    key = (model.name, name, required)
    known = _cache.get(key)
    if known is None:
        with _lock:
            known = _cache.get(key) or _building.get(key) or _build(model, key)
    return known


def _build(model: Service, key: Key) -> Check:
    """Compile a shape and all below it; other threads see the functions only when the last one is there."""
    outermost = not _building
    try:
        # A shape may contain itself: such calls go through the table.
        _building[key] = lambda value, path, problems: _cache[key](value, path, problems)
        built = _building[key] = _compile(model, key[1], key[2])
        if outermost:
            _cache.update(_building)
        return built
    finally:
        if outermost:
            _building.clear()


def _compile(model: Service, name: str, required: bool) -> Check:
    shape = dict(model.shapes[name])
    if shape.get("document"):
        return lambda value, path, problems: value
    if name == PASSWORD_SHAPE:
        shape["pattern"] = PASSWORD_PATTERN
        if required:
            shape["min"] = PASSWORD_MINIMUM
    if name in DOCUMENTED_VALUES:
        shape["enum"] = [*shape["enum"], *DOCUMENTED_VALUES[name]]
    if name in MAY_BE_EMPTY:
        shape["min"] = 0
    kind = shape["type"]
    if kind == "structure":
        return _structure(model, shape)
    if kind == "list":
        return _list(model, shape)
    if kind == "map":
        return _map(model, shape)
    if kind == "string":
        return _string(shape, ALSO_TAKEN.get(name), blank_is_absent=name == PASSWORD_SHAPE and not required)
    return _scalar(shape)


def _structure(model: Service, shape: dict[str, Any]) -> Check:
    required = shape.get("required", [])
    members = [
        (
            member,
            _camel(member),
            _compiled(model, reference["shape"], member in required),
            member in required,
            bool(model.shapes[reference["shape"]].get("sensitive")),
        )
        for member, reference in shape["members"].items()
    ]

    def check(value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, dict):
            raise _wrong_type(value, "a structure")
        prefix = path + "." if path else ""
        result = {}
        for member, label, inner, is_required, sensitive in members:
            given = value.get(member)
            if given is not None:
                converted = inner(given, prefix + label, problems)
                if converted is not None:
                    result[member] = converted
            elif is_required:
                shown = "Value" if sensitive else "Value null"
                problems.append(f"{shown} at '{prefix}{label}' failed to satisfy constraint: Member must not be null")
        return result

    return check


def _list(model: Service, shape: dict[str, Any]) -> Check:
    inner = _compiled(model, shape["member"]["shape"], False)
    measure = _length(shape)

    def check(value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, list):
            raise _wrong_type(value, "a list")
        measure(len(value), value, path, problems)
        given = enumerate((item for item in value if item is not None), 1)
        return [inner(item, f"{path}.{position}.member", problems) for position, item in given]

    return check


def _map(model: Service, shape: dict[str, Any]) -> Check:
    key_check = _compiled(model, shape["key"]["shape"], False)
    value_check = _compiled(model, shape["value"]["shape"], False)
    measure = _length(shape)

    def check(value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, dict):
            raise _wrong_type(value, "a map")
        present = {key: item for key, item in value.items() if item is not None}
        measure(len(present), present, path, problems)
        return {
            key_check(key, f"{path}.key", problems): value_check(item, f"{path}.{key}.member", problems)
            for key, item in present.items()
        }

    return check


def _string(shape: dict[str, Any], also_taken: str | None, *, blank_is_absent: bool) -> Check:
    measure = _length(shape)
    enum = shape.get("enum")
    allowed = frozenset(enum or ())
    enum_text = f"Member must satisfy enum value set: [{', '.join(enum or ())}]"
    pattern = _pattern(shape["pattern"]) if "pattern" in shape else None
    other = _pattern(also_taken) if also_taken else None
    sensitive = bool(shape.get("sensitive"))

    def check(value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, str):
            raise _wrong_type(value, "a String")
        if blank_is_absent and value == "":
            return None
        if "\x00" in value:
            problems.append(_problem("", path, "Member must not contain null characters", True))
            return value
        measure(len(value), value, path, problems)
        if enum and value not in allowed:
            problems.append(_problem(value, path, enum_text, sensitive))
        if other is not None and other.fullmatch(value):
            return value
        if pattern is not None and not ((one_class or len(value) <= MAX_PATTERN_INPUT) and pattern.fullmatch(value)):
            text = f"Member must satisfy regular expression pattern: {shape_pattern}"
            problems.append(_problem(value, path, text, sensitive))
        return value

    shape_pattern = shape.get("pattern")
    # Policy documents are longer; one class of characters takes linear time.
    one_class = regex.fullmatch(r"\[[^\]]*\][+*]", shape_pattern or "") is not None
    return check


@cache
def _pattern(text: str) -> regex.Pattern[str]:
    return regex.compile(text, regex.DOTALL if text == PASSWORD_PATTERN else 0)


def _length(shape: dict[str, Any]) -> Callable[[int, Any, str, Problems], None]:
    low, high = shape.get("min"), shape.get("max")
    sensitive = bool(shape.get("sensitive"))

    def check(length: int, value: Any, path: str, problems: Problems) -> None:
        if low is not None and length < low:
            text = f"Member must have length greater than or equal to {low}"
            problems.append(_problem(value, path, text, sensitive))
        if high is not None and length > high:
            text = f"Member must have length less than or equal to {high}"
            problems.append(_problem(value, path, text, sensitive))

    return check


def _scalar(shape: dict[str, Any]) -> Check:
    convert = _CONVERTERS[shape["type"]]
    low, high = shape.get("min"), shape.get("max")
    sensitive = bool(shape.get("sensitive"))
    size = _length(shape) if shape["type"] == "blob" else None

    def check(value: Any, path: str, problems: Problems) -> Any:
        converted = convert(value)
        if size is not None:
            size(len(converted), "", path, problems)
            return converted
        if low is not None and converted < low:
            text = f"Member must have value greater than or equal to {low}"
            problems.append(_problem(converted, path, text, sensitive))
        if high is not None and converted > high:
            text = f"Member must have value less than or equal to {high}"
            problems.append(_problem(converted, path, text, sensitive))
        return converted

    return check


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) >= 2**63:
        raise _wrong_type(value, "an Integer")
    return int(value)


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong_type(value, "a Boolean")
    return value


def _timestamp(value: Any) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong_type(value, "a Timestamp")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        raise errors.SerializationException("NUMBER_VALUE can not be converted to a Timestamp") from None


def _blob(value: Any) -> bytes:
    if not isinstance(value, str):
        raise _wrong_type(value, "a Blob")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise errors.SerializationException("STRING_VALUE can not be converted to a Blob") from None


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "integer": _integer,
    "long": _integer,
    "boolean": _boolean,
    "timestamp": _timestamp,
    "blob": _blob,
}


def _wrong_type(value: Any, expected: str) -> errors.SerializationException:
    if isinstance(value, dict):
        return errors.SerializationException("Start of structure or map found where not expected.")
    if isinstance(value, list):
        return errors.SerializationException("Start of list found where not expected.")
    if isinstance(value, bool):
        found = "TRUE_VALUE" if value else "FALSE_VALUE"
    else:
        found = "STRING_VALUE" if isinstance(value, str) else "NUMBER_VALUE"
    return errors.SerializationException(f"{found} can not be converted to {expected}")


def _problem(value: Any, path: str, constraint: str, sensitive: bool) -> str:
    shown = "Value" if sensitive else f"Value '{_shown(value)}'"
    return f"{shown} at '{path}' failed to satisfy constraint: {constraint}"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_shown(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={_shown(item)}" for key, item in value.items()) + "}"
    return str(value)


def _camel(member: str) -> str:
    return member[:1].lower() + member[1:]
