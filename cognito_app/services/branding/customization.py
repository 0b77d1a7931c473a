"""CSS and logo of the classic hosted pages, for one client or for all that have none of their own.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/hosted-ui-classic-branding.html
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cognito_app.core import clock, images
from cognito_app.errors import InvalidParameterException
from cognito_app.models import Domain, UICustomization
from cognito_app.services import domains, stamps
from cognito_app.services.actor import Actor, audit
from cognito_app.services.branding import classic_css
from cognito_app.services.branding.holding import hold
from cognito_app.services.config import PoolConfig, stamp_of

ALL = "ALL"
MAX_IMAGE = 100 * 1024
MAX_REQUEST = 135 * 1024
NO_DOMAIN = "There has to be an existing domain associated with this user pool"
FILE_NAMES = {"JPEG": "image.jpg", "PNG": "image.png"}


def find(pool: PoolConfig, client_id: str) -> UICustomization | None:
    """Return a client's customization, or the one for all clients, without the image, or None."""
    rows = UICustomization.objects.filter(pool_id=pool.id, client_id__in={client_id, ALL}).defer("image")
    return next(iter(sorted(rows, key=lambda row: row.client_id == ALL)), None)


def put(
    pool: PoolConfig, actor: Actor, *, client_id: str, css: str | None, image: bytes | None
) -> UICustomization | None:
    """Replace CSS and logo together; without both the customization is taken away.

    Raises InvalidParameterException or ResourceNotFoundException.
    """
    kind = _check(css or "", image or b"")
    with transaction.atomic():
        hold(pool, None if client_id == ALL else client_id)
        if not Domain.objects.filter(pool_id=pool.id).exists():
            raise InvalidParameterException(NO_DOMAIN)
        old = UICustomization.objects.filter(pool_id=pool.id, client_id=client_id).defer("image").first()
        row = None
        if css or image:
            row = old or UICustomization(pool_id=pool.id, client_id=client_id)
            _fill(row, css or "", image, kind or "")
        elif old is not None:
            old.delete()
        stamps.bump(stamp_of(pool.id))
        audit(actor, "SetUICustomization", pool_id=pool.id, subject=client_id)
    return row


def _fill(row: UICustomization, css: str, image: bytes | None, kind: str) -> None:
    now = clock.now()
    if row._state.adding:
        row.created_at = now
    row.css, row.image, row.image_type = css, image or None, kind
    row.css_version = _version(now, row.css_version)
    row.modified_at = now
    row.save()


def _version(now: datetime, last: str) -> str:
    """Return the second of the change as a number, and never one that was used before."""
    return str(max(int(f"{now:%Y%m%d%H%M%S}"), int(last or 0) + 1))


def _check(css: str, image: bytes) -> str | None:
    if len(css.encode("utf-8", "surrogatepass")) + len(image) * 4 // 3 > MAX_REQUEST:
        raise InvalidParameterException("request parameters too large")
    classic_css.parse(css)
    if not image:
        return None
    kind = images.kind_of(image)
    if kind not in FILE_NAMES:
        raise InvalidParameterException("The image file must be a PNG or JPEG image.")
    if len(image) > MAX_IMAGE:
        raise InvalidParameterException("The image file must not be larger than 100 KB.")
    return kind


def image_path(row: UICustomization) -> str | None:
    """Return the path of a customization's logo below the pool's site, or None."""
    name = FILE_NAMES.get(row.image_type)
    return None if name is None else f"{row.client_id}/{row.css_version}/assets/images/{name}"


def image_url(row: UICustomization) -> str | None:
    """Return the address of a customization's logo, or None."""
    path = image_path(row)
    return None if path is None else f"{domains.base_url(row.pool_id)}/{path}"


def image(pool_id: str, client_id: str, version: str) -> tuple[bytes, str] | None:
    """Return the logo of a version of a customization and its kind, or None."""
    found = UICustomization.objects.filter(pool_id=pool_id, client_id=client_id, css_version=version).first()
    return None if found is None or not found.image else (bytes(found.image), found.image_type)
