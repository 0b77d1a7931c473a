"""The published documents of the identity pools' token issuer."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from cognito_app.services import identity_tokens


def _document(body: bytes) -> HttpResponse:
    response = HttpResponse(body, content_type="application/json")
    response["Access-Control-Allow-Origin"] = "*"
    response["Cache-Control"] = "public, max-age=300"
    return response


@require_safe
def configuration(request: HttpRequest) -> HttpResponse:
    """Return the discovery document."""
    return _document(identity_tokens.discovery())


@require_safe
def jwks(request: HttpRequest) -> HttpResponse:
    """Return the public keys."""
    return _document(identity_tokens.jwks())
