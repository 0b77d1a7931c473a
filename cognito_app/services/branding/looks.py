"""What a page shows of its client's style or customization: read once, kept while nothing of the pool changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cognito_app.core import images
from cognito_app.models import BrandingAsset, ManagedLoginBranding
from cognito_app.services.branding import classic_css, customization, settings, stylesheet
from cognito_app.services.branding.assets import REPEATED
from cognito_app.services.branding.pictures import Picture, Pictures
from cognito_app.services.config import PoolConfig

MAX_IN_MEMORY = 2000
GRAPHICS = ("PASSWORD", "PASSKEY", "EMAIL", "SMS", "AUTH_APP")
SCHEMES = {"LIGHT": "light", "DARK": "dark", "DYNAMIC": "light dark"}


@dataclass(frozen=True, slots=True)
class Logo:
    """The logo of a form, header or footer; ``place`` is START, CENTER or END."""

    pictures: tuple[Picture, ...]
    place: str


@dataclass(frozen=True, slots=True)
class Look:
    """A look other than the default one; paths are below the pool's site.

    ``graphics`` are those of factors: PASSWORD, PASSKEY, EMAIL, SMS, AUTH_APP. ``provider_icons`` are by the asset's
    ResourceId, which is a provider's name.
    """

    kind: str
    css: bytes
    scheme: str = "light"
    icons: tuple[tuple[str, str], ...] = ()
    form_logo: Logo | None = None
    form_logo_at: str = "banner"
    header: Logo | None = None
    footer: Logo | None = None
    graphics: Mapping[str, tuple[Picture, ...]] = field(default_factory=dict)
    provider_icons: Mapping[str, tuple[Picture, ...]] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        """What changes whenever the stylesheet does."""
        return sha256(self.css).hexdigest()[:16]


_known: dict[tuple[str, str, bool], tuple[int, Look | None]] = {}


def of(pool: PoolConfig, client_id: str | None, *, classic: bool) -> Look | None:
    """Return the look of a client's pages, or None for the default; two queries at most, none while it is known."""
    key = (pool.id, client_id or customization.ALL, classic)
    known = _known.get(key)
    if known is not None and known[0] == pool.version:
        return known[1]
    look = _classic(pool, key[1]) if classic else _managed(pool, key[1])
    if len(_known) >= MAX_IN_MEMORY:
        _known.clear()
    _known[key] = (pool.version, look)
    return look


def authentication(pool: PoolConfig, client_id: str) -> Mapping[str, Any]:
    """Return what a client's managed login style says of the ways to sign in, the defaults included."""
    row = ManagedLoginBranding.objects.filter(pool_id=pool.id, client_id=client_id).first()
    merged = settings.merge(settings.DEFAULTS, row.settings if row else {})
    found: Mapping[str, Any] = merged["categories"]["auth"]
    return found


def _classic(pool: PoolConfig, client_id: str) -> Look | None:
    row = customization.find(pool, client_id)
    if row is None:
        return None
    path = customization.image_path(row)
    return Look(
        kind="classic-style",
        css=stylesheet.classic(classic_css.parse(row.css)).encode(),
        form_logo=Logo((Picture(path),), "CENTER") if path else None,
    )


def _managed(pool: PoolConfig, client_id: str) -> Look | None:
    row = ManagedLoginBranding.objects.filter(pool_id=pool.id, client_id=client_id).first()
    if row is None:
        return None
    merged = settings.merge(settings.DEFAULTS, row.settings)
    scheme = merged["categories"]["global"]["colorSchemeMode"]
    assets = list(row.assets.order_by("id").defer("content"))
    pictures = Pictures(scheme, [_shown(row, asset) for asset in assets])
    form = merged["categories"]["form"]
    logo = merged["components"]["form"]["logo"]
    return Look(
        kind="managed-style",
        css=stylesheet.managed(merged, pictures).encode(),
        scheme=SCHEMES[scheme],
        icons=_icons(merged, pictures),
        form_logo=_logo(logo, pictures, "FORM_LOGO"),
        form_logo_at=f"{logo['formInclusion']}-{logo['position']}".lower(),
        header=_frame(merged, pictures, "pageHeader", "PAGE_HEADER_LOGO"),
        footer=_frame(merged, pictures, "pageFooter", "PAGE_FOOTER_LOGO"),
        graphics={name: pictures.of(f"{name}_GRAPHIC") for name in GRAPHICS} if form["displayGraphics"] else {},
        provider_icons=_provider_icons(merged, scheme, row, assets),
    )


def _shown(row: ManagedLoginBranding, asset: BrandingAsset) -> tuple[str, str, str]:
    return asset.category, asset.color_mode, f"branding/{row.id}/{asset.id}.{asset.extension.lower()}"


def _provider_icons(
    merged: Mapping[str, Any], scheme: str, row: ManagedLoginBranding, assets: list[BrandingAsset]
) -> dict[str, tuple[Picture, ...]]:
    if not merged["componentClasses"]["idpButtons"]["icons"]["enabled"]:
        return {}
    icons = [asset for asset in assets if asset.category == REPEATED]
    return {
        name: Pictures(scheme, [_shown(row, icon) for icon in icons if icon.resource_id == name]).of(REPEATED)
        for name in {icon.resource_id for icon in icons}
    }


def _logo(wanted: Mapping[str, Any], pictures: Pictures, category: str) -> Logo | None:
    shown = pictures.of(category) if wanted["enabled"] else ()
    return Logo(shown, wanted["location"]) if shown else None


def _frame(merged: Mapping[str, Any], pictures: Pictures, name: str, category: str) -> Logo | None:
    if not merged["categories"]["global"][name]["enabled"]:
        return None
    wanted = merged["components"][name]["logo"]
    return _logo(wanted, pictures, category) or Logo((), wanted["location"])


def _icons(merged: Mapping[str, Any], pictures: Pictures) -> tuple[tuple[str, str], ...]:
    kinds = [kind for kind in ("ICO", "SVG") if kind in merged["components"]["favicon"]["enabledTypes"]]
    found = [(path, kind) for kind in kinds for path in pictures.first(f"FAVICON_{kind}")]
    return tuple((path, images.CONTENT_TYPES[kind]) for path, kind in found)
