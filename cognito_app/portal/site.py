"""The operators' portal: an admin site of its own, so that a host project's admin stays untouched.

Every change goes through a service, which writes the audit row; every operator needs a second factor.
"""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django_otp.admin import OTPAdminAuthenticationForm

from cognito_app.conf import app_settings
from cognito_app.portal.headers import protected


class PortalSite(AdminSite):
    """The portal; operators are Django's staff users."""

    site_header = "Cognito portal"
    site_title = "Cognito portal"
    index_title = "Directory"
    site_url = None
    index_template = "cognito_app/portal/index.html"
    login_template = "cognito_app/portal/login.html"
    login_form = OTPAdminAuthenticationForm
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Staff with a second factor proven in this session; development may do without."""
        if not super().has_permission(request):
            return False
        verified = getattr(request.user, "is_verified", None)
        return app_settings.development or (verified is not None and verified())

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Let nobody in who may not, and give every answer the portal's headers."""
        return protected(super().admin_view(view, cacheable))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Ask for the second factor only where it is demanded."""
        self.login_form = None if app_settings.development else OTPAdminAuthenticationForm
        return protected(super().login)(request, extra_context)

    def get_urls(self) -> list[Any]:
        """Add the set-up pages to the admin's own."""
        from cognito_app.portal import setup  # it imports this site

        return [
            path("setup/<str:token>/", protected(setup.create_operator), name="setup"),
            path("second-factor/", protected(setup.second_factor), name="second-factor"),
            *super().get_urls(),
        ]


portal_site = PortalSite(name="portal")
