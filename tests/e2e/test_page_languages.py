"""The pages in every language in Chromium: nothing sticks out, nobody is shut out, from right to left too."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from cognito_app.services import terms
from tests.e2e.hosted import CHROMIUM, TAGS, HostedPool, NewWalk
from tests.e2e.server import Running

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js is not installed"),
]

SIZES = ((390, 844), (320, 640), (1280, 800))
LONG_NAME = {"Name": "family_name", "Required": True, "AttributeDataType": "String", "Mutable": True}


@pytest.fixture(scope="module")
def pool(server: Running, idp: Any, callback: str) -> HostedPool:
    """A pool of passwords with terms and a required attribute."""
    made = HostedPool(server, idp, callback, {"Schema": [LONG_NAME]}, ("ALLOW_USER_PASSWORD_AUTH",))
    for name in ("terms-of-use", "privacy-policy"):
        idp.create_terms(
            UserPoolId=made.pool_id,
            ClientId=made.client_id,
            TermsName=name,
            TermsSource="LINK",
            Enforcement="NONE",
            Links={"cognito:default": f"https://example.com/{name}"},
        )
    return made


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a profile of its own."""
    with browser.new_context() as context:
        yield context.new_page()


def check(page: Page, axe: str, place: str, pictures: Path) -> None:
    """Look at a page in each size and color scheme: nothing scrolls sideways, axe-core finds nothing."""
    for width, height in SIZES:
        page.set_viewport_size(ViewportSize(width=width, height=height))
        page.emulate_media(color_scheme="dark" if width == 320 else "light")
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, (place, width, wide)
        page.screenshot(path=pictures / f"{place}-{width}.png", full_page=True)
        if page.evaluate("typeof axe") == "undefined":
            page.evaluate(axe)
        found = page.evaluate("tags => axe.run(document, {runOnly: tags})", TAGS)
        told = [(item["id"], [node["html"] for node in item["nodes"]]) for item in found["violations"]]
        assert told == [], (place, width)


@pytest.mark.parametrize("language", sorted(terms.LANGUAGES))
def test_sign_in_and_sign_up(pool: HostedPool, page: Page, axe: str, pictures: Path, language: str) -> None:
    for name in ("login", "signup", "forgotPassword"):
        page.goto(pool.address(name, lang=language))
        assert page.evaluate("document.documentElement.lang") == language
        check(page, axe, f"{language}-{name}", pictures)
    page.goto(pool.address("nothing", lang=language))
    check(page, axe, f"{language}-missing", pictures)


@pytest.mark.parametrize("language", ["en", "de"])
def test_from_right_to_left(pool: HostedPool, page: Page, axe: str, pictures: Path, language: str) -> None:
    for name in ("login", "signup"):
        page.goto(pool.address(name, lang=language))
        page.evaluate("document.documentElement.dir = 'rtl'")
        box = page.get_by_role("heading").bounding_box()
        field = page.locator("#username").bounding_box()
        assert box is not None
        assert field is not None
        assert abs((box["x"] + box["width"]) - (field["x"] + field["width"])) < 2
        check(page, axe, f"rtl-{language}-{name}", pictures)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_password_rules_are_marked_while_one_types(
    pool: HostedPool, new_walk: NewWalk, pictures: Path, language: str
) -> None:
    walk = new_walk()
    page = walk.page
    walk.go(pool.address("signup", lang=language))
    items = page.locator("[data-rule]")
    assert items.count() == 5
    assert page.locator(".met, .unmet").count() == 0
    page.locator("#password").press_sequentially("aB3")
    assert page.locator("[data-rule].met").count() == 3
    assert page.locator("[data-rule].unmet").count() == 2
    told = page.locator("[data-rules-told]")
    expect(told).not_to_be_empty()
    for item in page.locator("[data-rule].unmet").all():
        text = item.evaluate("element => element.childNodes[1].textContent.trim()")
        assert text in told.inner_text()
    page.screenshot(path=pictures / f"rules-{language}.png", full_page=True)
    walk._check_access("rules")
    page.locator("#password").press_sequentially(" long one")
    assert page.locator("[data-rule].met").count() == 5
    expect(told).to_have_text(str(told.get_attribute("data-all")))
    page.locator("#password").fill("")
    assert page.locator(".met, .unmet").count() == 0


def test_the_rules_of_the_script_are_those_of_the_service(pool: HostedPool, new_walk: NewWalk) -> None:
    from cognito_app.services.password_rules import SYMBOLS

    walk = new_walk()
    walk.go(pool.address("signup"))
    field = walk.page.locator("#password")
    symbol = walk.page.locator("[data-rule=symbol]")
    for text in (*sorted(SYMBOLS), "a b", " a", "a ", "ß", "日本", "\u00a0", "a\tb", "😀"):
        field.fill(text)
        wanted = any(letter in SYMBOLS for letter in text) or " " in text.strip(" ")
        assert ("met" in (symbol.get_attribute("class") or "").split()) == wanted, text
    length = walk.page.locator("[data-rule=length]")
    for text, wanted in (("😀" * 7, False), ("😀" * 8, True), ("x" * 7, False), ("x" * 8, True)):
        field.fill(text)
        assert ("met" in (length.get_attribute("class") or "").split()) == wanted


def test_the_list_stands_there_without_scripts(pool: HostedPool, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(pool.address("signup", lang="de"))
        assert page.get_by_text("Mindestens 8 Zeichen").is_visible()
        page.locator("#password").fill("x")
        assert page.locator("[data-rule]").count() == 5


def test_the_classic_look_marks_them_with_its_classes(
    server: Running, idp: Any, callback: str, new_walk: NewWalk
) -> None:
    pool = HostedPool(server, idp, callback, {}, ("ALLOW_USER_PASSWORD_AUTH",))
    idp.create_user_pool_domain(Domain="rules-" + pool.client_id[:8], UserPoolId=pool.pool_id, ManagedLoginVersion=1)
    css = ".passwordCheck-valid-customizable {color: #004400;} .passwordCheck-notValid-customizable {color: #660000;}"
    idp.set_ui_customization(UserPoolId=pool.pool_id, ClientId=pool.client_id, CSS=css)
    walk = new_walk()
    walk.go(pool.address("signup"))
    walk.page.locator("#password").fill("abc")
    color = "element => getComputedStyle(element).color"
    assert walk.page.locator("[data-rule=lowercase]").evaluate(color) == "rgb(0, 68, 0)"
    assert walk.page.locator("[data-rule=number]").evaluate(color) == "rgb(102, 0, 0)"
