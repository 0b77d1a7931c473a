"""Pages of the operators' portal: buckets with their rules for other origins, and objects to read and delete.

The portal hands its site and its base classes in: faces do not import each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlencode

from django import forms
from django.contrib import admin
from django.contrib.admin import AdminSite
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.defaultfilters import filesizeformat
from django.urls import path, reverse
from django.utils.html import format_html

from cognito_app.conf import app_settings
from cognito_app.contrib.object_storage import cors, files, listing, store
from cognito_app.contrib.object_storage.errors import S3Error
from cognito_app.contrib.object_storage.models import Bucket, StoredObject
from cognito_app.errors import InvalidParameterException
from cognito_app.services.actor import Actor

MAX_BUCKETS_LISTED = 200
ActorOf = Callable[[HttpRequest], Actor]

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _BucketForm = forms.ModelForm[Bucket]
else:
    _ModelAdmin = object
    _BucketForm = forms.ModelForm


class BucketForm(_BucketForm):
    """A bucket and its rules, checked where they are typed."""

    cors = forms.JSONField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 16, "cols": 80}),
        label="Rules for other origins (CORS)",
        help_text="A list of rules with the member names of PutBucketCors; empty for none.",
    )

    class Meta:
        model = Bucket
        fields: ClassVar = ["name", "cors"]

    def clean_cors(self) -> Any:
        """Hold the rules to S3's bounds."""
        rules = self.cleaned_data["cors"] or None
        if rules is None:
            return None
        try:
            cors.check_shape(rules)
            cors.check(rules)
        except S3Error as error:
            raise forms.ValidationError(error.message) from None
        return rules


class BucketFilter(admin.SimpleListFilter):
    """The bucket whose objects are shown."""

    title = "bucket"
    parameter_name = "bucket"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the first buckets."""
        names = Bucket.objects.order_by("name").values_list("name", flat=True)[:MAX_BUCKETS_LISTED]
        return [(name, name) for name in names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[StoredObject]) -> QuerySet[StoredObject]:
        """Leave the objects of the chosen bucket."""
        return queryset.filter(bucket_id=self.value()) if self.value() else queryset


class _Pages(_ModelAdmin):
    """What the portal hands in."""

    actor_of: ActorOf


class BucketPages(_Pages):
    """Buckets."""

    form = BucketForm
    list_display = ("name", "region", "created_at", "objects")
    search_fields = ("name",)
    ordering = ("name",)

    def get_readonly_fields(self, request: HttpRequest, obj: Bucket | None = None) -> tuple[str, ...]:
        """The name is fixed."""
        return ("name",) if obj else ()

    @admin.display(description="Objects")
    def objects(self, obj: Bucket) -> str:
        """Link to the bucket's objects."""
        address = reverse("portal:cognito_objects_storedobject_changelist")
        return format_html('<a href="{}?{}">Objects</a>', address, urlencode({"bucket": obj.pk}))

    def save_model(self, request: HttpRequest, obj: Bucket, form: Any, change: bool) -> None:
        """Create by the service, and set the rules."""
        rules = form.cleaned_data["cors"]
        try:
            if not change:
                obj.__dict__.update(store.create_bucket(self.actor_of(request), obj.name, app_settings.region).__dict__)
            if change or rules:
                store.set_cors(self.actor_of(request), obj.name, rules)
        except S3Error as error:
            raise InvalidParameterException(error.message) from None

    def delete_model(self, request: HttpRequest, obj: Bucket) -> None:
        """Delete by the service."""
        try:
            store.delete_bucket(self.actor_of(request), obj.pk)
        except S3Error as error:
            raise InvalidParameterException(error.message) from None


class ObjectPages(_Pages):
    """Objects, to look at, to download, and to delete."""

    list_display = ("name", "bucket", "length", "etag", "modified_at")
    list_filter = (BucketFilter,)
    fields = (
        "name",
        "bucket",
        "length",
        "etag",
        "headers",
        "metadata",
        "tags",
        "checksum",
        "modified_at",
        "content",
    )
    readonly_fields = ("name", "length", "content")
    search_fields = ("key",)
    search_help_text = "The beginning of a key in the chosen bucket"
    ordering = ("bucket", "key")
    list_select_related = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[StoredObject]:
        """Leave the names of the files in the database."""
        found: QuerySet[StoredObject] = super().get_queryset(request).defer("segments")
        return found

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[StoredObject], search_term: str
    ) -> tuple[QuerySet[StoredObject], bool]:
        """Find keys by their beginning, along the index."""
        prefix = search_term.encode()
        end = listing.successor(prefix)
        if prefix and end is not None:
            queryset = queryset.filter(key__gte=prefix, key__lt=end)
        return queryset, False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Objects come by the API."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Objects are replaced by the API."""
        return False

    @admin.display(description="Key", ordering="key")
    def name(self, obj: StoredObject) -> str:
        """The key as text."""
        return str(obj)

    @admin.display(description="Size", ordering="size")
    def length(self, obj: StoredObject) -> str:
        """The size."""
        return filesizeformat(obj.size)

    @admin.display(description="Content")
    def content(self, obj: StoredObject) -> str:
        """Link to the content."""
        return format_html('<a href="{}">Download</a>', reverse("portal:cognito_objects_content", args=[obj.pk]))

    def get_urls(self) -> list[Any]:
        """Add the download."""
        view = self.admin_site.admin_view(self.download)
        return [path("<int:pk>/content/", view, name="cognito_objects_content"), *super().get_urls()]

    def download(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Send a content as a file, never as a page."""
        row = StoredObject.objects.filter(pk=pk).first()
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        name = quote(bytes(row.key).rpartition(b"/")[2] or b"object")
        response = StreamingHttpResponse(files.read(row.segments, 0, row.size), content_type="application/octet-stream")
        response["Content-Length"] = str(row.size)
        response["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
        response["Content-Security-Policy"] = "sandbox"
        return response

    def delete_model(self, request: HttpRequest, obj: StoredObject) -> None:
        """Delete by the service."""
        store.delete_for_operator(self.actor_of(request), obj.bucket_id, bytes(obj.key))


def register(site: AdminSite, base: type[Any], actor_of: ActorOf) -> None:
    """Add the pages to a site; ``base`` is the portal's class of pages whose changes are services' work."""
    handed_in = {"actor_of": staticmethod(actor_of)}
    site.register(Bucket, type("BucketAdmin", (BucketPages, base), handed_in))
    site.register(StoredObject, type("StoredObjectAdmin", (ObjectPages, base), handed_in))
