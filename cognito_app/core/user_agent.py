"""The device that a User-Agent header tells of: a guess good enough to show to people and to compare.

Source: https://www.rfc-editor.org/rfc/rfc9110#section-10.1.5
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

OTHER = "Other"
LONGEST = 512

# In this order: most browsers name their ancestors too.
_BROWSERS = (
    ("Edge", re.compile(r"Edg(?:e|A|iOS)?/(\d+)")),
    ("Opera", re.compile(r"OPR/(\d+)")),
    ("Samsung Internet", re.compile(r"SamsungBrowser/(\d+)")),
    ("Chrome", re.compile(r"(?:Chrome|CriOS)/(\d+)")),
    ("Firefox", re.compile(r"(?:Firefox|FxiOS)/(\d+)")),
    ("Safari", re.compile(r"Version/(\d+)[.\d]* (?:Mobile/\w+ )?Safari/")),
    ("IE", re.compile(r"Trident/.*rv:(\d+)")),
)
_PRODUCT = re.compile(r"([A-Za-z][A-Za-z0-9._-]{0,30})/(\d{1,6})")
_WINDOWS = {"10.0": "10", "6.3": "8.1", "6.2": "8", "6.1": "7"}
_SYSTEMS = (
    ("Windows", re.compile(r"Windows NT (\d+\.\d+)")),
    ("iOS", re.compile(r"(?:iPhone|iPad|iPod).*? OS (\d{1,3})_")),
    ("Android", re.compile(r"Android (\d{1,3})")),
    ("Mac OS X", re.compile(r"Mac OS X (\d{1,3}[._]\d{1,3})")),
    ("Chrome OS", re.compile(r"CrOS()")),
    ("Linux", re.compile(r"Linux()|os/linux()")),
    ("Mac OS X", re.compile(r"os/macos()")),
    ("Windows", re.compile(r"os/windows()")),
)


@dataclass(frozen=True, slots=True)
class Device:
    """A client program and the system below it; versions are empty where they are unknown."""

    browser: str
    browser_version: str
    system: str
    system_version: str

    @property
    def name(self) -> str:
        """The device as Cognito prints it, for example ``Chrome 126, Windows 10``."""
        browser = f"{self.browser} {self.browser_version}".rstrip()
        return f"{browser}, {self.system} {self.system_version}".rstrip()

    @property
    def kind(self) -> str:
        """The device without versions, for example ``Chrome on Windows``; ``unknown`` if nothing is recognized."""
        known = [name for name in (self.browser, self.system) if name != OTHER]
        return " on ".join(known) or "unknown"


@lru_cache(maxsize=1024)
def parse(text: str) -> Device:
    """Return the device of a User-Agent header; what is not recognized is ``Other``."""
    text = text[:LONGEST]
    browser, version = _browser(text)
    system, system_version = _system(text)
    return Device(browser, version, system, system_version)


def _browser(text: str) -> tuple[str, str]:
    for name, pattern in _BROWSERS:
        found = pattern.search(text)
        if found:
            return name, found[1]
    product = _PRODUCT.match(text)
    if product and product[1] != "Mozilla":
        return product[1], product[2]
    return OTHER, ""


def _system(text: str) -> tuple[str, str]:
    for name, pattern in _SYSTEMS:
        found = pattern.search(text)
        if found:
            version = (found[1] or "").replace("_", ".")
            return name, _WINDOWS.get(version, version) if name == "Windows" else version
    return OTHER, ""
