"""Options of backends in the operator's settings; ``env:NAME`` stands for an environment variable."""

from __future__ import annotations

import os
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from cognito_app.conf import app_settings


def resolved(value: Any) -> Any:
    """Return a value of the settings, read from the environment where it says so."""
    if isinstance(value, str) and value.startswith("env:"):
        return os.environ.get(value.removeprefix("env:"), "")
    return value


def sms(name: str, default: Any = None) -> Any:
    """Return an entry of ``COGNITO["SMS_OPTIONS"]``."""
    found = resolved(app_settings.sms_options.get(name))
    return default if found in (None, "") else found


def sms_required(name: str) -> str:
    """Return an entry that the backend cannot do without. Raises ImproperlyConfigured."""
    found = sms(name)
    if not found:
        raise ImproperlyConfigured(f"COGNITO['SMS_OPTIONS'][{name!r}] is not set.")
    return str(found)
