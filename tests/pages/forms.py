"""What tests of the pages share: reading a page, sending its form."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.oauth.browser import Site


def text(page: Any) -> str:
    """Return a page that was shown, checked for what every page has in common."""
    assert page.status_code == 200, page.content
    shown = page.content.decode()
    assert "style=" not in shown
    assert re.findall(r"<script[^>]*>", shown) == re.findall(r'<script src="[^"]+" nonce="[^"]+" defer>', shown)
    assert "<h1>" in shown
    for found in re.findall(r'<input id="([^"]+)"', shown):
        assert f'<label for="{found}">' in shown
    return str(shown)


def heading(page: Any) -> str:
    """Return the heading of a page."""
    return html.unescape(re.findall(r"<h1>([^<]*)</h1>", text(page))[0])


def alert(page: Any) -> str:
    """Return the message of a page."""
    found = re.search(r'role="alert" id="message">([^<]*)<', text(page))
    assert found
    return html.unescape(found.group(1))


def buttons(page: Any, name: str) -> list[str]:
    """Return the values of the buttons with a name."""
    return re.findall(rf'<button type="submit" name="{name}" value="([^"]+)"', text(page))


def hidden(page: Any) -> dict[str, str]:
    """Return the hidden fields of a page."""
    shown = text(page)
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', shown)
    found += re.findall(r'<input type="text" name="([^"]+)" value="([^"]*)"[^>]* hidden>', shown)
    return {name: html.unescape(value) for name, value in found}


def send(site: Site, page: Any, to: str = "login", **typed: str) -> Any:
    """Send the form of a page with its hidden fields, and what was typed or clicked."""
    return site.submit(to, {**hidden(page), **typed})


def arrived(answer: Any) -> bool:
    """Whether the browser is on its way back to the application with a code."""
    return answer.status_code == 302 and "code" in parse_qs(urlsplit(answer["Location"]).query)
