"""Pages to look at: messages, those that were given up (dead letters), and the audit trail."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from cognito_app.conf import app_settings
from cognito_app.models import AuditEvent, DeadLetter, OutboxMessage
from cognito_app.portal.base import ReadOnlyAdmin, actor_of
from cognito_app.portal.site import portal_site
from cognito_app.services import dead_letters, outbox

MAX_POOLS_LISTED = 200


@admin.register(OutboxMessage, site=portal_site)
class InboxAdmin(ReadOnlyAdmin):
    """Messages; what they say is shown in development only, because they carry codes."""

    list_display = ("created_at", "medium", "destination", "purpose", "sent_at", "failed_at", "tries")
    list_filter = ("medium", "purpose")
    ordering = ("-created_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutboxMessage]:
        """Leave the sealed contents in the database until they are asked for."""
        return super().get_queryset(request).defer("body_sealed")

    def get_fields(self, request: HttpRequest, obj: OutboxMessage | None = None) -> Any:
        """Add the contents in development."""
        fields = ["created_at", "medium", "destination", "purpose", "sent_at", "failed_at", "tries", "last_error"]
        return [*fields, "subject", "body"] if app_settings.development else fields

    @admin.display(description="Subject")
    def subject(self, obj: OutboxMessage) -> str:
        """Open the subject."""
        return outbox.contents(obj)[0]

    @admin.display(description="Text")
    def body(self, obj: OutboxMessage) -> str:
        """Open the text."""
        return outbox.contents(obj)[1]


class PoolFilter(admin.SimpleListFilter):
    """The pools that have dead letters."""

    title = "user pool"
    parameter_name = "pool"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return id and name of the pools."""
        found = dead_letters.of_installation().order_by("pool_id").values_list("pool_id", "pool__name").distinct()
        return [(pool_id, f"{name} ({pool_id})") for pool_id, name in found[:MAX_POOLS_LISTED]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> QuerySet[DeadLetter]:
        """Leave the dead letters of the chosen pool."""
        return queryset.filter(pool_id=self.value()) if self.value() else queryset


@admin.register(DeadLetter, site=portal_site)
class DeadLetterAdmin(ReadOnlyAdmin):
    """Messages that were given up, without what they say; operators send them again or discard them."""

    list_display = ("failed_at", "medium", "destination", "purpose", "pool", "last_error", "tries", "expires_at")
    list_filter = ("medium", "purpose", PoolFilter)
    list_select_related = ("pool",)
    fields = ("pool", "user_sub", "medium", "destination", "purpose", "created_at", "expires_at", "failed_at")
    search_fields = ("destination", "user_sub", "last_error")
    search_help_text = "Part of the address, of the reason, or the user's sub"
    ordering = ("-failed_at", "-id")
    actions = ("send_again", "discard")

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeadLetter]:
        """Show what was given up; the sealed contents stay in the database."""
        return dead_letters.of_installation().defer("body_sealed")

    def get_fields(self, request: HttpRequest, obj: DeadLetter | None = None) -> Any:
        """Show the last failure as well."""
        return [*self.fields, "tries", "last_error"]

    @admin.action(description="Send again")
    def send_again(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> None:
        """Hand the chosen messages to the worker."""
        chosen = list(queryset.values_list("pk", flat=True))
        count = dead_letters.send_again(actor_of(request), chosen)
        messages.success(request, f"The worker will send {count} of {len(chosen)}.")
        if count < len(chosen):
            messages.warning(request, "What has expired is not sent again: its code is void.")

    @admin.action(description="Discard")
    def discard(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> None:
        """Delete the chosen messages."""
        count = dead_letters.discard(actor_of(request), list(queryset.values_list("pk", flat=True)))
        messages.success(request, f"{count} discarded.")


@admin.register(AuditEvent, site=portal_site)
class AuditAdmin(ReadOnlyAdmin):
    """Who changed what."""

    list_display = ("time", "actor", "action", "pool_id", "subject", "source_ip")
    list_filter = ("action",)
    ordering = ("-time", "-id")
