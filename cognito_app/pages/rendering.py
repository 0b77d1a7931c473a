"""A template becomes a page: the look of the client, the language, the static files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.templatetags.static import static

from cognito_app.core import qr_code
from cognito_app.pages import languages, wording

FAULTS = {
    400: "bad_request",
    404: "not_found",
    405: "bad_request",
    413: "too_large",
    429: "too_many",
    500: "failed",
}
"""The templates of pages that say what went wrong, by status."""


def rendered(template: str, status: int, context: Mapping[str, Any], language: str) -> HttpResponse:
    """Return a page; texts of the context become those of the language here and nowhere else."""
    with languages.speaking(language):
        shown = {
            "stylesheet": static("cognito_app/css/managed-login.css"),
            "language": language,
            "direction": languages.direction(language),
            **wording.localized(context),
        }
        if "qr_text" in context:
            shown["picture"] = qr_code.data_uri(context["qr_text"])
        html = loader.render_to_string(f"cognito_app/managed_login/{template}.html", shown)
    return HttpResponse(html, status=status)


def bare_fault(request: HttpRequest, status: int, request_id: str) -> HttpResponse:
    """Return the page of a fault without a pool: there is none, or its settings cannot be read."""
    context = {"request_id": request_id, "pool_name": request.META.get("SERVER_NAME", ""), "look": None}
    return rendered(FAULTS[status], status, context, languages.asked(request) or languages.ENGLISH)
