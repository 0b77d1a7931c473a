"""Managed login styles: their settings, with a warning for colours that are hard to read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.html import format_html_join

from cognito_app.models import ManagedLoginBranding
from cognito_app.portal.base import ServiceAdmin, actor_of
from cognito_app.portal.site import portal_site
from cognito_app.services import config
from cognito_app.services.branding import contrast, styles


@admin.register(ManagedLoginBranding, site=portal_site)
class StyleAdmin(ServiceAdmin):
    """Styles; images are set by the API."""

    list_display = ("client_id", "pool", "uses_defaults", "modified_at")
    list_select_related = ("pool",)
    search_fields = ("client_id",)
    ordering = ("-modified_at",)

    def get_fields(self, request: HttpRequest, obj: ManagedLoginBranding | None = None) -> Any:
        """Show what can be read once there is a style."""
        return ("pool", "client_id", "settings") if obj is None else ("pool", "client_id", "settings", "readability")

    def get_readonly_fields(self, request: HttpRequest, obj: ManagedLoginBranding | None = None) -> Any:
        """A style stays with its client."""
        return () if obj is None else ("pool", "client_id", "readability")

    @admin.display(description="Readability")
    def readability(self, obj: ManagedLoginBranding) -> str:
        """Return what is hard to read."""
        found = contrast.weaknesses(styles.merged_settings(obj))
        return format_html_join("", "<p>{}</p>", ((str(item),) for item in found)) or "All texts can be read."

    def save_model(self, request: HttpRequest, obj: ManagedLoginBranding, form: Any, change: bool) -> None:
        """Create or update by the service, and warn of what is hard to read."""
        pool, actor = config.pool(obj.pool_id), actor_of(request)
        if change:
            kept = styles.update(pool, actor, style_id=str(obj.pk), document=obj.settings)
        else:
            kept = styles.create(pool, actor, client_id=obj.client_id, document=obj.settings)
            obj.__dict__.update(kept.__dict__)
        for found in contrast.weaknesses(styles.merged_settings(kept)):
            messages.warning(request, str(found))

    def delete_model(self, request: HttpRequest, obj: ManagedLoginBranding) -> None:
        """Delete by the service."""
        styles.delete(config.pool(obj.pool_id), actor_of(request), str(obj.pk))
