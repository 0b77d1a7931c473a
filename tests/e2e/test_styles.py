"""Every setting of a managed login style that the pages claim to show, read back in Chromium as a computed style."""

from __future__ import annotations

import colorsys
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Page

from tests.aws.pictures import png
from tests.e2e.hosted import CHROMIUM, HostedPool
from tests.e2e.server import Running

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")]

MODES = {"light": "lightMode", "dark": "darkMode"}
MAIN, SECOND, PROVIDER = "button[name=signInSubmitButton]", "button.secondary", "a.idp"
BACK, EDGE, TEXT = "background-color", "border-top-color", "color"


class Check(NamedTuple):
    """A setting, and the element, property and state that must show it."""

    path: str
    element: str
    property: str
    state: str = ""


def button(path: str, element: str, *names: str) -> list[Check]:
    """Return the checks of a button in its three states."""
    shown = {"backgroundColor": BACK, "borderColor": EDGE, "textColor": TEXT}
    states = {"defaults": "", "hover": "hover", "active": "active"}
    return [
        Check(f"{path}.{{mode}}.{state}.{name}", element, shown[name], states[state])
        for state in states
        for name in names
    ]


SIGN_IN = [
    Check("components.pageBackground.{mode}.color", "body", BACK),
    Check("components.form.{mode}.backgroundColor", ".card", BACK),
    Check("components.form.{mode}.borderColor", ".card", EDGE),
    Check("components.pageText.{mode}.headingColor", "h1", TEXT),
    Check("components.pageText.{mode}.bodyColor", "nav p", TEXT),
    Check("componentClasses.inputLabel.{mode}.textColor", "label", TEXT),
    Check("componentClasses.input.{mode}.defaults.backgroundColor", "#password", BACK),
    Check("componentClasses.input.{mode}.defaults.borderColor", "#password", EDGE),
    Check("componentClasses.focusState.{mode}.borderColor", "#username", "outline-color", "focus"),
    Check("componentClasses.link.{mode}.defaults.textColor", "nav a", TEXT),
    Check("componentClasses.link.{mode}.hover.textColor", "nav a", TEXT, "hover"),
    Check("componentClasses.divider.{mode}.borderColor", "nav", EDGE),
    Check("components.alert.{mode}.error.backgroundColor", ".alert", BACK),
    Check("components.alert.{mode}.error.borderColor", ".alert", EDGE),
    Check("componentClasses.statusIndicator.{mode}.error.indicatorColor", ".alert", "border-inline-start-color"),
    Check("components.pageHeader.{mode}.background.color", "header", BACK),
    Check("components.pageHeader.{mode}.borderColor", "header", "border-bottom-color"),
    Check("components.pageFooter.{mode}.background.color", "footer", BACK),
    Check("components.pageFooter.{mode}.borderColor", "footer", EDGE),
    *button("components.primaryButton", MAIN, "backgroundColor", "textColor"),
    *button("components.idpButton.standard", PROVIDER, "backgroundColor", "borderColor", "textColor"),
]
CONFIRMED = [
    Check(f"componentClasses.statusIndicator.{{mode}}.success.{name}", ".alert-success", shown)
    for name, shown in (
        ("backgroundColor", BACK),
        ("borderColor", EDGE),
        ("indicatorColor", "border-inline-start-color"),
    )
]
SIGN_UP = [Check("componentClasses.inputDescription.{mode}.textColor", ".policy", TEXT)]
RECOVERY = [Check("components.pageText.{mode}.descriptionColor", ".card > p:not(.brand)", TEXT)]
SIGNED_IN = button("components.secondaryButton", SECOND, "backgroundColor", "borderColor", "textColor")
EVERY = [*SIGN_IN, *CONFIRMED, *SIGN_UP, *RECOVERY, *SIGNED_IN]


def distinct_colours() -> dict[str, str]:
    """Return a colour of its own for each setting and mode, as settings write colours."""
    paths = [check.path.format(mode=mode) for check in EVERY for mode in MODES.values()]
    colours = {}
    for number, path in enumerate(dict.fromkeys(paths)):
        channels = colorsys.hsv_to_rgb(number / len(paths), 0.7, 0.9 - 0.4 * (number % 3) / 2)
        colours[path] = "".join(f"{round(value * 255):02x}" for value in channels) + "ff"
    assert len(set(colours.values())) == len(colours)
    return colours


def nested(values: dict[str, Any]) -> dict[str, Any]:
    """Return a document of dotted paths."""
    document: dict[str, Any] = {}
    for path, value in values.items():
        place = document
        *above, last = path.split(".")
        for name in above:
            place = place.setdefault(name, {})
        place[last] = value
    return document


class Styled:
    """A pool with a style that tests change."""

    def __init__(self, server: Running, idp: Any, callback: str) -> None:
        self.pool = HostedPool(server, idp, callback, flows=("ALLOW_USER_PASSWORD_AUTH",))
        made = idp.create_managed_login_branding(
            UserPoolId=self.pool.pool_id, ClientId=self.pool.client_id, UseCognitoProvidedValues=True
        )
        self.id = made["ManagedLoginBranding"]["ManagedLoginBrandingId"]

    def change(self, settings: dict[str, Any], assets: list[dict[str, Any]] | None = None) -> None:
        """Change the style."""
        more = {"Assets": assets} if assets else {}
        self.pool.idp.update_managed_login_branding(
            UserPoolId=self.pool.pool_id, ManagedLoginBrandingId=self.id, Settings=nested(settings), **more
        )


@pytest.fixture
def styled(server: Running, idp: Any, callback: str) -> Styled:
    """A pool with a style."""
    return Styled(server, idp, callback)


@pytest.fixture
def page(browser: Browser) -> Any:
    """A page at 1280x800."""
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        yield context.new_page()


def shown(page: Page, check: Check) -> str:
    """Return the computed value in the wanted state."""
    target = page.locator(check.element).first
    page.mouse.move(0, 0)
    if check.state in ("hover", "active"):
        target.hover()
    if check.state == "active":
        page.mouse.down()
    if check.state == "focus":
        target.focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
    value = target.evaluate("(element, name) => getComputedStyle(element).getPropertyValue(name)", check.property)
    if check.state == "active":
        page.mouse.move(0, 0)
        page.mouse.up()
    return str(value)


def rgb(colour: str) -> str:
    """Return a colour of the settings as browsers tell it."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (0, 2, 4))
    return f"rgb({red}, {green}, {blue})"


def compare(page: Page, checks: list[Check], colours: dict[str, str]) -> None:
    """Compare what is shown in both color schemes with what was set."""
    wrong = []
    for scheme, mode in MODES.items():
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for check in checks:
            wanted = rgb(colours[check.path.format(mode=mode)])
            found = shown(page, check)
            if found != wanted:
                wrong.append((check.path, mode, wanted, found))
    assert wrong == []


def test_every_colour_is_shown_in_light_and_in_dark(styled: Styled, page: Page) -> None:
    colours = distinct_colours()
    frames = {"categories.global.pageHeader.enabled": True, "categories.global.pageFooter.enabled": True}
    styled.change({**colours, **frames, "categories.global.colorSchemeMode": "DYNAMIC"})
    name = styled.pool.create()
    page.goto(styled.pool.address("login"))
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill("Wrong-Horse-5!")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    if not page.locator(PROVIDER).count():  # a pool without providers has no such button: this one does nothing
        page.evaluate("document.querySelector('nav').insertAdjacentHTML('beforeend', '<a class=idp href=#>Shop</a>')")
    compare(page, SIGN_IN, colours)
    page.goto(styled.pool.address("login", notice="confirmed"))
    compare(page, CONFIRMED, colours)
    page.goto(styled.pool.address("signup"))
    compare(page, SIGN_UP, colours)
    page.goto(styled.pool.address("forgotPassword"))
    compare(page, RECOVERY, colours)
    page.goto(styled.pool.address("login"))
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill("Browser-Horse-5!")
    page.keyboard.press("Enter")
    page.wait_for_url(styled.pool.callback + "?**")
    page.goto(styled.pool.address("login"))
    page.get_by_role("heading", name="You are signed in").wait_for()
    compare(page, SIGNED_IN, colours)


def length(page: Page, element: str, name: str) -> float:
    """Return a computed length in pixels."""
    return float(shown(page, Check("", element, name)).removesuffix("px"))


def test_radii_are_shown(styled: Styled, page: Page) -> None:
    radii = {
        "components.form.borderRadius": (".card", 3),
        "components.alert.borderRadius": (".alert", 5),
        "componentClasses.input.borderRadius": ("#password", 7),
        "componentClasses.buttons.borderRadius": (MAIN, 11),
    }
    styled.change({path: radius for path, (_, radius) in radii.items()})
    page.goto(styled.pool.address("login", notice="confirmed"))
    for element, radius in radii.values():
        assert length(page, element, "border-top-left-radius") == radius


def test_the_form_stands_where_the_style_says(styled: Styled, page: Page) -> None:
    def middle(horizontal: str, vertical: str) -> tuple[float, float]:
        at = "categories.form.location"
        styled.change({f"{at}.horizontal": horizontal, f"{at}.vertical": vertical})
        page.goto(styled.pool.address("login"))
        box = page.locator(".card").bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    left, top = middle("START", "START")
    centre_x, centre_y = middle("CENTER", "CENTER")
    right, bottom = middle("END", "END")
    assert left < 600 < centre_x < 680 < right
    assert top < centre_y < bottom


def test_spacing_density_changes_the_space_between_elements(styled: Styled, page: Page) -> None:
    heights = []
    for word in ("COMPACT", "REGULAR", "SPACIOUS", "SOMETHING"):
        styled.change({"categories.global.spacingDensity": word})
        page.goto(styled.pool.address("login"))
        heights.append(length(page, ".card", "height"))
        assert length(page, MAIN, "height") >= 24
    compact, regular, spacious, other = heights
    assert compact < regular - 20
    assert spacious > regular + 20
    assert other == regular


def test_factors_have_their_graphics_unless_switched_off(styled: Styled, page: Page) -> None:
    kinds = {"EMAIL": png(1), "PASSWORD": png(2), "SMS": png(3)}
    assets = [
        {"Category": f"{kind}_GRAPHIC", "ColorMode": "LIGHT", "Extension": "PNG", "Bytes": content}
        for kind, content in kinds.items()
    ]
    styled.change({"categories.form.displayGraphics": True}, assets)
    invited = styled.pool.create(permanent=False)
    page.goto(styled.pool.address("login"))
    assert page.locator("img.graphic").count() == 0
    page.get_by_label("Username").fill(invited)
    page.get_by_label("Password").fill("Browser-Horse-5!")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Choose a new password").wait_for()
    assert picture(page) == kinds["PASSWORD"]
    forgetful = styled.pool.create()
    page.goto(styled.pool.address("forgotPassword"))
    page.get_by_label("Username").fill(forgetful)
    page.keyboard.press("Enter")
    page.get_by_label("Code", exact=True).wait_for()
    assert picture(page) == kinds["EMAIL"]
    styled.change({"categories.form.displayGraphics": False})
    page.reload()
    page.get_by_label("Code", exact=True).wait_for()
    assert page.locator("img.graphic").count() == 0


def picture(page: Page) -> bytes:
    """Return the graphic that a page shows, which says nothing to a screen reader."""
    shown = page.locator("img.graphic")
    assert shown.get_attribute("alt") == ""
    assert shown.evaluate("image => image.complete && image.naturalWidth") == 1
    source = str(shown.evaluate("image => image.src"))
    return page.context.request.get(source).body()
