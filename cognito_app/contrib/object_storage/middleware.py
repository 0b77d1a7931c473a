"""Object storage at addresses of its own: by host name, and at the site's root for requests that are signed for S3.

SDKs take an endpoint without a path, and put the bucket into the host's name where they can. Every other request
passes by at the cost of a few comparisons.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

from cognito_app.contrib.object_storage import conf, requests, signatures
from cognito_app.contrib.object_storage.requests import S3Request
from cognito_app.contrib.object_storage.views import mounted, serve

Handler = Callable[[HttpRequest], HttpResponseBase]


class ObjectStorageMiddleware:
    """Takes the requests that are the object storage's, wherever they are sent."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Serve a request or pass it on."""
        mine = _addressed(request, conf.current())
        return self.get_response(request) if mine is None else serve(mine)


def _addressed(request: HttpRequest, settings: conf.Configuration) -> S3Request | None:
    if settings.domain:
        host = _host(request, settings.domain)
        if host == settings.domain:
            return requests.read(request, own_origin=True)
        if host.endswith("." + settings.domain):
            return requests.read(request, host_bucket=host[: -len(settings.domain) - 1], own_origin=True)
    if settings.root_addresses and _is_for_s3(request) and not _is_mounted(request):
        return requests.read(request)
    return None


def _host(request: HttpRequest, domain: str) -> str:
    """Return the host that was asked for, with its port only where the domain has one."""
    host: str = request.META.get("HTTP_HOST", "").lower()
    return host if ":" in domain else host.partition(":")[0]


def _is_for_s3(request: HttpRequest) -> bool:
    meta = request.META
    if request.path_info == "/" and request.method != "GET":
        return False  # the address of the other services, which S3 uses for its list of buckets only
    if signatures.names_s3(meta.get("HTTP_AUTHORIZATION", ""), meta.get("QUERY_STRING", "")):
        return True
    asked: str = meta.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "")
    return request.method == "OPTIONS" and "x-amz-content-sha256" in asked.lower()


def _is_mounted(request: HttpRequest) -> bool:
    try:
        return resolve(request.path_info).func is mounted
    except Resolver404:
        return False
