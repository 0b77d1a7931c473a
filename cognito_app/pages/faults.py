"""Pages in the place of bare errors: addresses that are none, and what browsers meet at endpoints for programs."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import structlog
from django.http import HttpRequest, HttpResponse

from cognito_app.core import ids
from cognito_app.errors import TooManyRequestsException
from cognito_app.pages import rendering
from cognito_app.pages.site import Visit, add_headers
from cognito_app.services import replicas, sites, stamps

KEPT = ("Allow", "Retry-After", "x-amz-cognito-request-id")
REQUEST_ID = "x-amz-cognito-request-id"

log = structlog.get_logger(__name__)


def as_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let an endpoint that browsers visit show its errors as pages: people get no JSON to read."""

    @wraps(view)
    def handle(request: HttpRequest, segment: str | None = None) -> HttpResponse:
        response = view(request, segment)
        if response.status_code < 400:
            return response
        shown = _shown(request, segment, response.status_code, response.get(REQUEST_ID) or ids.uuid4())
        if response.status_code == 429:
            shown["Retry-After"] = str(TooManyRequestsException.retry_seconds)
        for name in KEPT:
            if name in response:
                shown[name] = response[name]
        return shown

    return handle


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django itself refuses (``handler400``)."""
    return _shown(request, _segment(request), 400, ids.uuid4())


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer at an address where nothing is (``handler404``)."""
    return _shown(request, _segment(request), 404, ids.uuid4())


def failed(request: HttpRequest) -> HttpResponse:
    """Answer after a fault of ours that nothing else caught (``handler500``); settings are not read again."""
    request_id = ids.uuid4()
    response = rendering.bare_fault(request, 500, request_id)
    add_headers(response, request_id, None)
    return response


def _segment(request: HttpRequest) -> str | None:
    first = request.path.strip("/").partition("/")[0]
    return first if first and len(first) <= 63 else None


def _shown(request: HttpRequest, segment: str | None, status: int, request_id: str) -> HttpResponse:
    status = status if status in rendering.FAULTS else 400
    stamps.begin_request()
    visit: Visit | None = None
    try:
        host = request.META.get("HTTP_HOST", "")
        site = (sites.find(host, segment) if segment else None) or sites.find(host, None)
        if site is not None and replicas.serves_users(site.pool.id):
            visit = Visit(request, site, request_id)
        response = visit.fault(status, links=None) if visit else rendering.bare_fault(request, status, request_id)
    except Exception:
        log.exception("fault_page_crashed", request_id=request_id, path=request.path)
        response = rendering.bare_fault(request, status, request_id)
    finally:
        stamps.end_request()
    add_headers(response, request_id, visit)
    return response
