"""The CSS of the classic hosted pages: which classes and properties it may use, and what of it is served.

It is read by a grammar of its own and written anew, so that nothing but colours, sizes and borders reaches a page.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/hosted-ui-classic-branding.html
"""

from __future__ import annotations

import re
from typing import NamedTuple

from cognito_app.errors import InvalidParameterException

SUFFIX = "-customizable"
_TEXT = frozenset({"padding-top", "padding-bottom", "display", "font-size", "color"})
_HOVER = frozenset({"color", "background-color"})
_SOCIAL = frozenset({"height", "text-align", "width", "margin-bottom", "border-radius", "padding"})
PROPERTIES: dict[str, frozenset[str]] = {
    "background": frozenset({"background-color"}),
    "banner": frozenset({"padding", "background-color"}),
    "errorMessage": frozenset(
        {"margin", "padding", "font-size", "width", "background", "border", "color", "box-sizing"}
    ),
    "idpButton": frozenset(
        {"height", "width", "text-align", "margin-bottom", "color", "background-color", "border-color"}
    ),
    "idpButton:hover": _HOVER,
    "idpDescription": _TEXT,
    "inputField": frozenset({"width", "height", "color", "background-color", "border", "border-radius"}),
    "inputField:focus": frozenset({"border-color", "outline"}),
    "label": frozenset({"font-weight", "color"}),
    "legalText": frozenset({"color", "font-size"}),
    "logo": frozenset({"max-width", "max-height", "background-color"}),
    "passwordCheck-notValid": frozenset({"color"}),
    "passwordCheck-valid": frozenset({"color"}),
    "redirect": frozenset({"text-align", "color"}),
    "socialButton": _SOCIAL,
    "submitButton": frozenset(
        {"font-size", "font-weight", "margin", "width", "height", "color", "background-color", "text-align"}
    ),
    "submitButton:hover": _HOVER,
    "textDescription": _TEXT,
}
"""The properties that are served, by class; AWS's template uses a few more than its guide lists, and they are here."""
FUNCTIONS = frozenset({"rgb", "rgba", "hsl", "hsla"})
_FORBIDDEN = re.compile(r"[\\<>@{}\"'`]|/\*|javascript:|expression|url\s*\(", re.IGNORECASE)
_CALL = re.compile(r"([A-Za-z-]*)\(")
_PROPERTY = re.compile(r"-{0,2}[A-Za-z][A-Za-z-]{0,63}")


class Rule(NamedTuple):
    """Classes without their suffix (``label``, ``inputField:focus``), and the declarations for them."""

    names: tuple[str, ...]
    declarations: tuple[tuple[str, str], ...]


def parse(css: str) -> list[Rule]:
    """Return the rules with the declarations that may be served.

    Raises InvalidParameterException for at-rules, other classes, and values that could load or run something.
    """
    rules = []
    rest = _without_comments(css)
    while rest.strip():
        selector, opened, tail = rest.partition("{")
        body, closed, rest = tail.partition("}")
        if not opened or not closed:
            raise _wrong("the braces do not match")
        names = tuple(_name(part.strip()) for part in selector.split(","))
        rules.append(Rule(names, tuple(_declarations(body))))
    return rules


def served(rule: Rule, name: str) -> str:
    """Return the declarations of a rule that its class ``name`` may have, as CSS."""
    return "; ".join(f"{prop}: {value}" for prop, value in rule.declarations if prop in PROPERTIES[name])


def _without_comments(css: str) -> str:
    parts = css.split("/*")
    kept = [parts[0]]
    for part in parts[1:]:
        _, closed, after = part.partition("*/")
        if not closed:
            raise _wrong("a comment does not end")
        kept.append(after)
    return " ".join(kept)


def _name(selector: str) -> str:
    named, colon, state = selector.partition(":")
    name = named.removeprefix(".").removesuffix(SUFFIX) + colon + state
    if not named.startswith(".") or not named.endswith(SUFFIX) or name not in PROPERTIES:
        raise _wrong("it has a selector that cannot be customized")
    return name


def _declarations(body: str) -> list[tuple[str, str]]:
    found = []
    for part in body.split(";"):
        if not part.strip():
            continue
        prop, colon, value = (item.strip() for item in part.partition(":"))
        if not colon or not value or not _PROPERTY.fullmatch(prop):
            raise _wrong("it has a malformed declaration")
        if _FORBIDDEN.search(value) or any(name.lower() not in FUNCTIONS for name in _CALL.findall(value)):
            raise _wrong("it has a value that is not allowed")
        found.append((prop.lower(), " ".join(value.split())))
    return found


def _wrong(why: str) -> InvalidParameterException:
    return InvalidParameterException(f"The CSS is invalid: {why}.")
