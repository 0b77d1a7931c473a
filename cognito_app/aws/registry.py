"""Which function answers which operation."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import Any

from cognito_app.aws import model

Handler = Callable[..., dict[str, Any] | None]

PACKAGES = {
    "cognito_idp": "cognito-idp",
    "cognito_identity": "cognito-identity",
    "iam": "iam",
    "kms": "kms",
    "sts": "sts",
}
_handlers: dict[tuple[str, str], Handler] = {}


def operation(name: str) -> Callable[[Handler], Handler]:
    """Register a function as the handler of an operation; its package names the service.

    Raises ImportError at start-up if its parameters are not the members of the operation's input.
    """

    def register(handler: Handler) -> Handler:
        service = PACKAGES[handler.__module__.split(".")[2]]
        facts = model.service(service).operations[name]
        accepted = list(inspect.signature(handler).parameters.values())[1:]
        names = {parameter.name for parameter in accepted if parameter.kind is inspect.Parameter.KEYWORD_ONLY}
        takes_all = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in accepted)
        members = set(facts.input_members)
        if names - members or (members - names and not takes_all):
            raise ImportError(f"{name}: parameters {sorted(names ^ members)} do not match the model")
        _handlers[service, name] = handler
        return handler

    return register


@cache
def _load_handlers() -> None:
    for package in PACKAGES:
        module = importlib.import_module(f"cognito_app.aws.{package}")
        for found in pkgutil.iter_modules(module.__path__):
            importlib.import_module(f"cognito_app.aws.{package}.{found.name}")


def handler_of(service: str, name: str) -> Handler | None:
    """Return the handler of an operation, or None if it is not implemented."""
    _load_handlers()
    return _handlers.get((service, name))


def implemented(service: str) -> set[str]:
    """Return the names of the operations that have a handler."""
    _load_handlers()
    return {name for owner, name in _handlers if owner == service}
