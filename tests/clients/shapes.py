"""Values made from the shapes of a service model: such as satisfy every constraint, and such as break just one."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import regex

from cognito_app.aws.model import Operation, Service

MAX_DEPTH = 5
LONGEST = 200_000
# Texts as clients send them; the first that satisfies a shape is its plain value.
TEXTS = (
    "plain",
    "Plain-Text-9!",
    "123456",
    "us-east-1_AbCdEf123",
    "us-east-1:0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
    "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
    "us-east-1_0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
    "us-east-1",
    "arn:aws:iam::000000000000:role/service",
    "arn:aws:lambda:us-east-1:000000000000:function:f",
    "https://app.example.com/here",
    "a@example.com",
    "+15550001111",
    "tkn0123456789abcdefghijklm",
    "tkn0123456789abcdefghijklmno",
    "Your code is {####}",
    "Open {##this link##}",
    "10.0.0.0/8",
    "terms-of-use",
    "cognito:default",
    "import-0a1b2c3d4e",
    "x" * 32,
    "x" * 64,
    "x" * 600,
    "A.B.C",
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.x",
    "Level1",
    "arn:aws:s3:::bucket",
    "{}",
    "a",
    "",
)


def scalar_kind(shape: dict[str, Any]) -> bool:
    """Whether a shape holds no others."""
    return shape["type"] not in ("structure", "list", "map")


@cache
def texts_for(pattern: str | None, low: int, high: int | None) -> tuple[str, ...]:
    """Return the texts that satisfy a string shape's constraints."""
    compiled = regex.compile(pattern) if pattern else None
    return tuple(
        text
        for text in TEXTS
        if low <= len(text) <= (LONGEST if high is None else high) and (compiled is None or compiled.fullmatch(text))
    )


def plain(service: Service, name: str, depth: int = 0) -> Any:
    """Return a value that satisfies a shape: its required members only, its first enum value, its least size."""
    shape = service.shapes[name]
    kind = shape["type"]
    if kind == "structure":
        if shape.get("document"):
            return {}
        return {m: plain(service, shape["members"][m]["shape"], depth + 1) for m in shape.get("required", ())}
    if kind == "list":
        return [plain(service, shape["member"]["shape"], depth + 1) for _ in range(shape.get("min", 0))]
    if kind == "map":
        key = plain(service, shape["key"]["shape"])
        return {key: plain(service, shape["value"]["shape"])} if shape.get("min") else {}
    if kind == "string":
        return _plain_text(name, shape)
    if kind in ("integer", "long"):
        return max(shape.get("min", 0), 0)
    if kind == "boolean":
        return False
    if kind == "blob":
        return base64.b64encode(b"x" * shape.get("min", 0)).decode()
    return 1_700_000_000


def _plain_text(name: str, shape: dict[str, Any]) -> str:
    if "enum" in shape:
        return str(shape["enum"][0])
    found = texts_for(shape.get("pattern"), shape.get("min", 0), shape.get("max"))
    if not found:
        raise LookupError(f"no text for {name}: {shape}")
    return found[1] if name == "PasswordType" else found[0]


@dataclass(frozen=True)
class Violation:
    """A request that breaks one constraint of the model."""

    operation: str
    path: str
    constraint: str
    body: dict[str, Any]
    expected: str

    def __str__(self) -> str:
        return f"{self.operation}-{self.path}-{self.constraint}"


def violations(operation: Operation) -> Iterator[Violation]:
    """Return requests that break each constraint of an operation's input once, wherever it stands in the shapes."""
    if operation.input_shape is None:
        return
    base = plain(operation.model, operation.input_shape)
    for path, constraint, value, expected in _structure(operation.model, operation.input_shape, "", ()):
        top, *rest = path
        body = dict(base)
        body[top] = _wrap(rest, value)
        if value is _ABSENT and not rest:
            body.pop(top)
        yield Violation(operation.name, ".".join(map(str, path)), constraint, body, expected)


_ABSENT: Any = object()
Broken = tuple[tuple[Any, ...], str, Any, str]


class _Base:
    """A step into a structure: its other required members come along."""

    def __init__(self, member: str, others: dict[str, Any]) -> None:
        self.member = member
        self.others = others

    def __str__(self) -> str:
        return self.member


def _wrap(path: list[Any], value: Any) -> Any:
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, _Base):
        inner = _wrap(rest, value)
        return dict(step.others) if inner is _ABSENT else {**step.others, step.member: inner}
    return [_wrap(rest, value)] if step == 0 else {step: _wrap(rest, value)}


def _structure(service: Service, name: str, label: str, seen: tuple[str, ...]) -> Iterator[Broken]:
    shape = service.shapes[name]
    required = shape.get("required", [])
    for member, reference in shape["members"].items():
        others = {m: plain(service, shape["members"][m]["shape"]) for m in required if m != member}
        step: Any = _Base(member, others) if label else member
        here = f"{label}.{_camel(member)}" if label else _camel(member)
        if member in required:
            yield (step,), "required", _ABSENT, f"'{here}' failed to satisfy constraint: Member must not be null"
        for path, constraint, value, expected in _value(service, reference["shape"], here, seen):
            yield (step, *path), constraint, value, expected


def _value(service: Service, name: str, label: str, seen: tuple[str, ...]) -> Iterator[Broken]:
    if name in seen or len(seen) > MAX_DEPTH:
        return
    shape = service.shapes[name]
    kind = shape["type"]
    deeper = (*seen, name)
    if kind == "structure":
        if not shape.get("document"):
            yield from _structure(service, name, label, deeper)
        return
    if kind == "list":
        inner = shape["member"]["shape"]
        yield from _sizes(shape, label, lambda n: [plain(service, inner) for _ in range(n)])
        for path, constraint, value, expected in _value(service, inner, f"{label}.1.member", deeper):
            yield (0, *path), constraint, value, expected
        return
    if kind == "map":
        key = plain(service, shape["key"]["shape"])
        value_of = plain(service, shape["value"]["shape"])
        yield from _sizes(shape, label, lambda n: {f"{key}{i}": value_of for i in range(n)})
        for path, constraint, value, expected in _value(
            service, shape["value"]["shape"], f"{label}.{key}.member", deeper
        ):
            yield (key, *path), constraint, value, expected
        return
    yield from _scalar(shape, label)


def _sizes(shape: dict[str, Any], label: str, make: Any) -> Iterator[Broken]:
    fails = f"'{label}' failed to satisfy constraint: Member must have length"
    if shape.get("min"):
        yield (), "min", make(shape["min"] - 1), f"{fails} greater than or equal to {shape['min']}"
    if "max" in shape and shape["max"] <= 1000:
        yield (), "max", make(shape["max"] + 1), f"{fails} less than or equal to {shape['max']}"


def _scalar(shape: dict[str, Any], label: str) -> Iterator[Broken]:
    fails = f"'{label}' failed to satisfy constraint: Member must"
    if shape["type"] in ("integer", "long"):
        if "min" in shape:
            yield (), "min", shape["min"] - 1, f"{fails} have value greater than or equal to {shape['min']}"
        if "max" in shape:
            yield (), "max", shape["max"] + 1, f"{fails} have value less than or equal to {shape['max']}"
    elif shape["type"] == "blob":
        if "max" in shape and shape["max"] < LONGEST:
            content = base64.b64encode(b"x" * (shape["max"] + 1)).decode()
            yield (), "max", content, f"{fails} have length less than or equal to {shape['max']}"
    elif shape["type"] == "string":
        yield from _text(shape, fails)


def _text(shape: dict[str, Any], fails: str) -> Iterator[Broken]:
    if "enum" in shape:
        yield (), "enum", "NO_SUCH_VALUE", f"{fails} satisfy enum value set: [{', '.join(shape['enum'])}]"
        return
    if shape.get("min"):
        yield (), "min", "x" * (shape["min"] - 1), f"{fails} have length greater than or equal to {shape['min']}"
    if "max" in shape and shape["max"] < LONGEST:
        yield (), "max", "x" * (shape["max"] + 1), f"{fails} have length less than or equal to {shape['max']}"
    if "pattern" in shape:
        compiled = regex.compile(shape["pattern"])
        bad = next((text for text in itertools.chain(("\n\x01", " ", ""), TEXTS) if not compiled.fullmatch(text)), None)
        if bad is not None and shape.get("min", 0) <= len(bad):
            yield (), "pattern", bad, f"{fails} satisfy regular expression pattern: {shape['pattern']}"


def _camel(member: str) -> str:
    return member[:1].lower() + member[1:]
