"""Pages for identity pools and access keys."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest

from cognito_app.models import AccessKey, IdentityPool
from cognito_app.portal.base import ServiceAdmin, actor_of
from cognito_app.portal.site import portal_site
from cognito_app.services import access_keys, identity_credentials, identity_pools


@admin.register(IdentityPool, site=portal_site)
class IdentityPoolAdmin(ServiceAdmin):
    """Identity pools."""

    list_display = ("name", "id", "driver", "created_at")
    search_fields = ("name", "id")
    fields = ("name", "configuration", "roles", "role_mappings", "driver", "driver_settings")

    def save_model(self, request: HttpRequest, obj: IdentityPool, form: Any, change: bool) -> None:
        """Create or update by the service."""
        actor = actor_of(request)
        identity_credentials.check_driver(obj.driver, obj.driver_settings)
        if change:
            identity_pools.update(actor, obj.pk, name=obj.name, settings=obj.configuration, tags=None)
        else:
            settings = {"AllowUnauthenticatedIdentities": False, **obj.configuration}
            created = identity_pools.create(actor, name=obj.name, settings=settings)
            kept = {name: obj.__dict__[name] for name in ("roles", "role_mappings", "driver", "driver_settings")}
            obj.__dict__.update({**created.__dict__, **kept})
        identity_pools.set_roles(actor, obj.pk, roles=obj.roles, mappings=obj.role_mappings)
        identity_credentials.set_driver(actor, obj.pk, obj.driver, obj.driver_settings)

    def delete_model(self, request: HttpRequest, obj: IdentityPool) -> None:
        """Delete by the service."""
        identity_pools.delete(actor_of(request), obj.pk)


@admin.register(AccessKey, site=portal_site)
class AccessKeyAdmin(ServiceAdmin):
    """Access keys; a secret is shown once, when its key is made."""

    list_display = ("user_name", "id", "active", "created_at")
    search_fields = ("user_name", "id")

    def get_fields(self, request: HttpRequest, obj: AccessKey | None = None) -> Any:
        """A key can be switched off; its policy is fixed."""
        return ["active"] if obj else ["user_name", "policy"]

    def save_model(self, request: HttpRequest, obj: AccessKey, form: Any, change: bool) -> None:
        """Create or switch by the service."""
        if change:
            access_keys.set_active(actor_of(request), obj.pk, obj.active)
            return
        created, secret = access_keys.create(actor_of(request), user_name=obj.user_name, document=obj.policy)
        obj.__dict__.update(created.__dict__)
        messages.warning(request, f"Secret access key of {created.pk}, shown only now: {secret}")

    def delete_model(self, request: HttpRequest, obj: AccessKey) -> None:
        """Delete by the service."""
        access_keys.delete(actor_of(request), obj.pk)
