"""Django's middleware for the portal's addresses only; every other address passes by at the cost of one comparison."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.common import CommonMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django_otp.middleware import OTPMiddleware

PREFIX = "/portal/"


class PortalOnly:
    """Put in front of a middleware class: requests outside the portal go straight on."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:
        if request.path_info.startswith(PREFIX):
            return super().__call__(request)  # type: ignore[misc]  # the class mixed in has it
        return self.get_response(request)


class PortalSessions(PortalOnly, SessionMiddleware):
    """Sessions of operators."""


class PortalCommon(PortalOnly, CommonMiddleware):
    """Content length and user agents."""


class PortalCsrf(PortalOnly, CsrfViewMiddleware):
    """CSRF tokens of the portal's forms."""

    def process_view(self, request: HttpRequest, *args: Any) -> Any:
        """Check the token, in the portal only."""
        return super().process_view(request, *args) if request.path_info.startswith(PREFIX) else None


class PortalAuthentication(PortalOnly, AuthenticationMiddleware):
    """Operators signed in by session."""


class PortalOtp(PortalOnly, OTPMiddleware):  # type: ignore[misc]  # django-otp has no types
    """The operators' second factor."""


class PortalMessages(PortalOnly, MessageMiddleware):
    """Notices after a change."""


class PortalClickjacking(PortalOnly, XFrameOptionsMiddleware):
    """No framing of the portal."""
