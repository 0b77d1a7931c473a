"""Texts that come from Python, in the language of the page: labels, notices, and what the services say in English.

Below the pages everything speaks English, as the API does; a sentence is looked up when the page is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language, gettext

from cognito_app.pages.attribute_fields import FIELDS, words
from cognito_app.pages.languages import ENGLISH
from cognito_app.pages.sentences import PATTERNS, REASONS

SENTENCES = ("message", "notice")
LABELLED = ("fields", "options", "policy")


def localized(context: Mapping[str, Any]) -> dict[str, Any]:
    """Return a page's context with its texts in the active language."""
    shown = dict(context)
    for name in SENTENCES:
        if shown.get(name):
            shown[name] = sentence(shown[name])
    if shown.get("label"):
        shown["label"] = gettext(shown["label"])
    for name in LABELLED:
        if shown.get(name):
            shown[name] = [_labelled(item) for item in shown[name]]
    if shown.get("field"):
        shown["field"] = _labelled(shown["field"])
    return shown


def _labelled(item: Mapping[str, Any]) -> dict[str, Any]:
    return {**item, "label": gettext(item["label"])} if item.get("label") else dict(item)


def sentence(text: str) -> str:
    """Return a sentence in the active language; one that is not ours (a function's) stays as it is."""
    found = gettext(text) if text.strip() else text
    if found != text or get_language() == ENGLISH:
        return found
    for pattern, wanted in PATTERNS:
        match = pattern.fullmatch(text)
        if match:
            return gettext(wanted) % {name: _part(name, value) for name, value in match.groupdict().items()}
    return text


def _part(name: str, value: str) -> str:
    if name == "reason":
        return sentence(value)
    if name == "reasons":
        return "; ".join(f"{_attribute(item[1])}: {sentence(item[2])}" for item in REASONS.finditer(value))
    return _attribute(value) if name == "attribute" else value


def _attribute(name: str) -> str:
    return gettext(FIELDS[name][0]) if name in FIELDS else words(name)
