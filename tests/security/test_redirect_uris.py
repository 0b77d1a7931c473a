"""T8 of the quality chapter: only the exact registered addresses are redirected to, for callbacks and for logout.

Full size, always: more than 200 variants of each address, on the authorization endpoint, the sign-in page, and logout.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.conftest import App
from tests.oauth.browser import CALLBACK, Site

pytestmark = pytest.mark.django_db

BYE = "https://app.example.com/bye"
INSIDE = (
    "%00",
    "%0a",
    "%0d%0aX: y",
    "%09",
    "\t",
    "\n",
    "\r",
    " ",
    "\u200b",
    "\u202e",
    "%",
    "%2e",
    "%ff",
    "\\",
    "/",
    ";",
    "#",
    "?",
)
ELSEWHERE = (
    "https://evil.example",
    "//evil.example/cb",
    "///evil.example/cb",
    "\\\\evil.example\\cb",
    "/\\evil.example",
    "https:evil.example",
    "https:/evil.example",
    "http://app.example.com/cb",
    "ftp://app.example.com/cb",
    "javascript:alert(1)//https://app.example.com/cb",
    "data:text/html,https://app.example.com/cb",
    "vbscript:x",
    "file:///etc/passwd",
    "about:blank",
    "app.example.com/cb",
    "/cb",
    "cb",
    ".",
    "*",
    "null",
    "None",
)
HOSTS = (
    "app.example.com.evil.example",
    "app.example.comevil.example",
    "evil.example/app.example.com",
    "evil.example#app.example.com",
    "evil.example?app.example.com",
    "evil.example\\app.example.com",
    "evil.example;app.example.com",
    "app.example.com@evil.example",
    "app.example.com:pass@evil.example",
    "user@app.example.com",
    ":@app.example.com",
    "app.example.com%40evil.example",
    "app.example.com%2eevil.example",
    "app.example.com%00.evil.example",
    "appXexample.com",
    "app-example.com",
    "xapp.example.com",
    "sub.app.example.com",
    "example.com",
    "app.example.org",
    "app.example.co",
    "app.example.com.",
    ".app.example.com",
    "app..example.com",
    "APP.example.com",
    "app.EXAMPLE.com",
    "app.example.com:443",
    "app.example.com:80",
    "app.example.com:0443",
    "app.example.com:",
    "app.example.com:443@evil.example",
    "\u0430pp.example.com",
    "app.example\u3002com",
    "app\uff0eexample.com",
    "xn--pp-6kc.example.com",
    "[::1]",
    "127.0.0.1",
    "2130706433",
    "localhost",
    "",
)
PATHS = (
    "/..;/",
    "/../",
    "/./",
    "//",
    "/%2e%2e/",
    "/%2e%2e%2f",
    "/..%2f",
    "/..%5c",
    "/\\../",
    "/%252e%252e/",
    "/.%2e/",
    "/x/..",
    "/;x=1/",
    "/%2f",
    "/@evil.example/",
    "/*",
)


def variants(exact: str) -> list[str]:
    """Return addresses that resemble a registered one and are not it."""
    scheme, rest = exact.split("://")
    host, _, tail = rest.partition("/")
    found = [
        exact + item
        for item in (
            *INSIDE,
            "/",
            "/x",
            "/..",
            "/../x",
            "x",
            "&x=1",
            "?x=1",
            "&code=1",
            "#x",
            ";x",
            "@evil.example",
            ".",
            "%20",
            "%23",
            "%26",
        )
    ]
    found += [
        item + exact for item in (*INSIDE, "https://evil.example/", "https://evil.example/?", "x", "//", "https:")
    ]
    found += [exact[:place] + item + exact[place:] for item in INSIDE for place in (5, 8, 12, 20, len(exact) - 2)]
    found += [f"{scheme}://{other}/{tail}" for other in HOSTS]
    found += [f"{scheme}://{host}{path}{tail}" for path in PATHS] + list(ELSEWHERE)
    found += [f"{other}://{rest}" for other in ("http", "HTTPS", "Https", "https:", "ws", "app", "httpss")]
    found += [exact[:-1], exact[1:], exact.upper(), exact.split("?")[0] + "?", exact.rpartition("/")[0], exact * 2]
    found += [
        f"{exact},{exact}",
        f"{exact} {exact}",
        exact.replace("/", "\\"),
        exact.replace(":", "%3a"),
        exact.replace("/", "%2f"),
    ]
    found += [
        exact.replace("e", "\u0435"),
        exact.replace("https", "http\u017f"),
        exact + "x" * 5000,
        f" {exact}",
        f'"{exact}"',
    ]
    return [item for item in dict.fromkeys(found) if item != exact]


def is_error_page(site: Site, answer: Any) -> bool:
    return bool(answer.status_code == 302 and answer["Location"].startswith(f"/{site.app.pool_id}/error?error="))


def test_there_are_two_hundred_variants_of_each_address() -> None:
    assert min(len(variants(CALLBACK)), len(variants(BYE))) >= 200


def test_only_the_exact_callback_is_redirected_to(app: App) -> None:
    site = Site(app)
    for page in ("oauth2/authorize", "login"):
        assert not is_error_page(site, site.get(page, **site.request()))
        followed = [
            uri
            for uri in variants(CALLBACK)
            if not is_error_page(site, site.get(page, **site.request(redirect_uri=uri)))
        ]
        assert followed == []


def test_no_error_is_sent_to_an_address_that_is_not_registered(app: App) -> None:
    """Nothing of the request is looked at before client and address are known to be good."""
    site = Site(app)
    bad = {"redirect_uri": "https://evil.example/"}
    for changes in (
        {"response_type": "token"},
        {"scope": "x"},
        {"prompt": "none"},
        {"request": "x"},
        {"client_id": "x"},
    ):
        for page in ("oauth2/authorize", "login"):
            answer = site.get(page, **site.request(**{**bad, **changes}))
            assert is_error_page(site, answer)
            assert "evil.example" not in answer["Location"]


def test_a_registered_address_of_another_client_is_none_of_ours(app: App) -> None:
    site, other = Site(app), Site(app, CallbackURLs=["https://other.example.com/cb"])
    given = site.request(redirect_uri="https://other.example.com/cb")
    assert is_error_page(site, site.get("oauth2/authorize", **given))
    given["client_id"] = other.client["ClientId"]
    assert not is_error_page(other, other.get("oauth2/authorize", **given))


def test_a_repeated_address_is_refused(app: App) -> None:
    site = Site(app)
    query = urlencode([*site.request().items(), ("redirect_uri", "https://evil.example/")])
    for page in ("oauth2/authorize", "login"):
        assert is_error_page(site, site.browser.get(f"/{app.pool_id}/{page}?{query}"))


@pytest.mark.parametrize("name", ["logout_uri", "post_logout_redirect_uri"])
def test_only_the_exact_logout_address_is_redirected_to(app: App, name: str) -> None:
    app.sign_up()
    site = Site(app)
    hint = site.exchange(site.code()).json()["id_token"]
    given = {"client_id": site.client["ClientId"], "id_token_hint": hint}
    assert site.get("logout", **given, **{name: BYE})["Location"] == BYE
    followed = [uri for uri in variants(BYE) if not is_error_page(site, site.get("logout", **given, **{name: uri}))]
    assert followed == []
    assert is_error_page(site, site.get("logout", **given, **{name: CALLBACK}))
