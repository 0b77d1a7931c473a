"""Django's middleware for the portal's addresses only; every other address passes by at the cost of one comparison.

One object holds the whole chain: nine layers that all step aside would cost the APIs more than a database query.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.common import CommonMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.security import SecurityMiddleware
from django_otp.middleware import OTPMiddleware
from whitenoise.middleware import WhiteNoiseMiddleware

PREFIXES = ("/portal/", "/static/")
CHAIN = (
    SecurityMiddleware,
    WhiteNoiseMiddleware,
    SessionMiddleware,
    CommonMiddleware,
    CsrfViewMiddleware,
    AuthenticationMiddleware,
    OTPMiddleware,
    MessageMiddleware,
    XFrameOptionsMiddleware,
)

Handler = Callable[[HttpRequest], Any]


class PortalMiddleware:
    """Sessions, CSRF tokens, the second factor and static files, for the portal and its styles."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.views: list[Any] = []
        chain: Any = get_response
        for middleware in reversed(CHAIN):
            chain = middleware(chain)
            if hasattr(chain, "process_view"):
                self.views.insert(0, chain)
        self.chain: Handler = chain

    def __call__(self, request: HttpRequest) -> Any:
        """Send a request through the chain, or past it."""
        if request.path_info.startswith(PREFIXES):
            return self.chain(request)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *view: Any) -> Any:
        """Let the chain look at the view that was found: this is where CSRF tokens are checked."""
        if request.path_info.startswith(PREFIXES):
            for middleware in self.views:
                answer = middleware.process_view(request, *view)
                if answer is not None:
                    return answer
        return None
