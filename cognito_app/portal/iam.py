"""Pages for IAM: roles, managed policies, identity providers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import orjson
from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest

from cognito_app.core import policy
from cognito_app.errors import ServiceError
from cognito_app.models import ManagedPolicy, OpenIdProvider, Role, SamlProvider
from cognito_app.portal.base import ServiceAdmin, actor_of
from cognito_app.portal.site import portal_site
from cognito_app.services import oidc_providers, policies, roles, saml_providers

if TYPE_CHECKING:
    _RoleForm = forms.ModelForm[Role]
    _PolicyForm = forms.ModelForm[ManagedPolicy]
else:
    _RoleForm = _PolicyForm = forms.ModelForm


def _refused(error: ServiceError) -> forms.ValidationError:
    return forms.ValidationError(error.message or error.code)


class RoleForm(_RoleForm):
    """A role; its documents are checked where they are typed."""

    attached = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 80}),
        label="Managed policies",
        help_text="One ARN a line.",
    )

    class Meta:
        model = Role
        fields: ClassVar = [
            "name",
            "description",
            "trust_policy",
            "policies",
            "max_session_duration",
            "sessions_valid_after",
        ]
        help_texts: ClassVar = {
            "trust_policy": "Who may assume the role, as IAM writes it.",
            "policies": "Inline policies: an object with a name and a policy document for each.",
            "max_session_duration": "In seconds, 3,600 to 43,200.",
            "sessions_valid_after": "Sessions from before this moment end at once.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            arns = self.instance.attachments.values_list("policy_arn", flat=True)
            self.fields["attached"].initial = "\n".join(arns)

    def clean_trust_policy(self) -> Any:
        """Check the trust policy."""
        try:
            roles.check_trust(self.cleaned_data["trust_policy"])
        except ServiceError as error:
            raise _refused(error) from None
        return self.cleaned_data["trust_policy"]

    def clean_policies(self) -> Any:
        """Check each inline policy."""
        given = self.cleaned_data["policies"] or {}
        if not isinstance(given, dict):
            raise forms.ValidationError("Give an object: the names of the policies, and a document for each.")
        for name, document in given.items():
            try:
                policy.validate(document)
            except ServiceError as error:
                raise forms.ValidationError(f"{name}: {error.message}") from None
        return given

    def clean_max_session_duration(self) -> int:
        """Hold the duration to IAM's bounds."""
        seconds: int = self.cleaned_data["max_session_duration"]
        if not 3600 <= seconds <= 43_200:
            raise forms.ValidationError("A session may last 3,600 to 43,200 seconds.")
        return seconds

    def clean_attached(self) -> list[str]:
        """Return the ARNs, which must be those of policies."""
        arns = list(dict.fromkeys(self.cleaned_data["attached"].split()))
        for arn in arns:
            if policies.in_force(arn) is None:
                raise forms.ValidationError(f"Policy {arn} does not exist or is not attachable.")
        if len(arns) > roles.MAX_ATTACHED:
            raise forms.ValidationError(f"A role has {roles.MAX_ATTACHED} managed policies at most.")
        return arns


@admin.register(Role, site=portal_site)
class RoleAdmin(ServiceAdmin):
    """IAM roles."""

    form = RoleForm
    list_display = ("name", "role_id", "max_session_duration", "created_at")
    search_fields = ("name",)

    def get_fields(self, request: HttpRequest, obj: Role | None = None) -> Any:
        """The name is fixed."""
        fields = ["description", "trust_policy", "policies", "attached", "max_session_duration"]
        return [*fields, "sessions_valid_after"] if obj else ["name", *fields]

    def save_model(self, request: HttpRequest, obj: Role, form: Any, change: bool) -> None:
        """Create or update by the service."""
        actor = actor_of(request)
        if change:
            roles.update(actor, obj)
        else:
            created = roles.create(
                actor,
                name=obj.name,
                trust_policy=obj.trust_policy,
                policies=obj.policies,
                description=obj.description,
                max_session_duration=obj.max_session_duration,
            )
            obj.__dict__.update(created.__dict__)
        roles.set_attached(actor, obj.name, form.cleaned_data["attached"])
        for warning in roles.warnings(obj.trust_policy):
            messages.warning(request, warning)

    def delete_model(self, request: HttpRequest, obj: Role) -> None:
        """Delete by the service."""
        roles.delete(actor_of(request), obj.pk)


class PolicyForm(_PolicyForm):
    """A managed policy with its document in force."""

    document = forms.JSONField(widget=forms.Textarea(attrs={"rows": 16, "cols": 80}))

    class Meta:
        model = ManagedPolicy
        fields: ClassVar = ["name", "description"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["document"].initial = policies.document_of(self.instance)

    def clean_document(self) -> Any:
        """Check the document."""
        try:
            policy.validate(self.cleaned_data["document"])
        except ServiceError as error:
            raise _refused(error) from None
        return self.cleaned_data["document"]


@admin.register(ManagedPolicy, site=portal_site)
class PolicyAdmin(ServiceAdmin):
    """Managed policies; a changed document becomes the version in force."""

    form = PolicyForm
    list_display = ("name", "default_version", "modified_at")
    search_fields = ("name",)

    def get_fields(self, request: HttpRequest, obj: ManagedPolicy | None = None) -> Any:
        """Only the document of a policy can change."""
        return ["document"] if obj else ["name", "description", "document"]

    def save_model(self, request: HttpRequest, obj: ManagedPolicy, form: Any, change: bool) -> None:
        """Create or add a version by the service."""
        document = orjson.dumps(form.cleaned_data["document"]).decode()
        if change:
            policies.replace(actor_of(request), policies.arn_of(obj), document=document)
            return
        created = policies.create(actor_of(request), name=obj.name, document=document, description=obj.description)
        obj.__dict__.update(created.__dict__)

    def delete_model(self, request: HttpRequest, obj: ManagedPolicy) -> None:
        """Delete by the service."""
        policies.delete(actor_of(request), policies.arn_of(obj))


@admin.register(OpenIdProvider, site=portal_site)
class OpenIdProviderAdmin(ServiceAdmin):
    """OpenID Connect providers."""

    list_display = ("name", "created_at")
    search_fields = ("name",)

    def get_fields(self, request: HttpRequest, obj: OpenIdProvider | None = None) -> Any:
        """The address is fixed."""
        return ["client_ids", "thumbprints"] if obj else ["url", "client_ids", "thumbprints"]

    def save_model(self, request: HttpRequest, obj: OpenIdProvider, form: Any, change: bool) -> None:
        """Create or update by the service."""
        actor, client_ids, thumbprints = actor_of(request), _texts(obj.client_ids), _texts(obj.thumbprints)
        if change:
            arn = oidc_providers.arn_of(obj)
            oidc_providers.update(actor, arn, client_ids=client_ids, thumbprints=thumbprints)
            return
        created = oidc_providers.create(actor, url=obj.url, client_ids=client_ids, thumbprints=thumbprints)
        obj.__dict__.update(created.__dict__)

    def delete_model(self, request: HttpRequest, obj: OpenIdProvider) -> None:
        """Delete by the service."""
        oidc_providers.delete(actor_of(request), oidc_providers.arn_of(obj))


def _texts(values: Any) -> list[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


@admin.register(SamlProvider, site=portal_site)
class SamlProviderAdmin(ServiceAdmin):
    """SAML providers."""

    list_display = ("name", "entity_id", "valid_until")
    search_fields = ("name",)

    def get_fields(self, request: HttpRequest, obj: SamlProvider | None = None) -> Any:
        """The name is fixed; everything else follows from the metadata."""
        return ["document"] if obj else ["name", "document"]

    def save_model(self, request: HttpRequest, obj: SamlProvider, form: Any, change: bool) -> None:
        """Create or update by the service."""
        actor = actor_of(request)
        if change:
            saved = saml_providers.update(actor, saml_providers.arn_of(obj), metadata=obj.document)
        else:
            saved = saml_providers.create(actor, name=obj.name, metadata=obj.document)
        obj.__dict__.update(saved.__dict__)

    def delete_model(self, request: HttpRequest, obj: SamlProvider) -> None:
        """Delete by the service."""
        saml_providers.delete(actor_of(request), saml_providers.arn_of(obj))
