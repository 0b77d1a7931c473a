"""System checks: settings that are misspelt or missing are found before the first request."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.utils.module_loading import import_string

from cognito_app.conf import FIELD_NAMES, app_settings
from cognito_app.triggers import targets


def _message_problems() -> list[str]:
    """Return which backends of messages cannot be imported."""
    paths = {"SMS_BACKEND": app_settings.sms_backend}
    for name, entry in app_settings.email_channels.items():
        if entry.get("backend"):
            paths[f"EMAIL_CHANNELS[{name!r}]"] = entry["backend"]
    problems = []
    for name, path in paths.items():
        try:
            import_string(path)
        except ImportError:
            problems.append(f"COGNITO: {name} names {path!r}, which cannot be imported.")
    return problems


@register()
def check_settings(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:  # Django's signature
    """Report unknown keys of ``COGNITO``, missing keys, triggers that lead nowhere, a Redis without its client."""
    source: dict[str, Any] = getattr(settings, "COGNITO", {})
    problems: list[CheckMessage] = [
        Error(f"Unknown setting COGNITO[{key!r}].", id="cognito_app.E001")
        for key in source
        if key.lower() not in FIELD_NAMES
    ]
    if not source.get("MASTER_KEYS"):
        text, hint = "COGNITO['MASTER_KEYS'] is empty.", 'Give at least one "<key id>:<base64 of 32 random bytes>".'
        if settings.DEBUG:
            problems.append(Warning(f"{text} Secrets are sealed by SECRET_KEY.", hint=hint, id="cognito_app.W001"))
        else:
            problems.append(Error(text, hint=hint, id="cognito_app.E002"))
    problems += [Error(text, id="cognito_app.E003") for text in targets.problems()]
    problems += [Error(text, id="cognito_app.E005") for text in _message_problems()]
    if source.get("REQUEST_QUOTAS") and source.get("REDIS_URL") and find_spec("redis") is None:
        problems.append(
            Error(
                "COGNITO['REDIS_URL'] is set, but the package redis is missing.",
                hint="Install cognito-app[redis], or leave REDIS_URL out to count requests in the database.",
                id="cognito_app.E004",
            )
        )
    return problems
