"""What the faces need of a Django request: the peer's address, and the request as it was signed."""

from __future__ import annotations

import ipaddress

from django.http import HttpRequest

from cognito_app.conf import app_settings
from cognito_app.core import numbers
from cognito_app.core.sigv4 import SignedRequest


def client_ip(request: HttpRequest) -> str:
    """Return the address of the client: the peer's, or the one that the outermost trusted proxy saw.

    An X-Forwarded-For entry that is no address makes the whole header worthless.
    """
    peer: str = request.META.get("REMOTE_ADDR", "")
    trusted = app_settings.trusted_proxies
    if trusted:
        entries = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        if len(entries) >= trusted:
            try:
                return str(ipaddress.ip_address(entries[-trusted]))
            except ValueError:
                return peer
    return peer


def is_too_long(request: HttpRequest, most: int) -> bool:
    """Whether the declared body has more than ``most`` bytes, or a length that is none."""
    return numbers.whole(request.META.get("CONTENT_LENGTH") or "0", most) is None


def signed_request(request: HttpRequest, body: bytes) -> SignedRequest:
    """Return the request in the form that signatures cover."""
    meta = request.META
    headers = {name[5:].replace("_", "-").lower(): meta[name] for name in meta if name.startswith("HTTP_")}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if name in meta:
            headers[name.replace("_", "-").lower()] = meta[name]
    return SignedRequest(
        method=request.method or "",
        path=request.path,
        query=request.META.get("QUERY_STRING", ""),
        headers=headers,
        body=body,
    )
