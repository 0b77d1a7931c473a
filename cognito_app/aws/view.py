"""The one endpoint of the AWS face."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from cognito_app.aws import chain

EXPOSED = "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date"
PREFLIGHT_SECONDS = "172800"


class NoNegotiation(BaseContentNegotiation):
    """AWS's protocols answer in one form, whatever the Accept header says."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """No parser: the chain reads the body itself."""
        return None

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """No renderer: the chain writes the body itself."""
        return BaseRenderer(), None


class AwsView(APIView):
    """``POST /`` for the JSON services and STS; ``GET /`` for STS and for people who look what is here."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    parser_classes = ()
    renderer_classes = ()
    content_negotiation_class = NoNegotiation

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, and let pages of any origin read the answer, refusals included."""
        response = super().dispatch(request, *args, **kwargs)
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Expose-Headers"] = EXPOSED
        return response

    def post(self, request: Request) -> HttpResponse:
        """Run an operation."""
        return chain.handle(request._request)

    def get(self, request: Request) -> HttpResponse:
        """Run an STS operation given in the query string, or say what this address is."""
        if "Action" in request._request.GET:
            return chain.handle(request._request)
        hint = {"service": "cognito", "message": "AWS endpoint: send POST requests with an AWS SDK. Portal: /portal/"}
        return HttpResponse(orjson.dumps(hint), content_type="application/json")

    def options(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:  # type: ignore[override]  # a plain response, not DRF's metadata
        """Answer a browser's preflight, before any authentication."""
        response = HttpResponse(b"")
        response["Access-Control-Allow-Methods"] = "POST, GET, OPTIONS"
        response["Access-Control-Allow-Headers"] = request.headers.get("Access-Control-Request-Headers", "*")
        response["Access-Control-Max-Age"] = PREFLIGHT_SECONDS
        return response

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Refuse other methods in JSON: SDKs choke on HTML."""
        body = orjson.dumps({"__type": "MethodNotAllowedException", "message": "Use POST."})
        return HttpResponse(body, content_type="application/json", status=405, headers={"Allow": "GET, POST, OPTIONS"})


aws_view = csrf_exempt(AwsView.as_view())
