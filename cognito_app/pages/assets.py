"""Stylesheets and images of styles and customizations, below the pool's site."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from uuid import UUID

import structlog
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from cognito_app.core import ids, images
from cognito_app.services import authorization, sites, stamps
from cognito_app.services.branding import assets, customization, looks
from cognito_app.services.sites import Site

UNCHANGING = "public, max-age=31536000, immutable"
# An SVG document that is opened by itself gets no more rights than in a page.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"

log = structlog.get_logger(__name__)


def resource(view: Callable[..., HttpResponse | None]) -> Callable[..., HttpResponse]:
    """Turn a function that finds a resource of a site, or nothing, into a view."""

    @wraps(view)
    def handle(request: HttpRequest, segment: str | None = None, **parts: str) -> HttpResponse:
        request_id = ids.uuid4()
        stamps.begin_request()
        try:
            response = _answer(view, request, segment, parts)
        except Exception:
            log.exception("resource_crashed", request_id=request_id, path=request.path)
            response = HttpResponse("Something went wrong", status=500, content_type="text/plain")
        finally:
            stamps.end_request()
        response["x-amz-cognito-request-id"] = request_id
        response["Content-Length"] = str(len(response.content))
        response["X-Content-Type-Options"] = "nosniff"
        response["Content-Security-Policy"] = POLICY
        return response

    return csrf_exempt(handle)


def _answer(
    view: Callable[..., HttpResponse | None], request: HttpRequest, segment: str | None, parts: dict[str, str]
) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        return HttpResponse(status=405, headers={"Allow": "GET"})
    site = sites.find(request.META.get("HTTP_HOST", ""), segment)
    found = view(request, site, **parts) if site else None
    return found or HttpResponse("Not found", status=404, content_type="text/plain")


@resource
def stylesheet(request: HttpRequest, site: Site) -> HttpResponse | None:
    """Return the stylesheet of a client; an address with its present mark may be kept."""
    client = authorization.client_of(site.pool, str(request.GET.get("client_id", "")))
    look = looks.of(site.pool, client.id if client else None, classic=site.classic)
    if look is None:
        return None
    response = HttpResponse(look.css, content_type="text/css; charset=utf-8")
    response["Cache-Control"] = UNCHANGING if request.GET.get("v") == look.mark else "no-cache"
    return response


@resource
def style_image(request: HttpRequest, site: Site, style: str, number: str, extension: str) -> HttpResponse | None:
    """Return an image of a managed login style."""
    found = assets.find(site.pool.id, UUID(style), int(number))
    if found is None or found.extension.lower() != extension:
        return None
    return _image(bytes(found.content), found.extension)


@resource
def classic_logo(request: HttpRequest, site: Site, owner: str, version: str, name: str) -> HttpResponse | None:
    """Return the logo of the classic pages in its present version."""
    found = customization.image(site.pool.id, owner, version)
    if found is None or name != customization.FILE_NAMES[found[1]]:
        return None
    return _image(*found)


def _image(content: bytes, kind: str) -> HttpResponse:
    response = HttpResponse(content, content_type=images.CONTENT_TYPES[kind])
    response["Cache-Control"] = UNCHANGING
    return response
