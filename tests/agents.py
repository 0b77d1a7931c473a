"""User-Agent headers of real browsers, and boto3 clients that come from elsewhere."""

from __future__ import annotations

from typing import Any

from pytest_django import Settings

from tests.clients import boto

CHROME_WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)
EDGE_WINDOWS = CHROME_WINDOWS + " Edg/126.0.0.0"
FIREFOX_LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"
SAFARI_IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)


def trust_one_proxy(settings: Settings) -> None:
    """Let the tests say where requests come from."""
    settings.COGNITO = {**settings.COGNITO, "TRUSTED_PROXIES": 1}


def client_at(ip: str, agent: str = CHROME_WINDOWS) -> Any:
    """Return a cognito-idp client without a key whose requests come from an address, by a browser."""

    def disguise(request: Any, **kwargs: Any) -> None:
        request.headers["X-Forwarded-For"] = ip
        request.headers["User-Agent"] = agent

    made = boto.client("cognito-idp")
    made.meta.events.register_first("before-send", disguise)
    return made
