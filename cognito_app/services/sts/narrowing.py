"""What a caller puts on a session: policies that narrow it, and tags; with STS's limits.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from cognito_app.core import policy, session_tags
from cognito_app.errors import MalformedPolicyDocument, PackedPolicyTooLarge, ValidationError
from cognito_app.services import policies

MAX_MANAGED = 10
MAX_TAGS = 50
MAX_PLAIN_CHARS = 2048
PACKED_BYTES = 2048
"""The space that packed policies and tags may take; AWS does not publish its own."""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Session policies and tags, checked; ``inline`` and ``managed`` are None without session policies."""

    inline: tuple[str, ...] | None = None
    managed: tuple[str, ...] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: tuple[str, ...] = ()
    packed_percent: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What any caller may ask of a session: how long, with which policies, how long a token, from where."""

    seconds: int | None = None
    document: str | None = None
    policy_arns: Sequence[str] = ()
    minimum_size: int = 0
    ip: str = ""

    def narrowing(
        self, tags: Mapping[str, str] | Sequence[tuple[str, str]] = (), transitive: Sequence[str] = ()
    ) -> Narrowing:
        """Return the policies, and tags from wherever the operation takes them, checked as ``read`` does."""
        return read(document=self.document, arns=self.policy_arns, tags=tags, transitive=transitive)


def read(
    *,
    document: str | None = None,
    arns: Sequence[str] = (),
    tags: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    transitive: Sequence[str] = (),
) -> Narrowing:
    """Check the policies and tags of a request.

    Raises MalformedPolicyDocument, PackedPolicyTooLarge or ValidationError.
    """
    inline = (_compact(document),) if document is not None else ()
    checked = _tags(list(tags.items() if isinstance(tags, Mapping) else tags))
    _check_managed(arns)
    if len(document or "") + sum(map(len, arns)) > MAX_PLAIN_CHARS:
        share = math.ceil((len(document or "") + sum(map(len, arns))) * 100 / MAX_PLAIN_CHARS)
        raise PackedPolicyTooLarge(f"Packed size of session policies consumes {share}% of allotted space.")
    return Narrowing(
        inline=inline if inline or arns else None,
        managed=tuple(arns) if inline or arns else None,
        tags=checked,
        transitive=_transitive(transitive, checked),
        packed_percent=_packed(inline, arns, checked),
    )


def _compact(document: str) -> str:
    return orjson.dumps(policy.read_text(document)).decode()


def _check_managed(arns: Sequence[str]) -> None:
    if len(arns) > MAX_MANAGED:
        raise ValidationError(f"The number of PolicyArns must not exceed {MAX_MANAGED}.")
    for arn in arns:
        if policies.in_force(arn) is None:
            raise MalformedPolicyDocument(f"The policy {arn[:256]} does not exist.")


def _tags(given: list[tuple[str, str]]) -> dict[str, str]:
    if len(given) > MAX_TAGS:
        raise ValidationError(f"The number of session tags must not exceed {MAX_TAGS}.")
    if session_tags.has_twins([key for key, _ in given]):
        raise ValidationError("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    for key, value in given:
        if not (session_tags.is_key(key) and session_tags.is_value(value)):
            raise ValidationError("The specified tag key or value has invalid characters or is too long.")
        if session_tags.is_reserved(key):
            raise ValidationError("Tag keys beginning with aws: are reserved.")
    return dict(given)


def _transitive(keys: Sequence[str], tags: Mapping[str, str]) -> tuple[str, ...]:
    known = {key.lower() for key in tags}
    if any(key.lower() not in known for key in keys):
        raise ValidationError("The specified transitive tag key must be included in the requested tags.")
    wanted = {key.lower() for key in keys}
    return tuple(key for key in tags if key.lower() in wanted)


def _packed(inline: Sequence[str], arns: Sequence[str], tags: Mapping[str, str]) -> int | None:
    if not (inline or arns or tags):
        return None
    size = len(zlib.compress(orjson.dumps([list(inline), list(arns), dict(tags)]), 9))
    percent = math.ceil(size * 100 / PACKED_BYTES)
    if percent > 100:
        what = "session tags" if tags and not inline else "session policies"
        raise PackedPolicyTooLarge(f"Packed size of {what} consumes {percent}% of allotted space.")
    return percent
