"""PreAuthentication and PostAuthentication.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-authentication.html,
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-authentication.html
"""

from __future__ import annotations

from collections.abc import Mapping

from cognito_app.triggers import invoke, values
from cognito_app.triggers.invoke import Caller


def before(
    caller: Caller,
    user_name: str,
    attributes: Mapping[str, str],
    *,
    validation_data: Mapping[str, str] | None = None,
    user_not_found: bool | None = None,
) -> None:
    """Ask PreAuthentication, if there is one; ``user_not_found`` is sent where the client hides who exists.

    Raises as ``invoke.call``.
    """
    if not caller.has("PreAuthentication"):
        return
    request: dict[str, object] = {
        "userAttributes": dict(attributes),
        "validationData": dict(validation_data) if validation_data else None,
    }
    if user_not_found is not None:
        request["userNotFound"] = user_not_found
    sent = invoke.event(caller, "PreAuthentication_Authentication", user_name, request, {})
    invoke.call(caller, "PreAuthentication", sent)


def after(
    caller: Caller,
    user_name: str,
    attributes: Mapping[str, str],
    *,
    new_device: bool = False,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Tell PostAuthentication, if there is one; ``new_device`` is true only where the pool remembers devices.

    Raises as ``invoke.call``: no tokens are given out then.
    """
    if not caller.has("PostAuthentication"):
        return
    request = {"userAttributes": dict(attributes), "newDeviceUsed": new_device, **values.metadata(metadata)}
    sent = invoke.event(caller, "PostAuthentication_Authentication", user_name, request, {})
    invoke.call(caller, "PostAuthentication", sent)
