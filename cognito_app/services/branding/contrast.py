"""Whether a style's colours can be told apart: warnings for operators, who decide (WCAG 2.2, 1.4.3 and 1.4.11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cognito_app.core import contrast
from cognito_app.services.branding.stylesheet import COLOURS, at

TEXT, CONTROL = 4.5, 3.0
CANVAS = {"lightMode": "ffffff", "darkMode": "000000"}
"""What browsers show behind a page whose colour lets something through."""
MODES = {"LIGHT": ("lightMode",), "DARK": ("darkMode",), "DYNAMIC": ("lightMode", "darkMode")}
PAIRS = (
    ("heading", "card", TEXT, "heading on the form"),
    ("text", "card", TEXT, "text on the form"),
    ("description", "card", TEXT, "description on the form"),
    ("label", "card", TEXT, "labels on the form"),
    ("hint", "card", TEXT, "descriptions of fields on the form"),
    ("link", "card", TEXT, "links on the form"),
    ("link-hover", "card", TEXT, "links under the mouse"),
    ("on-accent", "accent", TEXT, "text of the main button"),
    ("on-accent-hover", "accent-hover", TEXT, "text of the main button under the mouse"),
    ("on-second", "second", TEXT, "text of other buttons"),
    ("on-second-hover", "second-hover", TEXT, "text of other buttons under the mouse"),
    ("on-idp", "idp", TEXT, "text of providers' buttons"),
    ("on-idp-hover", "idp-hover", TEXT, "text of providers' buttons under the mouse"),
    ("control-border", "card", CONTROL, "borders of fields on the form"),
    ("focus", "card", CONTROL, "the mark of the focus on the form"),
)


@dataclass(frozen=True, slots=True)
class Weakness:
    """Two colours that are too much alike; ``mode`` is ``light`` or ``dark``."""

    mode: str
    place: str
    ratio: float
    wanted: float

    def __str__(self) -> str:
        return f"{self.mode}: {self.place} has a contrast of {self.ratio:.2f}, {self.wanted:g} is wanted"


def weaknesses(settings: Mapping[str, Any]) -> list[Weakness]:
    """Return what is hard to read in a style with its defaults merged in, in the colour modes that it has."""
    modes = MODES[at(settings, "categories.global.colorSchemeMode")]
    return [found for mode in modes for found in _in_mode(settings, mode)]


def _in_mode(settings: Mapping[str, Any], mode: str) -> list[Weakness]:
    colours = {name: str(at(settings, path.format(mode=mode))).lower() for name, path in COLOURS.items()}
    below = [colours["card"], colours["page"], CANVAS[mode]]
    found = []
    for front, back, wanted, place in PAIRS:
        behind = below if back == "card" else [colours[back], *below]
        reached = contrast.ratio(contrast.over(colours[front], *behind), contrast.over(*behind))
        if reached < wanted:
            found.append(Weakness(mode.removesuffix("Mode"), place, reached, wanted))
    return found
