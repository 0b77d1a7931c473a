"""The images of a managed login style: which kinds each category takes, and how an update changes the set.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/managed-login-brandingeditor.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from cognito_app.core import images
from cognito_app.errors import InvalidParameterException
from cognito_app.models import BrandingAsset, ManagedLoginBranding

MAX_ASSETS = 40
PICTURES = ("JPEG", "PNG", "SVG", "WEBP")
EXTENSIONS = {"FAVICON_ICO": ("ICO",), "FAVICON_SVG": ("SVG",), "IDP_BUTTON_ICON": ("ICO", "SVG")}
"""What a category takes; the others take ``PICTURES``."""
REPEATED = "IDP_BUTTON_ICON"
"""The category with one image a provider; of the others a style has one for each colour mode."""


class Given(NamedTuple):
    """An image as a request names it; without content it stands for the one that is stored."""

    category: str
    color_mode: str
    extension: str
    content: bytes | None
    resource_id: str

    @property
    def place(self) -> tuple[str, str, str]:
        """What the image is for: a new image takes the place of the old one."""
        return _place(self.category, self.color_mode, self.resource_id)


def _place(category: str, color_mode: str, resource_id: str) -> tuple[str, str, str]:
    return category, color_mode, resource_id if category == REPEATED else ""


def check(given: Iterable[Given]) -> None:
    """Raises InvalidParameterException for a wrong or unsafe file, or two images for one place."""
    places = set()
    for item in given:
        allowed = EXTENSIONS.get(item.category, PICTURES)
        if item.extension not in allowed:
            raise InvalidParameterException(f"Assets of category {item.category} must be {' or '.join(allowed)} files.")
        if item.place in places:
            raise InvalidParameterException(f"More than one {item.category} asset for {item.color_mode} mode.")
        places.add(item.place)
        if item.content is None:
            continue
        try:
            images.check(item.content, item.extension)
        except images.BadImage as error:
            raise InvalidParameterException(f"Invalid {item.category} asset: {error}.") from None


def store(style: ManagedLoginBranding, given: Iterable[Given]) -> None:
    """Put images into a style, each in the place of the one before. Raises InvalidParameterException.

    A changed image is a new row, so that the address of an image always shows the same.
    """
    stored = {_place(row.category, row.color_mode, row.resource_id): row for row in style.assets.defer("content").all()}
    for item in given:
        old = stored.get(item.place)
        if item.content is None:
            _keep(old, item)
            continue
        if old is not None:
            old.delete()
        stored[item.place] = style.assets.create(
            category=item.category,
            color_mode=item.color_mode,
            extension=item.extension,
            content=item.content,
            resource_id=item.resource_id,
        )
    if len(stored) > MAX_ASSETS:
        raise InvalidParameterException(f"A style has at most {MAX_ASSETS} assets.")


def _keep(old: BrandingAsset | None, item: Given) -> None:
    if old is None or old.extension != item.extension:
        raise InvalidParameterException(f"Bytes are required for the {item.category} asset.")
    old.resource_id = item.resource_id or old.resource_id
    old.save(update_fields=["resource_id"])


def find(pool_id: str, style_id: UUID, asset_id: int) -> BrandingAsset | None:
    """Return an image of a pool's style, or None."""
    return BrandingAsset.objects.filter(pk=asset_id, branding_id=style_id, branding__pool_id=pool_id).first()
