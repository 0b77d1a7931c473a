"""The app's settings: one dict ``COGNITO_OBJECT_STORAGE`` in Django's settings, read live."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from django.conf import settings

GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Configuration:
    """Values of ``settings.COGNITO_OBJECT_STORAGE``; the key is the field's name in capitals.

    location: folder of the objects' contents, unless ``STORAGES`` has an entry ``cognito_objects``.
    domain: host (and port) that serves nothing but object storage; ``<bucket>.<domain>`` addresses a bucket.
        ``None`` switches that off.
    root_addresses: whether the middleware takes requests at the site's root whose signature names S3.
    max_object_bytes: the largest body of one request.
    keep_replaced_seconds: how long the content of a replaced or deleted object stays for those who are reading it.
    keep_unfinished_seconds: when the content of an upload that broke off is removed.
    """

    location: str | None = None
    domain: str | None = None
    root_addresses: bool = True
    max_object_bytes: int = 5 * GIB
    keep_replaced_seconds: int = 3600
    keep_unfinished_seconds: int = 86_400


_NAMES = frozenset(item.name for item in fields(Configuration))


def current() -> Configuration:
    """Return the settings as they are now; they are built anew only when the dict is replaced."""
    global _built  # one for the process
    given: dict[str, Any] | None = getattr(settings, "COGNITO_OBJECT_STORAGE", None)
    if _built[0] is not given:
        known = {key.lower(): value for key, value in (given or {}).items() if key.lower() in _NAMES}
        _built = (given, Configuration(**known))
    return _built[1]


_built: tuple[dict[str, Any] | None, Configuration] = (None, Configuration())
