"""A short description of a User-Agent header: the browser or app, and the system it runs on."""

from __future__ import annotations

import re

UNKNOWN = "unknown"
MAX_HEADER = 512

# The order matters: nearly every browser also names the ones that it descends from.
_APPS = (
    ("Edge", r"\bEdg(?:e|A|iOS)?/"),
    ("Opera", r"\b(?:OPR|OPiOS|Opera)/"),
    ("Samsung Internet", r"\bSamsungBrowser/"),
    ("Firefox", r"\b(?:Firefox|FxiOS)/"),
    ("Chrome", r"\b(?:Chrome|CriOS|Chromium)/"),
    ("Safari", r"\bVersion/\S+ (?:Mobile/\S+ )?Safari/"),
    ("AWS CLI", r"\baws-cli/"),
    ("Amplify", r"\baws-amplify\b"),
    ("Boto3", r"\bBoto(?:3|core)/"),
    ("AWS SDK", r"\baws-sdk-"),
    ("Android app", r"\b(?:okhttp|Dalvik)/"),
    ("Apple app", r"\bCFNetwork/"),
    ("Postman", r"\bPostmanRuntime/"),
    ("curl", r"^curl/"),
    ("Python", r"\b(?:python-requests|python-httpx|aiohttp|Python-urllib)/"),
)
_SYSTEMS = (
    ("Windows", r"\bWindows(?: NT|/)|\bos/windows\b"),
    ("iOS", r"\b(?:iPhone|iPad|iPod)\b|\bos/iOS\b"),
    ("Android", r"\bAndroid\b"),
    ("ChromeOS", r"\bCrOS\b"),
    ("macOS", r"\bMac(?:intosh| OS X)\b|\bos/macos\b|\bDarwin/"),
    ("Linux", r"\bLinux\b|\bos/linux\b"),
)


def _compiled(table: tuple[tuple[str, str], ...]) -> list[tuple[str, re.Pattern[str]]]:
    return [(name, re.compile(pattern, re.IGNORECASE)) for name, pattern in table]


_APP_PATTERNS, _SYSTEM_PATTERNS = _compiled(_APPS), _compiled(_SYSTEMS)


def describe(header: str) -> str:
    """Return, for example, ``Chrome on Windows``; what is not recognized is left out, ``unknown`` if nothing is."""
    text = header[:MAX_HEADER]
    app, system = _first(_APP_PATTERNS, text), _first(_SYSTEM_PATTERNS, text)
    if app and system:
        return f"{app} on {system}"
    return app or system or UNKNOWN


def _first(patterns: list[tuple[str, re.Pattern[str]]], text: str) -> str:
    return next((name for name, pattern in patterns if pattern.search(text)), "")
