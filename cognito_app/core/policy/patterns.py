"""Texts of policies with wildcards and variables, taken apart once and matched in linear time.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Context = Mapping[str, str | Sequence[str]]
"""Condition keys of a request; ``Folded`` has them in lower case, as they are looked up."""
Folded = Mapping[str, str | Sequence[str]]

ARN_PARTS = 6

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_REFERENCE = re.compile(r"([^\s,'{}]+(?: [^\s,'{}]+)*)(?:\s*,\s*'([^']*)')?")
_LITERALS = frozenset("*?$")


@dataclass(frozen=True, slots=True)
class Variable:
    """``${key}`` or ``${key, 'default'}``; a malformed one has an empty key and never has a value."""

    key: str
    default: str | None = None

    def value(self, context: Folded) -> str | None:
        """Return the value, or None; keys with several values cannot be variables."""
        found = context.get(self.key)
        return found if isinstance(found, str) else self.default


class _One:
    """The wildcard for one character."""


ONE = _One()
Token = str | Variable | _One
Chunk = tuple[Token, ...]


def fold(context: Context) -> Folded:
    """Return the condition keys in lower case."""
    return {key.lower(): value for key, value in context.items()}


@dataclass(frozen=True, slots=True)
class Pattern:
    """Pieces between the ``*`` of a text; one piece stands for a text without any.

    The two most frequent kinds have a short way: ``fixed`` texts, and a ``prefix`` with a star behind.
    """

    chunks: tuple[Chunk, ...]
    fixed: str | None = None
    prefix: str | None = None

    def matches(self, value: str, context: Folded) -> bool:
        """Whether a value matches; a variable without a value matches nothing."""
        if self.fixed is not None:
            return value == self.fixed
        if self.prefix is not None:
            return value.startswith(self.prefix)
        resolved: list[Sequence[str | _One]] = []
        for chunk in self.chunks:
            pieces = _resolve(chunk, context)
            if pieces is None:
                return False
            resolved.append(pieces)
        return _fits(resolved, value)

    def is_resolved(self, context: Folded) -> bool:
        """Whether every variable has a value."""
        tokens = (token for chunk in self.chunks for token in chunk)
        return all(token.value(context) is not None for token in tokens if isinstance(token, Variable))

    @property
    def has_variables(self) -> bool:
        """Whether there is a variable at all."""
        return any(isinstance(token, Variable) for chunk in self.chunks for token in chunk)


def tokens(text: str, *, variables: bool) -> list[Token]:
    """Return the literal parts and variables of a text; wildcards are still in the literals."""
    if not variables:
        return [text] if text else []
    found: list[Token] = []
    position = 0
    for match in _VARIABLE.finditer(text):
        if match.start() > position:
            found.append(text[position : match.start()])
        found.append(_variable(match.group(1).strip()))
        position = match.end()
    if position < len(text):
        found.append(text[position:])
    return found


def _variable(inner: str) -> Variable:
    if inner in _LITERALS:
        return Variable("", inner)
    match = _REFERENCE.fullmatch(inner)
    return Variable(match.group(1).lower(), match.group(2)) if match else Variable("")


def build(found: Sequence[Token], *, wildcards: bool) -> Pattern:
    """Return the pattern of a text's tokens."""
    if all(isinstance(token, str) and not (wildcards and ("*" in token or "?" in token)) for token in found):
        text = "".join(token for token in found if isinstance(token, str))
        return Pattern(chunks=((text,),), fixed=text)
    chunks: list[list[Token]] = [[]]
    for token in found:
        if not isinstance(token, str) or not wildcards:
            chunks[-1].append(token)
            continue
        for position, run in enumerate(token.split("*")):
            if position:
                chunks.append([])
            chunks[-1].extend(_ones(run))
    first = chunks[0]
    plain = len(chunks) == 2 and not chunks[1] and all(isinstance(token, str) for token in first)
    return Pattern(
        chunks=tuple(tuple(chunk) for chunk in chunks),
        prefix="".join(token for token in first if isinstance(token, str)) if plain else None,
    )


def _ones(run: str) -> list[Token]:
    pieces: list[Token] = []
    for position, part in enumerate(run.split("?")):
        if position:
            pieces.append(ONE)
        if part:
            pieces.append(part)
    return pieces


def glob(text: str, *, variables: bool) -> Pattern:
    """Return the pattern of a text with wildcards."""
    return build(tokens(text, variables=variables), wildcards=True)


def exact(text: str, *, variables: bool) -> Pattern:
    """Return the pattern of a text in which wildcards stand for themselves."""
    return build(tokens(text, variables=variables), wildcards=False)


def arn_parts(text: str, *, variables: bool) -> list[Pattern] | None:
    """Return a pattern for each of the six parts of an ARN, or None for a text with fewer parts."""
    parts: list[list[Token]] = [[]]
    for token in tokens(text, variables=variables):
        if not isinstance(token, str):
            parts[-1].append(token)
            continue
        pieces = token.split(":", ARN_PARTS - len(parts))
        parts[-1].append(pieces[0])
        parts.extend([piece] for piece in pieces[1:])
    return [build(part, wildcards=True) for part in parts] if len(parts) == ARN_PARTS else None


def _resolve(chunk: Chunk, context: Folded) -> Sequence[str | _One] | None:
    """Return a chunk with its variables filled in (their own wildcards stand for themselves), or None."""
    pieces: list[str | _One] = []
    for token in chunk:
        filled = token.value(context) if isinstance(token, Variable) else token
        if filled is None:
            return None
        pieces.append(filled)
    if all(isinstance(piece, str) for piece in pieces):
        return ["".join(piece for piece in pieces if isinstance(piece, str))]
    return pieces


def _fits(chunks: Sequence[Sequence[str | _One]], value: str) -> bool:
    """Match chunk by chunk: the first at the start, the last at the end, those between as far left as they go."""
    if len(chunks) == 1:
        return _length(chunks[0]) == len(value) and _at(chunks[0], value, 0)
    position, end = _length(chunks[0]), len(value) - _length(chunks[-1])
    if position > end or not _at(chunks[0], value, 0) or not _at(chunks[-1], value, end):
        return False
    for chunk in chunks[1:-1]:
        found = _find(chunk, value, position, end)
        if found < 0:
            return False
        position = found + _length(chunk)
    return True


def _length(chunk: Sequence[str | _One]) -> int:
    return sum(len(piece) if isinstance(piece, str) else 1 for piece in chunk)


def _at(chunk: Sequence[str | _One], value: str, position: int) -> bool:
    for piece in chunk:
        if not isinstance(piece, str):
            position += 1
        elif value.startswith(piece, position):
            position += len(piece)
        else:
            return False
    return True


def _find(chunk: Sequence[str | _One], value: str, start: int, end: int) -> int:
    if len(chunk) == 1 and isinstance(chunk[0], str):
        return value.find(chunk[0], start, end)
    last = end - _length(chunk)
    return next((position for position in range(start, last + 1) if _at(chunk, value, position)), -1)
