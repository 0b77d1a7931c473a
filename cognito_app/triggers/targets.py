"""From a function's ARN to the place that runs it: only the operator's settings name places.

``COGNITO["TRIGGERS"]`` holds ``endpoints`` (named Lambda endpoints), ``functions`` (ARN to target) and ``default`` (the
endpoint of every other ARN, or None to have none). Callers of the API choose among ARNs, never a URL or a module.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from cognito_app.conf import app_settings
from cognito_app.triggers.outcome import InvocationError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
ARN_PARTS = 7
"""``arn:aws:lambda:<region>:<account>:function:<name>``; an eighth part is a version or an alias."""


@dataclass(frozen=True, slots=True)
class LambdaTarget:
    """A function behind the Lambda Invoke API; without ``endpoint_url`` it is AWS's in the ARN's region.

    ``name_mode`` is ``arn``, ``name`` or ``fixed:<name>``: what the endpoint takes as the function's name.
    """

    endpoint_url: str | None = None
    name_mode: str = "arn"


@dataclass(frozen=True, slots=True)
class WebhookTarget:
    """A URL that takes the event, signed after Standard Webhooks by each of ``secrets``."""

    url: str
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PythonTarget:
    """A callable ``package.module.function``; ``mode`` is ``worker`` (a process that can be killed) or ``inline``."""

    path: str
    mode: str = "worker"


Target = LambdaTarget | WebhookTarget | PythonTarget


def resolve(arn: str) -> Target:
    """Return the target of a function: by its exact ARN, then without version or alias, then the default endpoint.

    Raises InvocationError if the operator registered nothing for it.
    """
    settings = app_settings.triggers
    functions = settings.get("functions") or {}
    entry = functions.get(arn) or functions.get(":".join(arn.split(":")[:ARN_PARTS]))
    if entry is not None:
        return build(entry)
    default = settings.get("default")
    if default is None:
        raise InvocationError("ResourceNotFoundException")
    return build((settings.get("endpoints") or {})[default])


def build(entry: Mapping[str, Any]) -> Target:
    """Return the target that an entry of the settings describes. Raises ImproperlyConfigured."""
    kind = entry.get("kind")
    if kind == "lambda":
        return LambdaTarget(endpoint_url=entry.get("endpoint_url"), name_mode=entry.get("name_mode", "arn"))
    if kind == "python":
        return PythonTarget(path=_text(entry, "target"), mode=entry.get("mode", "worker"))
    if kind == "webhook":
        return _webhook(entry)
    raise ImproperlyConfigured(f"COGNITO['TRIGGERS']: unknown kind {kind!r}.")


def _webhook(entry: Mapping[str, Any]) -> WebhookTarget:
    url = _text(entry, "url")
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK and not entry.get("allow_http"):
        raise ImproperlyConfigured("COGNITO['TRIGGERS']: a webhook needs https, but for loopback or with allow_http.")
    given = entry.get("secret")
    secrets = [given] if isinstance(given, str) else list(given or ())
    if not secrets:
        raise ImproperlyConfigured("COGNITO['TRIGGERS']: a webhook needs a secret.")
    return WebhookTarget(url=url, secrets=tuple(_secret(secret) for secret in secrets))


def _secret(given: str) -> str:
    """``env:NAME`` stands for an environment variable."""
    return os.environ.get(given.removeprefix("env:"), "") if given.startswith("env:") else given


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not value:
        raise ImproperlyConfigured(f"COGNITO['TRIGGERS']: {name} is missing.")
    return value


def problems() -> list[str]:
    """Return what is wrong in the settings, for the system check."""
    settings = app_settings.triggers
    endpoints = settings.get("endpoints") or {}
    found = []
    if settings.get("default") is not None and settings["default"] not in endpoints:
        found.append(f"COGNITO['TRIGGERS']: the default {settings['default']!r} is none of the endpoints.")
    for entry in (*endpoints.values(), *(settings.get("functions") or {}).values()):
        try:
            build(entry)
        except ImproperlyConfigured as error:
            found.append(str(error))
    return found
