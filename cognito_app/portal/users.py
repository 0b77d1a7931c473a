"""Pages for the users of pools: search, create, and the actions of AdminConfirmSignUp and its like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from cognito_app.errors import ServiceError
from cognito_app.models import PoolUser, UserPool
from cognito_app.models.user import search_key
from cognito_app.portal.base import ReadOnlyAdmin, actor_of
from cognito_app.portal.site import portal_site
from cognito_app.services import admin_users, config, sign_up
from cognito_app.services.actor import Actor
from cognito_app.services.config import PoolConfig

ACTIONS: dict[str, tuple[str, Callable[[PoolConfig, Actor, PoolUser], object]]] = {
    "confirm": ("Confirm", lambda pool, actor, user: sign_up.admin_confirm(pool, actor, username=user.username)),
    "reset-password": ("Reset password", lambda pool, actor, user: admin_users.reset_password(pool, actor, user)),
    "disable": ("Disable", lambda pool, actor, user: admin_users.disable(actor, user)),
    "enable": ("Enable", lambda pool, actor, user: admin_users.enable(actor, user)),
    "sign-out": ("Sign out everywhere", lambda pool, actor, user: admin_users.sign_out_everywhere(actor, user)),
    "delete": ("Delete", lambda pool, actor, user: admin_users.delete(actor, user)),
}
CHANGELIST = "portal:cognito_app_pooluser_changelist"


class CreateUserForm(forms.Form):
    """What AdminCreateUser needs."""

    pool = forms.ModelChoiceField(queryset=UserPool.objects.all())
    username = forms.CharField(max_length=128)
    email = forms.EmailField(required=False)
    send_invitation = forms.BooleanField(required=False, initial=True)


def available_actions(user: PoolUser) -> list[tuple[str, str]]:
    """Return the actions that fit a user's state, as name and label."""
    hidden = {"enable"} if user.enabled else {"disable"}
    if user.status != PoolUser.Status.UNCONFIRMED:
        hidden.add("confirm")
    return [(name, label) for name, (label, _) in ACTIONS.items() if name not in hidden]


@admin.register(PoolUser, site=portal_site)
class UserAdmin(ReadOnlyAdmin):
    """Users; nothing is edited in place, every action is a service's."""

    list_display = ("username", "email", "status", "enabled", "created_at")
    list_filter = ("status", "enabled")
    ordering = ("-id",)
    search_fields = ("username",)
    search_help_text = "User name or e-mail address begins with …, within one pool"
    fields = ("username", "sub", "pool", "status", "enabled", "attributes", "created_at", "modified_at")
    change_form_template = "cognito_app/portal/user.html"
    change_list_template = "cognito_app/portal/users.html"

    @admin.display(description="E-mail")
    def email(self, obj: PoolUser) -> str:
        """Show the e-mail address."""
        return str(obj.attributes.get("email", ""))

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Let pages link to the users of one pool."""
        return lookup == "pool__id__exact" or super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[PoolUser], search_term: str
    ) -> tuple[QuerySet[PoolUser], bool]:
        """Search by an index: an address if there is an @, else the user name."""
        pool_id = request.GET.get("pool__id__exact")
        if not search_term:
            return queryset, False
        if not pool_id:
            messages.warning(request, "Choose a user pool first: search works within one pool.")
            return queryset.none(), False
        if "@" in search_term:
            return queryset.filter(pool_id=pool_id, email_key__startswith=search_key(search_term)), False
        return queryset.filter(pool_id=pool_id, username__startswith=search_term), False

    def get_urls(self) -> list[Any]:
        """Add the pages of the actions."""
        view = self.admin_site.admin_view
        return [
            path("create/", view(self.create_view), name="cognito_app_pooluser_create"),
            path("<int:user_id>/do/<slug:name>/", view(require_POST(self.action_view)), name="cognito_app_pooluser_do"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show a user with the actions that fit."""
        user = get_object_or_404(PoolUser, pk=object_id)
        context = {"user_actions": available_actions(user), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def action_view(self, request: HttpRequest, user_id: int, name: str) -> HttpResponse:
        """Run an action; outside of a transaction, because it may send a message."""
        user = get_object_or_404(PoolUser, pk=user_id)
        if name not in ACTIONS:
            return HttpResponseRedirect(reverse(CHANGELIST))
        label, run = ACTIONS[name]
        try:
            run(config.pool(user.pool_id), actor_of(request), user)
            messages.success(request, f"{label}: done for {user.username}.")
        except ServiceError as error:
            messages.error(request, f"{label}: {error.message or error.code}")
        if name == "delete":
            return HttpResponseRedirect(reverse(CHANGELIST) + f"?pool__id__exact={user.pool_id}")
        return HttpResponseRedirect(reverse("portal:cognito_app_pooluser_change", args=[user_id]))

    def create_view(self, request: HttpRequest) -> HttpResponse:
        """Create a user as AdminCreateUser does."""
        form = CreateUserForm(request.POST or None, initial={"pool": request.GET.get("pool")})
        if request.method == "POST" and form.is_valid():
            try:
                return self._create(request, form.cleaned_data)
            except ServiceError as error:
                form.add_error(None, error.message or error.code)
        context = {**self.admin_site.each_context(request), "form": form, "title": "Create a user"}
        return TemplateResponse(request, "cognito_app/portal/create_user.html", context)

    def _create(self, request: HttpRequest, data: dict[str, Any]) -> HttpResponse:
        pool = config.pool(data["pool"].pk)
        given = {"email": data["email"], "email_verified": "true"} if data["email"] else {}
        if "email" in pool.username_attributes:
            given.pop("email", None)
        user = admin_users.create(
            pool,
            actor_of(request),
            username=data["username"],
            given=given,
            action=None if data["send_invitation"] else "SUPPRESS",
            media=["EMAIL"],
        )
        messages.success(request, f"{user.username} was created.")
        return HttpResponseRedirect(reverse("portal:cognito_app_pooluser_change", args=[user.pk]))
