"""Pages to look at: identity providers of user pools, and what a SAML provider must be told of its pool."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from cognito_app.models import IdentityProvider
from cognito_app.portal.base import ReadOnlyAdmin
from cognito_app.portal.site import portal_site
from cognito_app.services import config
from cognito_app.services.saml import service_provider

METADATA = "cognito_app_identityprovider_saml_metadata"


@admin.register(IdentityProvider, site=portal_site)
class IdentityProviderAdmin(ReadOnlyAdmin):
    """Identity providers; client secrets and keys are not shown."""

    list_display = ("name", "type", "pool", "modified_at")
    list_filter = ("type",)
    list_select_related = ("pool",)
    search_fields = ("name",)
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[IdentityProvider]:
        """Leave the secrets in the database."""
        return super().get_queryset(request).defer("secret_sealed")

    def get_fields(self, request: HttpRequest, obj: IdentityProvider | None = None) -> Any:
        """Add what is said of a SAML provider, and what it must be told."""
        fields = ["name", "type", "pool", "details", "attribute_mapping", "created_at", "modified_at"]
        if obj is None or obj.type != "SAML":
            return fields
        return [*fields, "entity_id", "metadata_due_at", "service_provider"]

    @admin.display(description="Entity id")
    def entity_id(self, obj: IdentityProvider) -> str:
        """Return the provider's name for itself."""
        return str(obj.metadata.get("entity_id", ""))

    @admin.display(description="Service provider")
    def service_provider(self, obj: IdentityProvider) -> str:
        """Return the pool's name and the link to its metadata."""
        address = reverse(f"portal:{METADATA}", args=[obj.pk])
        name = service_provider.entity_id(obj.pool_id)
        return format_html('{} (<a href="{}">metadata to give to the provider</a>)', name, address)

    def get_urls(self) -> list[URLPattern]:
        """Add the download."""
        view = self.admin_site.admin_view(self.download)
        return [path("<int:pk>/service-provider.xml", view, name=METADATA), *super().get_urls()]

    def download(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Return the pool's metadata as a service provider."""
        row = self.get_queryset(request).filter(pk=pk, type="SAML").first()
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        document = service_provider.metadata(config.pool(row.pool_id), row)
        response = HttpResponse(document, content_type="application/samlmetadata+xml")
        response["Content-Disposition"] = f'attachment; filename="{row.pool_id}.xml"'
        return response
