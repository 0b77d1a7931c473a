"""Redirects back to clients, and to our own error page."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse

from cognito_app.services.sites import Site


def redirect(location: str) -> HttpResponse:
    """Return a 302 to any address, schemes of apps included."""
    response = HttpResponse(status=302)
    response["Location"] = location
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response


def to_error_page(site: Site, error: str, client_id: str, language: str = "") -> HttpResponse:
    """Show our own page: where the client is cannot be trusted. ``language`` is what the request asked for."""
    told = {"error": error, "client_id": client_id[:128], **({"lang": language[:16]} if language else {})}
    return redirect(f"{site.prefix}/error?" + urlencode(told))


def is_error_page(site: Site, response: HttpResponse) -> bool:
    """Whether an answer leads to our own error page."""
    return response["Location"].startswith(f"{site.prefix}/error?")


def parameters_of(request: HttpRequest) -> dict[str, list[str]]:
    """Return the parameters of an authorization request, from the query or a form."""
    source = request.POST if request.method == "POST" else request.GET
    return {name: [str(value) for value in values] for name, values in source.lists()}
