"""The settings document of a managed login style: its structure is the document of defaults beside this file.

A member's default tells its type: an object, a truth value, a number, a colour (``RRGGBBAA``) or a name. What the
structure does not know is left out, as Cognito does.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/managed-login-brandingeditor.html, and the example of
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateManagedLoginBranding.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from cognito_app.errors import InvalidParameterException

Document = dict[str, Any]

DEFAULTS: Document = orjson.loads(Path(__file__).with_name("defaults.json").read_bytes())
CHOICES = {
    "categories.auth.authMethodOrder[][].display": ("BUTTON", "INPUT"),
    "categories.auth.authMethodOrder[][].type": ("FEDERATED", "USERNAME_PASSWORD"),
    "categories.form.location.horizontal": ("START", "CENTER", "END"),
    "categories.form.location.vertical": ("START", "CENTER", "END"),
    "categories.global.colorSchemeMode": ("LIGHT", "DARK", "DYNAMIC"),
    "components.favicon.enabledTypes[]": ("ICO", "SVG"),
    "components.form.logo.formInclusion": ("IN", "OUT"),
    "components.form.logo.location": ("START", "CENTER", "END"),
    "components.form.logo.position": ("TOP", "BOTTOM"),
    "components.pageFooter.logo.location": ("START", "CENTER", "END"),
    "components.pageHeader.logo.location": ("START", "CENTER", "END"),
}
"""Names of which all are known; others (``interfaceStyle``) take any word."""
EMPTY_LISTS = {"categories.auth.federation.order": "name"}
FREE = "components.idpButton.custom"
MAX_ITEMS = 300
MAX_FREE_BYTES = 20_000
LARGEST_NUMBER = 1000
_COLOUR = re.compile(r"[0-9A-Fa-f]{8}")
_WORD = re.compile(r"[A-Za-z0-9_:. -]{1,128}")


def check(given: object) -> Document:
    """Return the known part of a settings document. Raises InvalidParameterException."""
    return _object(given, DEFAULTS, "")


def merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> Document:
    """Return ``base`` with what ``changes`` says otherwise; lists are replaced whole."""
    merged = dict(base)
    for name, value in changes.items():
        known = merged.get(name)
        merged[name] = merge(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return merged


def _object(given: object, structure: Mapping[str, Any], path: str) -> Document:
    if not isinstance(given, dict):
        raise _wrong(path, "an object")
    prefix = f"{path}." if path else ""
    return {
        name: _value(value, structure[name], f"{prefix}{name}") for name, value in given.items() if name in structure
    }


def _value(given: object, default: object, path: str) -> object:
    if path == FREE:
        return _free(given, path)
    if isinstance(default, dict):
        return _object(given, default, path)
    if isinstance(default, list):
        return _items(given, default[0] if default else EMPTY_LISTS[path], path)
    if isinstance(default, bool):
        if not isinstance(given, bool):
            raise _wrong(path, "true or false")
    elif isinstance(default, float):
        if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= LARGEST_NUMBER:
            raise _wrong(path, f"a number from 0 to {LARGEST_NUMBER}")
    else:
        _check_text(given, str(default), path)
    return given


def _check_text(given: object, default: str, path: str) -> None:
    if path in CHOICES:
        if given not in CHOICES[path]:
            raise _wrong(path, "one of " + ", ".join(CHOICES[path]))
    elif _COLOUR.fullmatch(default):
        if not isinstance(given, str) or not _COLOUR.fullmatch(given):
            raise _wrong(path, "a color of eight hexadecimal digits (RRGGBBAA)")
    elif not isinstance(given, str) or not _WORD.fullmatch(given):
        raise _wrong(path, "a name")


def _items(given: object, default: object, path: str) -> list[object]:
    if not isinstance(given, list) or len(given) > MAX_ITEMS:
        raise _wrong(path, f"a list of at most {MAX_ITEMS} items")
    return [_value(item, default, f"{path}[]") for item in given]


def _free(given: object, path: str) -> object:
    try:
        text = orjson.dumps(given)
    except orjson.JSONEncodeError:  # nested too deeply
        text = b""
    if not isinstance(given, dict) or not 0 < len(text) <= MAX_FREE_BYTES or b"\\u0000" in text:
        raise _wrong(path, f"an object of at most {MAX_FREE_BYTES} bytes")
    return given


def _wrong(path: str, expected: str) -> InvalidParameterException:
    where = f"Settings.{path}" if path else "Settings"
    return InvalidParameterException(f"Invalid value at {where}: expected {expected}.")
