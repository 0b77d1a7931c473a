"""Pages for user pools, app clients and groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from cognito_app.models import AppClient, Group, UserPool
from cognito_app.portal.base import ServiceAdmin, actor_of
from cognito_app.portal.site import portal_site
from cognito_app.services import clients, config, groups, pool_profile, pools
from cognito_app.services.pool_profile import PoolProfile
from cognito_app.services.pool_rules import CREATION_ONLY

if TYPE_CHECKING:
    _PoolForm = forms.ModelForm[UserPool]
else:
    _PoolForm = forms.ModelForm

PROFILE = ("strict_oidc", "hardened")
DERIVED = ("UnusedAccountValidityDays",)


class PoolForm(_PoolForm):
    """A pool's name and settings; what is fixed at creation is asked for once."""

    sign_in = forms.ChoiceField(
        choices=[("username", "User name"), ("email", "E-mail address")], required=False, label="Users sign in with"
    )

    strict_oidc = forms.BooleanField(
        required=False,
        label="Strict OpenID Connect",
        help_text="Answer as the standards say where Cognito deviates: types in userInfo, 401 for a bad client, iss.",
    )
    hardened = forms.BooleanField(
        required=False,
        help_text="Require PKCE, refuse the implicit grant, rotate refresh tokens, tell nobody who has an account, "
        "at sign-up neither: whatever a client's settings say.",
    )

    class Meta:
        model = UserPool
        fields: ClassVar = ["name", "configuration"]
        help_texts: ClassVar = {"configuration": "Settings with the member names of UpdateUserPool."}


@admin.register(UserPool, site=portal_site)
class PoolAdmin(ServiceAdmin):
    """User pools."""

    form = PoolForm
    list_display = ("name", "id", "created_at", "users")
    search_fields = ("name", "id")

    def get_fields(self, request: HttpRequest, obj: UserPool | None = None) -> Any:
        """Ask little when a pool is made."""
        return ["name", "configuration", *PROFILE] if obj else ["name", "sign_in"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Show the switches as they stand."""
        form = super().get_form(request, obj, change, **kwargs)
        if obj is not None:
            present = pool_profile.read(obj.extras)
            for name in PROFILE:
                form.base_fields[name].initial = getattr(present, name)
        return form

    @admin.display(description="Users")
    def users(self, obj: UserPool) -> str:
        """Link to the pool's users."""
        address = reverse("portal:cognito_app_pooluser_changelist")
        return format_html('<a href="{}?pool__id__exact={}">Users</a>', address, obj.pk)

    def save_model(self, request: HttpRequest, obj: UserPool, form: Any, change: bool) -> None:
        """Create or update by the service."""
        if change:
            settings = {k: v for k, v in obj.configuration.items() if k not in CREATION_ONLY}
            admin_config = settings.get("AdminCreateUserConfig", {})
            settings["AdminCreateUserConfig"] = {k: v for k, v in admin_config.items() if k not in DERIVED}
            pools.update(actor_of(request), obj.pk, settings=settings, name=obj.name)
            wanted = PoolProfile(**{name: form.cleaned_data[name] for name in PROFILE})
            if wanted != pool_profile.read(obj.extras):
                pool_profile.set_profile(actor_of(request), obj.pk, wanted)
            return
        settings = {"AutoVerifiedAttributes": ["email"], "UsernameConfiguration": {"CaseSensitive": False}}
        if form.cleaned_data.get("sign_in") == "email":
            settings["UsernameAttributes"] = ["email"]
        created = pools.create(actor_of(request), name=obj.name, settings=settings)
        obj.__dict__.update(created.__dict__)

    def delete_model(self, request: HttpRequest, obj: UserPool) -> None:
        """Delete by the service."""
        pools.delete(actor_of(request), obj.pk)


@admin.register(AppClient, site=portal_site)
class ClientAdmin(ServiceAdmin):
    """App clients; secrets are not shown."""

    list_display = ("name", "id", "pool", "created_at")
    list_select_related = ("pool",)
    search_fields = ("name", "id")
    autocomplete_fields = ("pool",)

    def get_fields(self, request: HttpRequest, obj: AppClient | None = None) -> Any:
        """A client stays in its pool."""
        return ["name", "configuration"] if obj else ["pool", "name", "configuration"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Offer sensible settings for a new client."""
        form = super().get_form(request, obj, change, **kwargs)
        if obj is None:
            form.base_fields["configuration"].initial = {
                "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
                "PreventUserExistenceErrors": "ENABLED",
            }
        return form

    def save_model(self, request: HttpRequest, obj: AppClient, form: Any, change: bool) -> None:
        """Create or update by the service."""
        pool = config.pool(obj.pool_id)
        if change:
            clients.update(pool, actor_of(request), obj.pk, settings=obj.configuration, name=obj.name)
            return
        created = clients.create(pool, actor_of(request), name=obj.name, settings=obj.configuration)
        obj.__dict__.update(created.__dict__)

    def delete_model(self, request: HttpRequest, obj: AppClient) -> None:
        """Delete by the service."""
        clients.delete(config.pool(obj.pool_id), actor_of(request), obj.pk)


@admin.register(Group, site=portal_site)
class GroupAdmin(ServiceAdmin):
    """Groups."""

    list_display = ("name", "pool", "precedence", "role_arn")
    list_select_related = ("pool",)
    search_fields = ("name",)
    autocomplete_fields = ("pool",)

    def get_fields(self, request: HttpRequest, obj: Group | None = None) -> Any:
        """Name and pool are fixed."""
        fields = ["description", "role_arn", "precedence"]
        return fields if obj else ["pool", "name", *fields]

    def save_model(self, request: HttpRequest, obj: Group, form: Any, change: bool) -> None:
        """Create or update by the service."""
        pool = config.pool(obj.pool_id)
        settings = {
            "description": obj.description or None,
            "role_arn": obj.role_arn or None,
            "precedence": obj.precedence,
        }
        if change:
            groups.update(pool, actor_of(request), name=obj.name, **settings)
            return
        created = groups.create(pool, actor_of(request), name=obj.name, **settings)
        obj.__dict__.update(created.__dict__)

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        """Delete by the service."""
        groups.delete(config.pool(obj.pool_id), actor_of(request), name=obj.name)
