"""The query protocol of STS and IAM: form parameters in, XML out."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from django.http import HttpRequest, HttpResponse

from cognito_app.aws import model
from cognito_app.aws.model import Operation
from cognito_app.core import numbers
from cognito_app.errors import InvalidAction, SerializationException, ServiceError, ValidationError

CONTENT_TYPE = "text/xml"
VERSIONS = {"2011-06-15": "sts", "2010-05-08": "iam"}
NAMESPACES = {
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
}
MAX_PARAMETERS = 500

# These services spell the signature errors in its own way, with status 403.
SPELLINGS = {
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "UnrecognizedClientException": "InvalidClientTokenId",
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "ExpiredTokenException": "ExpiredToken",
    "IncompleteSignatureException": "IncompleteSignature",
    "AccessDeniedException": "AccessDenied",
    "InternalErrorException": "InternalFailure",
    "SerializationException": "MalformedInput",
    "NotImplementedException": "NotImplemented",
}
FORBIDDEN = frozenset(
    {"MissingAuthenticationToken", "InvalidClientTokenId", "SignatureDoesNotMatch", "ExpiredToken", "AccessDenied"}
)


def _pairs(request: HttpRequest, body: bytes) -> dict[str, str]:
    try:
        text = body.decode("utf-8") if request.method == "POST" else request.META.get("QUERY_STRING", "")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_PARAMETERS, errors="strict"))
    except ValueError:
        raise SerializationException("The request could not be read.") from None


def operation_of(request: HttpRequest, body: bytes) -> Operation:
    """Return the operation named by ``Action``.

    Raises InvalidAction.
    """
    pairs = _pairs(request, body)
    action, version = pairs.get("Action", ""), pairs.get("Version", "2011-06-15")
    found = model.service(VERSIONS[version]).operations.get(action) if version in VERSIONS else None
    if found is None:
        raise InvalidAction(f"Could not find operation {action[:128]} for version {version[:32]}")
    return found


def read_params(operation: Operation, request: HttpRequest, body: bytes) -> dict[str, Any]:
    """Return the parameters in the shape of the operation's input, as the JSON protocols would carry them."""
    pairs = _pairs(request, body)
    return (
        _structure(operation, operation.model.shapes[operation.input_shape or ""], pairs, "")
        if operation.input_shape
        else {}
    )


def _structure(operation: Operation, shape: dict[str, Any], pairs: dict[str, str], prefix: str) -> dict[str, Any]:
    result = {}
    for member, reference in shape["members"].items():
        value = _value(operation, reference["shape"], pairs, prefix + member)
        if value is not None:
            result[member] = value
    return result


def _value(operation: Operation, shape_name: str, pairs: dict[str, str], path: str) -> Any:
    shape = operation.model.shapes[shape_name]
    if shape["type"] == "structure":
        return _structure(operation, shape, pairs, path + ".") or None
    if shape["type"] == "list":
        items: list[Any] = []
        while (
            item := _value(operation, shape["member"]["shape"], pairs, f"{path}.member.{len(items) + 1}")
        ) is not None:
            items.append(item)
        return items or None
    text = pairs.get(path)
    if text is None:
        return None
    if shape["type"] in {"integer", "long"}:
        number = numbers.whole(text.removeprefix("-"), numbers.EXACT)
        if number is None:
            raise ValidationError(
                f"Value '{text[:64]}' at '{path}' failed to satisfy constraint: Member must be a number"
            )
        return -number if text.startswith("-") else number
    return text.lower() == "true" if shape["type"] == "boolean" else text


def write_result(operation: Operation, result: dict[str, Any] | None, request_id: str) -> bytes:
    """Return a success as XML."""
    shape = operation.model.shapes[operation.output_shape] if operation.output_shape else None
    inner = _members(operation, shape, result or {}) if shape else ""
    wrapped = f"<{operation.name}Result>{inner}</{operation.name}Result>" if shape else ""
    return (
        f'<{operation.name}Response xmlns="{NAMESPACES[operation.service]}">{wrapped}'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation.name}Response>"
    ).encode()


def _members(operation: Operation, shape: dict[str, Any], value: dict[str, Any]) -> str:
    return "".join(
        f"<{member}>{_text(operation, shape['members'][member]['shape'], item)}</{member}>"
        for member, item in value.items()
        if item is not None and member in shape["members"]
    )


def _text(operation: Operation, shape_name: str, value: Any) -> str:
    shape = operation.model.shapes[shape_name]
    if shape["type"] == "structure":
        return _members(operation, shape, value)
    if shape["type"] == "list":
        inner = (_text(operation, shape["member"]["shape"], item) for item in value)
        return "".join(f"<member>{item}</member>" for item in inner)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return escape(str(value).lower() if isinstance(value, bool) else str(value))


def error_response(error: ServiceError, request_id: str, service: str) -> HttpResponse:
    """Return an error as XML."""
    code = SPELLINGS.get(type(error).__name__, error.code)
    status = 403 if code in FORBIDDEN else error.status
    kind = "Receiver" if status >= 500 else "Sender"
    namespace = NAMESPACES.get(service, NAMESPACES["sts"])
    body = (
        f'<ErrorResponse xmlns="{namespace}"><Error><Type>{kind}</Type><Code>{code}</Code>'
        f"<Message>{escape(error.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return HttpResponse(body.encode("utf-8", "replace"), content_type=CONTENT_TYPE, status=status)
