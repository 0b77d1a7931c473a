"""Form fields for a user's attributes, and the password rules in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_noop as _

if TYPE_CHECKING:
    from cognito_app.pages.site import Visit

FIELDS = {
    "email": (_("Email address"), "email", "email"),
    "phone_number": (_("Phone number"), "tel", "tel"),
    "name": (_("Name"), "text", "name"),
    "given_name": (_("Given name"), "text", "given-name"),
    "middle_name": (_("Middle name"), "text", "additional-name"),
    "family_name": (_("Family name"), "text", "family-name"),
    "birthdate": (_("Birthdate"), "date", "bday"),
    "address": (_("Address"), "text", "street-address"),
    "nickname": (_("Nickname"), "text", "nickname"),
    "preferred_username": (_("Preferred username"), "text", "off"),
    "website": (_("Website"), "url", "url"),
    "profile": (_("Profile address"), "url", "off"),
    "picture": (_("Picture address"), "url", "photo"),
    "gender": (_("Gender"), "text", "sex"),
    "zoneinfo": (_("Time zone"), "text", "off"),
    "locale": (_("Language"), "text", "language"),
}


def of(visit: Visit, names: Iterable[str]) -> list[dict[str, str]]:
    """Return what the template needs of each attribute's field, with what was typed."""
    return [
        {"name": name, "label": spec[0], "type": spec[1], "autocomplete": spec[2], "value": visit.field(name)}
        for name in names
        for spec in [FIELDS.get(name, (words(name), "text", "off"))]
    ]


def words(name: str) -> str:
    """Return the name of an attribute as a label."""
    return name.removeprefix("custom:").replace("_", " ").capitalize()


def policy_lines(visit: Visit) -> list[dict[str, Any]]:
    """Return the pool's password rules, as the template and its script take them."""
    policy = visit.site.pool.password_policy
    rules = (
        (policy.uppercase, "uppercase", _("An upper-case letter")),
        (policy.lowercase, "lowercase", _("A lower-case letter")),
        (policy.numbers, "number", _("A number")),
        (policy.symbols, "symbol", _("A symbol or a space inside")),
    )
    length: dict[str, Any] = {"rule": "length", "least": policy.minimum_length}
    return [length, *({"rule": name, "label": text} for wanted, name, text in rules if wanted)]
