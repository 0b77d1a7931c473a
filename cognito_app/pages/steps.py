"""The pages that answer forms, sealed in their own addresses: Back, reload and a second tab show them again.

Such an address is of use in the browser alone that has the form token of the pages; it names no secret in clear.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from cognito_app.core import clock, keyring

PARAMETER = "step"
NOTICE = "notice"
STAYS = timedelta(hours=1)
MAX_LENGTH = 6000


def seal(browser: str, template: str, context: Mapping[str, Any]) -> str | None:
    """Return what goes into the address of a page, None for a page with too much on it."""
    payload = {"t": template, "c": dict(context), "e": (clock.now() + STAYS).timestamp()}
    sealed = keyring.pack(payload, aad=_place(browser))
    return sealed if len(sealed) <= MAX_LENGTH else None


def opened(browser: str, sealed: str) -> tuple[str, dict[str, Any]] | None:
    """Return template and context, None if they were sealed for another browser or long ago."""
    try:
        data = keyring.unpack(sealed, aad=_place(browser))
    except keyring.SealError:
        return None
    return (data["t"], data["c"]) if clock.from_epoch(data["e"]) > clock.now() else None


def without_own(query: str) -> str:
    """Return a query string without what belongs to one page alone."""
    own = (f"{PARAMETER}=", f"{NOTICE}=")
    return "&".join(part for part in query.split("&") if not part.startswith(own))


def _place(browser: str) -> bytes:
    return b"page-step:" + browser.encode("utf-8", "surrogatepass")
