"""Form fields for a user's attributes, and the password rules in words."""

from __future__ import annotations

from collections.abc import Iterable

from cognito_app.pages.site import Visit

FIELDS = {
    "email": ("Email address", "email", "email"),
    "phone_number": ("Phone number", "tel", "tel"),
    "name": ("Name", "text", "name"),
    "given_name": ("Given name", "text", "given-name"),
    "middle_name": ("Middle name", "text", "additional-name"),
    "family_name": ("Family name", "text", "family-name"),
    "birthdate": ("Birthdate", "date", "bday"),
    "address": ("Address", "text", "street-address"),
    "nickname": ("Nickname", "text", "nickname"),
    "preferred_username": ("Preferred username", "text", "off"),
    "website": ("Website", "url", "url"),
    "profile": ("Profile address", "url", "off"),
    "picture": ("Picture address", "url", "photo"),
    "gender": ("Gender", "text", "sex"),
    "zoneinfo": ("Time zone", "text", "off"),
    "locale": ("Language", "text", "language"),
}


def of(visit: Visit, names: Iterable[str]) -> list[dict[str, str]]:
    """Return what the template needs of each attribute's field, with what was typed."""
    return [
        {"name": name, "label": spec[0], "type": spec[1], "autocomplete": spec[2], "value": visit.field(name)}
        for name in names
        for spec in [FIELDS.get(name, (_words(name), "text", "off"))]
    ]


def _words(name: str) -> str:
    return name.removeprefix("custom:").replace("_", " ").capitalize()


def policy_lines(visit: Visit) -> list[str]:
    """Return the pool's password rules as short lines."""
    policy = visit.site.pool.password_policy
    lines = [f"At least {policy.minimum_length} characters"]
    for wanted, text in (
        (policy.uppercase, "An upper-case letter"),
        (policy.lowercase, "A lower-case letter"),
        (policy.numbers, "A number"),
        (policy.symbols, "A symbol or a space inside"),
    ):
        if wanted:
            lines.append(text)
    return lines
