"""What a page's template needs of its client's look and terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.templatetags.static import static

from cognito_app.services import terms
from cognito_app.services.branding import looks
from cognito_app.services.sites import Site

if TYPE_CHECKING:
    from cognito_app.pages.site import Visit


GRAPHICS = {
    "add_passkey": "PASSKEY",
    "first_passkey": "PASSKEY",
    "first_password": "PASSWORD",
    "new_password": "PASSWORD",
    "totp_setup": "AUTH_APP",
}
CODE_PAGES = ("confirm", "first_code", "mfa_code", "reset_password")


def look_context(site: Site, client_id: str | None, template: str, shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return the client's look, if it has one, the stylesheets that carry it, and the graphic of a page."""
    look = looks.of(site.pool, client_id, classic=site.classic)
    if look is None:
        return {"look": None, "site_prefix": site.prefix}
    query = urlencode({"client_id": client_id or "", "v": look.mark})
    return {
        "look": look,
        "look_stylesheets": [static("cognito_app/css/looks.css"), f"{site.prefix}/branding.css?{query}"],
        "site_prefix": site.prefix,
        "graphic": look.graphics.get(_graphic(template, shown), ()),
    }


def _graphic(template: str, shown: Mapping[str, Any]) -> str:
    if template not in CODE_PAGES:
        return GRAPHICS.get(template, "")
    if shown.get("from_app"):
        return "AUTH_APP"
    destination = str(shown.get("destination") or "")
    if not destination:
        return ""
    return "EMAIL" if "@" in destination else "SMS"


def terms_of(visit: Visit) -> dict[str, str] | None:
    """Return the links to the client's terms of use and privacy policy; the classic pages have none."""
    if visit.client is None or visit.site.classic:
        return None
    links = terms.shown(visit.site.pool, visit.client.id, visit.language)
    if links is None:
        return None
    return {"terms_of_use": links[terms.TERMS_OF_USE], "privacy_policy": links[terms.PRIVACY_POLICY]}
