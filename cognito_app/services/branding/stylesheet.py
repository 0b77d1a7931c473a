"""A client's stylesheet: the settings of its style as CSS variables, its background images, or its classic CSS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cognito_app.core import contrast
from cognito_app.services.branding import classic_css
from cognito_app.services.branding.pictures import Pictures

COLOURS = {
    "page": "components.pageBackground.{mode}.color",
    "card": "components.form.{mode}.backgroundColor",
    "card-border": "components.form.{mode}.borderColor",
    "heading": "components.pageText.{mode}.headingColor",
    "text": "components.pageText.{mode}.bodyColor",
    "description": "components.pageText.{mode}.descriptionColor",
    "label": "componentClasses.inputLabel.{mode}.textColor",
    "hint": "componentClasses.inputDescription.{mode}.textColor",
    "control": "componentClasses.input.{mode}.defaults.backgroundColor",
    "control-border": "componentClasses.input.{mode}.defaults.borderColor",
    "placeholder": "componentClasses.input.{mode}.placeholderColor",
    "focus": "componentClasses.focusState.{mode}.borderColor",
    "link": "componentClasses.link.{mode}.defaults.textColor",
    "link-hover": "componentClasses.link.{mode}.hover.textColor",
    "accent": "components.primaryButton.{mode}.defaults.backgroundColor",
    "on-accent": "components.primaryButton.{mode}.defaults.textColor",
    "accent-hover": "components.primaryButton.{mode}.hover.backgroundColor",
    "on-accent-hover": "components.primaryButton.{mode}.hover.textColor",
    "accent-active": "components.primaryButton.{mode}.active.backgroundColor",
    "on-accent-active": "components.primaryButton.{mode}.active.textColor",
    "second": "components.secondaryButton.{mode}.defaults.backgroundColor",
    "second-border": "components.secondaryButton.{mode}.defaults.borderColor",
    "on-second": "components.secondaryButton.{mode}.defaults.textColor",
    "second-hover": "components.secondaryButton.{mode}.hover.backgroundColor",
    "second-hover-border": "components.secondaryButton.{mode}.hover.borderColor",
    "on-second-hover": "components.secondaryButton.{mode}.hover.textColor",
    "second-active": "components.secondaryButton.{mode}.active.backgroundColor",
    "second-active-border": "components.secondaryButton.{mode}.active.borderColor",
    "on-second-active": "components.secondaryButton.{mode}.active.textColor",
    "error-back": "components.alert.{mode}.error.backgroundColor",
    "error-border": "components.alert.{mode}.error.borderColor",
    "success-back": "componentClasses.statusIndicator.{mode}.success.backgroundColor",
    "success-border": "componentClasses.statusIndicator.{mode}.success.borderColor",
    "error-mark": "componentClasses.statusIndicator.{mode}.error.indicatorColor",
    "success-mark": "componentClasses.statusIndicator.{mode}.success.indicatorColor",
    "divider": "componentClasses.divider.{mode}.borderColor",
    "idp": "components.idpButton.standard.{mode}.defaults.backgroundColor",
    "idp-border": "components.idpButton.standard.{mode}.defaults.borderColor",
    "on-idp": "components.idpButton.standard.{mode}.defaults.textColor",
    "idp-hover": "components.idpButton.standard.{mode}.hover.backgroundColor",
    "idp-hover-border": "components.idpButton.standard.{mode}.hover.borderColor",
    "on-idp-hover": "components.idpButton.standard.{mode}.hover.textColor",
    "idp-active": "components.idpButton.standard.{mode}.active.backgroundColor",
    "idp-active-border": "components.idpButton.standard.{mode}.active.borderColor",
    "on-idp-active": "components.idpButton.standard.{mode}.active.textColor",
    "header": "components.pageHeader.{mode}.background.color",
    "header-border": "components.pageHeader.{mode}.borderColor",
    "footer": "components.pageFooter.{mode}.background.color",
    "footer-border": "components.pageFooter.{mode}.borderColor",
}
"""CSS variables and where their colours stand in the settings."""
READABLE_ON = {"on-control": "control", "error": "error-back", "success": "success-back"}
"""Text colours that no setting gives, and the background that they must be readable on."""
LENGTHS = {
    "card-radius": "components.form.borderRadius",
    "alert-radius": "components.alert.borderRadius",
    "control-radius": "componentClasses.input.borderRadius",
    "button-radius": "componentClasses.buttons.borderRadius",
}
PLACES = {
    "horizontal": "categories.form.location.horizontal",
    "vertical": "categories.form.location.vertical",
}
DENSITIES = {"COMPACT": 0.7, "SPACIOUS": 1.3}
"""Factors of the space between elements; every other word means REGULAR."""
BACKGROUNDS = (
    ("body", "components.pageBackground.image.enabled", "PAGE_BACKGROUND"),
    (".card", "components.form.backgroundImage.enabled", "FORM_BACKGROUND"),
    (".page-header", "components.pageHeader.backgroundImage.enabled", "PAGE_HEADER_BACKGROUND"),
    (".page-footer", "components.pageFooter.backgroundImage.enabled", "PAGE_FOOTER_BACKGROUND"),
)
DARK = "@media (prefers-color-scheme: dark)"
_DARK_TEXT, _LIGHT_TEXT = "#000716", "#ebebf0"

CLASSIC_ELEMENTS = {
    "background": "body",
    "banner": ".brand",
    "errorMessage": ".alert-error",
    "idpButton": ".idp:not(.social)",
    "idpButton:hover": ".idp:not(.social):hover",
    "idpDescription": ".idp-description",
    "inputField": ".field input",
    "inputField:focus": ".field input:focus",
    "label": ".field label",
    "legalText": ".legal",
    "logo": ".brand img",
    "redirect": ".links",
    "socialButton": ".idp.social",
    "submitButton": ".card button:not(.secondary)",
    "submitButton:hover": ".card button:not(.secondary):hover",
    "textDescription": ".card > p:not(.brand, .alert)",
}
"""What on our pages each class of the classic CSS means; elements may carry the classes themselves, too."""


def at(settings: Mapping[str, Any], path: str) -> Any:
    """Return the value at a dotted path of merged settings."""
    value: Any = settings
    for name in path.split("."):
        value = value[name]
    return value


def managed(settings: Mapping[str, Any], pictures: Pictures) -> str:
    """Return the stylesheet of a style with its defaults merged in."""
    fixed = [f"--{name}: {at(settings, path):g}px" for name, path in LENGTHS.items()]
    fixed += [f"--{name}: {at(settings, path).lower()}" for name, path in PLACES.items()]
    fixed.append(f"--density: {DENSITIES.get(at(settings, 'categories.global.spacingDensity'), 1)}")
    first = "darkMode" if pictures.scheme == "DARK" else "lightMode"
    rules = [_root([*fixed, *_colours(settings, first)])]
    if pictures.scheme == "DYNAMIC":
        rules.append(f"{DARK} {{ {_root(_colours(settings, 'darkMode'))} }}")
    for selector, enabled, category in BACKGROUNDS:
        if at(settings, enabled):
            rules += _backgrounds(selector, pictures, category)
    return "\n".join(rules) + "\n"


def _root(declarations: Iterable[str]) -> str:
    # Doubled, so that it wins over the variables of the page's own stylesheet in either colour mode.
    return ":root:root { " + "; ".join(declarations) + " }"


def _colours(settings: Mapping[str, Any], mode: str) -> list[str]:
    found = {name: at(settings, path.format(mode=mode)).lower() for name, path in COLOURS.items()}
    readable = {name: _text_on(found[back]) for name, back in READABLE_ON.items()}
    return [*(f"--{name}: #{value}" for name, value in found.items()), *(f"--{n}: {v}" for n, v in readable.items())]


def _text_on(colour: str) -> str:
    """Return the text colour with more contrast (WCAG 2.2, relative luminance)."""
    luminance = contrast.luminance(colour)
    return _DARK_TEXT if (luminance + 0.05) ** 2 > 1.05 * 0.05 else _LIGHT_TEXT


def _backgrounds(selector: str, pictures: Pictures, category: str) -> list[str]:
    rules = []
    for picture in pictures.of(category):
        # On a small screen the form is the page: there the page's image would only show below it.
        wide = "(min-width: 30.01rem)" if selector == "body" else "all"
        mode = picture.only.replace("only-", " and (prefers-color-scheme: ") + ")" if picture.only else ""
        style = f'background-image: url("{picture.path}"); background-size: cover; background-position: center'
        rules.append(f"@media {wide}{mode} {{ .managed-style {selector} {{ {style} }} }}")
    return rules


def classic(rules: Iterable[classic_css.Rule]) -> str:
    """Return the stylesheet of a customization: its rules, for its classes and for what they mean on our pages."""
    written = []
    for rule in rules:
        for name in rule.names:
            declarations = classic_css.served(rule, name)
            base, colon, state = name.partition(":")
            own = f".{base}{classic_css.SUFFIX}{colon}{state}"
            element = CLASSIC_ELEMENTS.get(name)
            selector = f".classic-style {own}" + (f", .classic-style {element}" if element else "")
            if declarations:
                written.append(f"{selector} {{ {declarations} }}")
    return "\n".join(written) + "\n"
