"""Pages to look at: the development inbox and the audit trail."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from cognito_app.conf import app_settings
from cognito_app.models import AuditEvent, OutboxMessage
from cognito_app.portal.base import ReadOnlyAdmin
from cognito_app.portal.site import portal_site
from cognito_app.services import outbox


@admin.register(OutboxMessage, site=portal_site)
class InboxAdmin(ReadOnlyAdmin):
    """Messages; what they say is shown in development only, because they carry codes."""

    list_display = ("created_at", "medium", "destination", "purpose", "sent_at", "failed_at", "tries")
    list_filter = ("medium", "purpose")
    ordering = ("-created_at",)

    def get_fields(self, request: HttpRequest, obj: OutboxMessage | None = None) -> Any:
        """Add the contents in development."""
        fields = ["created_at", "medium", "destination", "purpose", "sent_at", "failed_at", "tries"]
        return [*fields, "subject", "body"] if app_settings.development else fields

    @admin.display(description="Subject")
    def subject(self, obj: OutboxMessage) -> str:
        """Open the subject."""
        return outbox.contents(obj)[0]

    @admin.display(description="Text")
    def body(self, obj: OutboxMessage) -> str:
        """Open the text."""
        return outbox.contents(obj)[1]


@admin.register(AuditEvent, site=portal_site)
class AuditAdmin(ReadOnlyAdmin):
    """Who changed what."""

    list_display = ("time", "actor", "action", "pool_id", "subject", "source_ip")
    list_filter = ("action",)
    ordering = ("-time", "-id")
