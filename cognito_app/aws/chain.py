"""The way of a request to the AWS face: a row of small functions, each of which may refuse it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse

from cognito_app.aws import model, quotas, registry, replica_roles, resources
from cognito_app.aws.call import Call
from cognito_app.aws.model import Operation, Service
from cognito_app.aws.protocol import json11, query, validate
from cognito_app.conf import app_settings
from cognito_app.core import ids, sigv4
from cognito_app.core.http import client_ip, is_too_long, signed_request
from cognito_app.errors import (
    InternalErrorException,
    NotImplementedException,
    SerializationException,
    ServiceError,
    UnknownOperationException,
)
from cognito_app.services import principals, stamps
from cognito_app.services.config import pool_of_client, stamp_of

MAX_BODY = 1024 * 1024
MAX_BRANDING_BODY = 3 * 1024 * 1024
BRANDING = ("CreateManagedLoginBranding", "UpdateManagedLoginBranding")

log = structlog.get_logger(__name__)


@dataclass
class Exchange:
    """A request on its way, and what became known of it."""

    request: HttpRequest
    request_id: str
    service: str = ""
    is_query: bool = False
    operation: Operation | None = None
    body: bytes = field(default=b"", repr=False)
    params: dict[str, Any] = field(default_factory=dict, repr=False)


def handle(request: HttpRequest) -> HttpResponse:
    """Answer one request; every outcome, a crash included, becomes a response in the service's own form."""
    exchange = Exchange(request=request, request_id=ids.uuid4())
    try:
        response = _answer(exchange)
    except ServiceError as error:
        response = _refuse(exchange, error)
    except Exception:
        log.exception("operation_crashed", request_id=exchange.request_id, operation=_name(exchange))
        response = _refuse(exchange, InternalErrorException("Internal server error"))
    finally:
        stamps.end_request()
    response["x-amzn-RequestId"] = exchange.request_id
    response["Content-Length"] = str(len(response.content))
    return response


def _answer(exchange: Exchange) -> HttpResponse:
    _read_body(exchange)
    operation = _resolve(exchange)
    document = _parse(exchange, operation)
    handler = registry.handler_of(operation.service, operation.name)
    if handler is None:
        raise NotImplementedException(f"The operation {operation.name} is not implemented in this release.")
    _read_stamps(operation, document)
    principal = _authenticate(exchange, operation) if _is_signed(exchange, operation) else None
    quotas.count(operation, document)
    replica_roles.check(operation, document)
    params = validate.parse_input(operation, document)
    call = Call(
        operation=operation,
        params=params,
        request_id=exchange.request_id,
        ip=client_ip(exchange.request),
        user_agent=exchange.request.headers.get("User-Agent", "")[:512],
        principal=principal,
    )
    if principal is not None and operation.name not in model.WITHOUT_POLICIES | model.DECIDED_BY_SERVICES:
        action = f"{operation.service}:{operation.name}"
        principals.authorize(principal, action, resources.arn_of(operation, params), ip=call.ip)
    result = handler(call, **params)
    return _success(exchange, operation, result)


def _read_body(exchange: Exchange) -> None:
    """Take the body, refusing one that is too long before it is read."""
    exchange.is_query = _is_query(exchange.request)
    exchange.service = "sts" if exchange.is_query else "cognito-idp"
    target = exchange.request.headers.get("X-Amz-Target", "")
    limit = MAX_BRANDING_BODY if target.endswith(BRANDING) else MAX_BODY
    if is_too_long(exchange.request, limit):
        raise SerializationException("Request body is too large.")
    exchange.body = exchange.request.read(limit + 1)
    if len(exchange.body) > limit:
        raise SerializationException("Request body is too large.")


def _is_query(request: HttpRequest) -> bool:
    if "X-Amz-Target" in request.headers:
        return False
    form = request.content_type == "application/x-www-form-urlencoded"
    return form or (request.method == "GET" and "Action" in request.GET)


def _resolve(exchange: Exchange) -> Operation:
    if exchange.is_query:
        operation = query.operation_of(exchange.request, exchange.body)
        exchange.service = operation.service
        return operation
    prefix, _, name = exchange.request.headers.get("X-Amz-Target", "").partition(".")
    service: Service | None = model.service_by_target(prefix)
    if service is None or name not in service.operations:
        raise UnknownOperationException
    exchange.service = service.name
    exchange.operation = service.operations[name]
    return exchange.operation


def _parse(exchange: Exchange, operation: Operation) -> dict[str, Any]:
    exchange.operation = operation
    if exchange.is_query:
        return query.read_params(operation, exchange.request, exchange.body)
    return json11.read_body(exchange.body)


def _read_stamps(operation: Operation, document: dict[str, Any]) -> None:
    """Read the version stamps that the operation will surely ask for in one query."""
    names = [] if operation.unsigned else [stamps.IAM]
    pool_id = document.get("UserPoolId")
    if not isinstance(pool_id, str):
        client_id = document.get("ClientId")
        pool_id = pool_of_client(client_id) if isinstance(client_id, str) else None
    if pool_id and "\x00" not in pool_id and len(pool_id) <= 55:
        names.append(stamp_of(pool_id))
    if app_settings.request_quotas:
        names.append(stamps.LIMITS)
    stamps.begin_request(*names)


def _is_signed(exchange: Exchange, operation: Operation) -> bool:
    if operation.name in model.UNSIGNED_OR_SIGNED:
        return "Authorization" in exchange.request.headers
    return not operation.unsigned


def _authenticate(exchange: Exchange, operation: Operation) -> principals.Principal:
    request = signed_request(exchange.request, exchange.body)
    if app_settings.any_key:
        return principals.administrator(sigv4.access_key_of(request))
    # IAM has no regions: its clients always sign for us-east-1.
    regions = () if operation.service == "iam" else app_settings.signing_regions
    return sigv4.verify(request, principals.lookup, service=operation.service, regions=regions)


def _success(exchange: Exchange, operation: Operation, result: dict[str, Any] | None) -> HttpResponse:
    if exchange.is_query:
        body = query.write_result(operation, result, exchange.request_id)
        return HttpResponse(body, content_type=query.CONTENT_TYPE)
    return HttpResponse(json11.write_result(operation, result), content_type=json11.CONTENT_TYPE)


def _refuse(exchange: Exchange, error: ServiceError) -> HttpResponse:
    if error.status < 500:
        log.debug("operation_refused", request_id=exchange.request_id, operation=_name(exchange), code=error.code)
    if exchange.is_query:
        return query.error_response(error, exchange.request_id, exchange.service)
    body = json11.write_error(error, service=exchange.service)
    response = HttpResponse(body, content_type=json11.CONTENT_TYPE, status=error.status)
    response["x-amzn-ErrorType"] = f"{error.code}:"
    if error.message:
        response["x-amzn-ErrorMessage"] = (
            "".join(char if " " <= char <= "~" or "\xa0" <= char <= "\xff" else "?" for char in error.message[:1024])
            .encode("latin-1")
            .decode("latin-1")
        )
    return response


def _name(exchange: Exchange) -> str:
    return exchange.operation.name if exchange.operation else ""
