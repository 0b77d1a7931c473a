"""The entry of every request: who signed it, which operation it is, and how a refusal looks."""

from __future__ import annotations

import logging

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from cognito_app.conf import app_settings
from cognito_app.contrib.object_storage import answers, bodies, cors, requests, routing, signatures
from cognito_app.contrib.object_storage.errors import S3Error
from cognito_app.contrib.object_storage.requests import S3Request
from cognito_app.services import stamps

INTERNAL = "We encountered an internal error. Please try again."
_logger = logging.getLogger(__name__)


@csrf_exempt
def mounted(request: HttpRequest, rest: str) -> HttpResponseBase:
    """Serve a request below the path at which a project mounts the service."""
    mount = request.path[: len(request.path) - len(rest)] if rest else request.path
    return serve(requests.read(request, prefix=mount.rstrip("/").encode()))


def serve(request: S3Request) -> HttpResponseBase:
    """Answer a request."""
    stamps.begin_request()
    try:
        response = _answer(request)
        cors.decorate(request, response)
    except S3Error as error:
        response = answers.error(request, error)
        cors.decorate(request, response)
    except Exception:
        _logger.exception("A request to the object storage failed.")
        response = answers.error(request, S3Error("InternalError", INTERNAL, 500))
    finally:
        stamps.end_request()
    if bodies.leave(request) and not _is_simple_server(request):
        response["Connection"] = "close"
    response["x-amz-request-id"] = request.request_id
    response["X-Content-Type-Options"] = "nosniff"
    if not request.own_origin:
        # What users store must not run as a script of the portal's and the sign-in pages' origin.
        response["Content-Security-Policy"] = "sandbox"
    return response


def _is_simple_server(request: S3Request) -> bool:
    """Python's own server refuses the header, and closes every connection anyway."""
    return str(request.django.META.get("SERVER_SOFTWARE", "")).startswith("WSGIServer")


def _answer(request: S3Request) -> HttpResponseBase:
    if request.method == "OPTIONS":
        return cors.preflight(request)
    requests.check_key(request)
    request.caller, request.signature = signatures.verify(request, app_settings.signing_regions)
    expected = request.headers.get("x-amz-expected-bucket-owner")
    if expected is not None and expected != app_settings.account_id:
        raise S3Error("AccessDenied")
    return routing.operation(request)(request)
