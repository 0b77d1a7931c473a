"""The published documents: OpenID configuration and keys, as prebuilt bytes."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from cognito_app.oauth.site import endpoint
from cognito_app.services import keys, sites
from cognito_app.services.sites import Site


def _document(body: bytes, seconds: int) -> HttpResponse:
    response = HttpResponse(body, content_type="application/json")
    response["Cache-Control"] = f"public, max-age={seconds}"
    return response


@endpoint("GET", "HEAD", cors=True, counted=False)
def openid_configuration(request: HttpRequest, site: Site) -> HttpResponse:
    """Return the pool's discovery document."""
    return _document(sites.discovery_document(site.pool), 300)


@endpoint("GET", "HEAD", cors=True, counted=False)
def jwks(request: HttpRequest, site: Site) -> HttpResponse:
    """Return the pool's public keys."""
    loaded = keys.of_pool(site.pool.id)
    return _document(loaded.jwks if loaded else b'{"keys":[]}', 3600)
