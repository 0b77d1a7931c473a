"""The providers on the sign-in page: links that work without a script, and the field for an email address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from cognito_app.services.branding import looks
from cognito_app.services.branding.pictures import Picture
from cognito_app.services.federated_sign_in import choices
from cognito_app.services.federated_sign_in.choices import Choices

if TYPE_CHECKING:
    from cognito_app.pages.site import Visit

SEARCH = "search_provider"
NAMING = ("identity_provider", "idp_identifier")


@dataclass(frozen=True, slots=True)
class Button:
    """A provider with the address that leads to it."""

    title: str
    social: bool
    href: str
    icon: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True)
class ProviderChoice:
    """What the page shows; ``at`` is ``top`` or ``bottom`` of the form for local users."""

    choices: Choices
    buttons: tuple[Button, ...]
    at: str


def choice_of(visit: Visit) -> ProviderChoice | None:
    """Return what a page offers beside the sign-in of local users; None for nothing."""
    request, client = visit.authorize, visit.client
    if request is None or client is None or request.provider or request.identifier:
        return None
    found = choices.of(visit.site.pool, client, classic=visit.site.classic)
    if not found:
        return None
    look = looks.of(visit.site.pool, client.id, classic=visit.site.classic)
    icons = look.provider_icons if look else {}
    buttons = tuple(
        Button(item.title, item.social, link_to(visit, identity_provider=item.name), icons.get(item.name, ()))
        for item in found.buttons
    )
    return ProviderChoice(found, buttons, "top" if found.first else "bottom")


def link_to(visit: Visit, **named: str) -> str:
    """Return the address that begins a sign-in at a provider, for the request of the page."""
    kept = [(name, value) for name, value in parse_qsl(visit.query, keep_blank_values=True) if name not in NAMING]
    return f"{visit.site.prefix}/oauth2/authorize?" + urlencode([*kept, *named.items()])
