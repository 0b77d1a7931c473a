"""Contrast of colours as WCAG 2.2 reckons it; colours are ``RRGGBB`` or ``RRGGBBAA`` in hexadecimal digits.

Source: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
"""

from __future__ import annotations

Channels = tuple[float, float, float]


def over(front: str, *backs: str) -> str:
    """Return what shows where a colour lies over others, the nearest one first; the last counts as opaque."""
    *layers, shown = (front, *backs)
    for layer in reversed(layers):
        share = _alpha(layer)
        mixed = (round(a * share + b * (1 - share)) for a, b in zip(_bytes(layer), _bytes(shown), strict=True))
        shown = "".join(f"{value:02x}" for value in mixed)
    return shown[:6]


def ratio(one: str, other: str) -> float:
    """Return the contrast of two opaque colours, from 1 to 21."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Return the relative luminance of an opaque colour, from 0 to 1."""
    red, green, blue = (_linear(value / 255) for value in _bytes(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def _bytes(colour: str) -> tuple[int, int, int]:
    return int(colour[0:2], 16), int(colour[2:4], 16), int(colour[4:6], 16)


def _alpha(colour: str) -> float:
    return int(colour[6:8] or "ff", 16) / 255
