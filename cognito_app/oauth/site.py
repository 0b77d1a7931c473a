"""What every address of a pool's site goes through: the pool, the stamps, the headers, CORS, the last net."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import orjson
import structlog
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from cognito_app.core import ids
from cognito_app.core.http import client_ip, is_too_long
from cognito_app.errors import ServiceError, TooManyRequestsException
from cognito_app.services import replicas, sites, stamps, throttle
from cognito_app.services.actor import Actor
from cognito_app.services.sites import Site

FORM = "application/x-www-form-urlencoded"
MAX_BODY = 64 * 1024
CORS_HEADERS = "Authorization, Content-Type, X-Amz-User-Agent"

log = structlog.get_logger(__name__)

SiteView = Callable[[HttpRequest, Site], HttpResponse]
View = Callable[..., HttpResponse]


def endpoint(*methods: str, cors: bool = False, counted: bool = True) -> Callable[[SiteView], View]:
    """Turn a function of request and site into a view for programs: errors are JSON.

    ``counted`` is False for documents that everybody may read as often as they like.
    """

    def decorate(view: SiteView) -> View:
        @wraps(view)
        def handle(request: HttpRequest, segment: str | None = None) -> HttpResponse:
            request_id = ids.uuid4()
            if request.method == "OPTIONS" and cors:
                response = _preflight(methods)
            elif request.method not in methods:
                response = json_error("invalid_request", status=405)
                response["Allow"] = ", ".join(methods)
            else:
                response = _guarded(view, request, segment, request_id, counted)
            response["x-amz-cognito-request-id"] = request_id
            response["Content-Length"] = str(len(response.content))
            if cors:
                response["Access-Control-Allow-Origin"] = "*"
            return response

        return csrf_exempt(handle)

    return decorate


def _guarded(view: SiteView, request: HttpRequest, segment: str | None, request_id: str, counted: bool) -> HttpResponse:
    stamps.begin_request()
    try:
        site = sites.find(request.META.get("HTTP_HOST", ""), segment)
        if site is None:
            return json_error("not_found", status=404)
        if counted:
            if not replicas.serves_users(site.pool.id):
                return json_error("not_found", status=404)
            throttle.count_visit(site.pool, client_ip(request), request.GET.get("client_id"))
        return view(request, site)
    except TooManyRequestsException as error:
        return json_error("too_many_requests", error.message, status=429)
    except ServiceError as error:
        return json_error("invalid_request", error.message)
    except Exception:
        log.exception("endpoint_crashed", request_id=request_id, path=request.path)
        return json_error("server_error", status=500)
    finally:
        stamps.end_request()


def _preflight(methods: tuple[str, ...]) -> HttpResponse:
    response = HttpResponse(b"")
    response["Access-Control-Allow-Methods"] = ", ".join(methods)
    response["Access-Control-Allow-Headers"] = CORS_HEADERS
    response["Access-Control-Max-Age"] = "3600"
    return response


def actor_of(request: HttpRequest) -> Actor:
    """Return who asks, for the record of sessions."""
    return Actor(ip=client_ip(request), user_agent=request.headers.get("User-Agent", "")[:512])


def json_response(document: object, status: int = 200) -> HttpResponse:
    """Return JSON that no cache keeps."""
    response = HttpResponse(orjson.dumps(document), content_type="application/json;charset=UTF-8", status=status)
    response["Cache-Control"] = "no-store"
    response["Pragma"] = "no-cache"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def json_error(error: str, description: str = "", status: int = 400) -> HttpResponse:
    """Return an error of RFC 6749 section 5.2."""
    document = {"error": error, "error_description": description} if description else {"error": error}
    return json_response(document, status)


def read_form(request: HttpRequest) -> dict[str, str] | None:
    """Return the fields of a form body, or None if it is no form, too long, or repeats a field."""
    if request.content_type != FORM:
        return None
    if is_too_long(request, MAX_BODY):
        return None
    fields: dict[str, str] = {}
    for name, values in request.POST.lists():
        if len(values) != 1:
            return None
        fields[name] = str(values[0])
    return fields
