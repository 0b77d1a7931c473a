"""The first operator: a one-time link makes the account, then the second factor is registered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib.auth import login, password_validation
from django.contrib.auth.forms import BaseUserCreationForm
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django_otp import login as otp_login
from django_otp.plugins.otp_totp.models import TOTPDevice

from cognito_app.core import qr_code
from cognito_app.portal.base import actor_of
from cognito_app.portal.site import portal_site
from cognito_app.services import operators

if TYPE_CHECKING:
    _UserForm = BaseUserCreationForm[User]
else:
    _UserForm = BaseUserCreationForm

BACKEND = "django.contrib.auth.backends.ModelBackend"


class OperatorForm(_UserForm):
    """Name and password of an operator."""

    class Meta:
        model = User
        fields = ("username",)


class CodeForm(forms.Form):
    """A code of the authenticator app."""

    code = forms.CharField(
        max_length=8, widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"})
    )


@never_cache
def create_operator(request: HttpRequest, token: str) -> HttpResponse:
    """Create the first operator by the link that the server printed; the link works once."""
    if not operators.is_valid(token):
        return render(request, "cognito_app/portal/setup.html", {"expired": True}, status=404)
    form = OperatorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = operators.create(token, form.save(commit=False))
        if user is None:
            return render(request, "cognito_app/portal/setup.html", {"expired": True}, status=404)
        login(request, user, backend=BACKEND)
        return HttpResponseRedirect(reverse("portal:second-factor"))
    hints = password_validation.password_validators_help_texts()
    return render(request, "cognito_app/portal/setup.html", {"form": form, "hints": hints})


@never_cache
def second_factor(request: HttpRequest) -> HttpResponse:
    """Register an authenticator app for the operator who is signed in."""
    user = request.user
    if not user.is_authenticated or not user.is_staff:
        return HttpResponseRedirect(reverse("portal:login"))
    if TOTPDevice.objects.filter(user=user, confirmed=True).exists():
        return HttpResponseRedirect(reverse("portal:index"))
    device, _ = TOTPDevice.objects.get_or_create(user=user, confirmed=False, defaults={"name": "authenticator"})
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if device.verify_token(form.cleaned_data["code"].strip()):
            device.confirmed = True
            device.save()
            otp_login(request, device)
            operators.record_second_factor(actor_of(request))
            return HttpResponseRedirect(reverse("portal:index"))
        form.add_error("code", "The code is not right. Check the clock of your device and try the next one.")
    context = {
        **portal_site.each_context(request),
        "form": form,
        "picture": mark_safe(qr_code.svg(device.config_url)),  # noqa: S308  # SVG made here from a URL made here
        "url": device.config_url,
    }
    return render(request, "cognito_app/portal/second_factor.html", context)
