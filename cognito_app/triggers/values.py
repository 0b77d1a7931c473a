"""Parts of events and answers that several triggers share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cognito_app.errors import InvalidLambdaResponseException

UNRECOGNIZABLE = "Unrecognizable lambda output"


def metadata(given: Mapping[str, str] | None) -> dict[str, dict[str, str]]:
    """Return the ``clientMetadata`` member, which is left out when the client sent none."""
    return {"clientMetadata": dict(given)} if given else {}


def flag(answer: Mapping[str, Any], name: str) -> bool:
    """Return a boolean of an answer, False if it is missing. Raises InvalidLambdaResponseException."""
    value = answer.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise InvalidLambdaResponseException(UNRECOGNIZABLE)
    return value


def text(answer: Mapping[str, Any], name: str) -> str | None:
    """Return a text of an answer, or None if it is missing. Raises InvalidLambdaResponseException."""
    value = answer.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidLambdaResponseException(UNRECOGNIZABLE)
    return value


def texts(answer: Mapping[str, Any], name: str) -> dict[str, str]:
    """Return a map of texts of an answer, empty if it is missing. Raises InvalidLambdaResponseException."""
    value = answer.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise InvalidLambdaResponseException(UNRECOGNIZABLE)
    return dict(value)


def words(answer: Mapping[str, Any], name: str) -> list[str]:
    """Return a list of texts of an answer, empty if it is missing. Raises InvalidLambdaResponseException."""
    value = answer.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidLambdaResponseException(UNRECOGNIZABLE)
    return list(value)
