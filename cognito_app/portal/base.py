"""What the portal's model pages share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import cached_property

from cognito_app.core import ids
from cognito_app.core.http import client_ip
from cognito_app.errors import ServiceError
from cognito_app.services.actor import Actor

if TYPE_CHECKING:
    # Django's own classes take no parameters at run time.
    _Paginator = Paginator[Any]
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _Paginator = Paginator
    _ModelAdmin = admin.ModelAdmin

COUNT_UP_TO = 1000


def actor_of(request: HttpRequest) -> Actor:
    """Return the operator for the audit trail."""
    return Actor(
        name=f"operator:{request.user.get_username()}",
        ip=client_ip(request),
        user_agent=request.headers.get("User-Agent", "")[:512],
        request_id=ids.uuid4(),
    )


class BoundedPaginator(_Paginator):
    """Counts to a thousand and no further: a table of users may hold millions."""

    @cached_property
    def count(self) -> int:
        """The number of rows, at most a thousand."""
        rows = self.object_list
        assert isinstance(rows, models.QuerySet)
        return int(rows.order_by().values("pk")[:COUNT_UP_TO].count())


class ServiceAdmin(_ModelAdmin):
    """A model page whose changes are services' work; their refusals become messages."""

    show_full_result_count = False
    paginator = BoundedPaginator
    list_per_page = 50
    actions: tuple[str, ...] | None = None
    show_facets = admin.ShowFacets.NEVER

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show a service's refusal where the form was sent."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except ServiceError as error:
            messages.error(request, error.message or error.code)
            return HttpResponseRedirect(request.get_full_path())

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show a service's refusal."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except ServiceError as error:
            messages.error(request, error.message or error.code)
            return HttpResponseRedirect(request.get_full_path())

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Deleting cascades inside the service: the page does not list millions of rows first."""
        return [str(obj) for obj in objs], {}, set(), []

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The service's audit row is the record."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The service's audit row is the record."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """The service's audit row is the record."""


class ReadOnlyAdmin(ServiceAdmin):
    """A model page to look at."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nothing is added by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is changed by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is deleted by hand."""
        return False
