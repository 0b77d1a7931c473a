"""PreSignUp and PostConfirmation.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-sign-up.html,
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-confirmation.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cognito_app.triggers import invoke, values
from cognito_app.triggers.invoke import Caller

SIGN_UP = "PreSignUp_SignUp"
ADMIN_CREATE_USER = "PreSignUp_AdminCreateUser"
EXTERNAL_PROVIDER = "PreSignUp_ExternalProvider"
CONFIRM_SIGN_UP = "PostConfirmation_ConfirmSignUp"
CONFIRM_FORGOT_PASSWORD = "PostConfirmation_ConfirmForgotPassword"  # noqa: S105  # a trigger source


@dataclass(frozen=True, slots=True)
class SignUpDecision:
    """What PreSignUp allows a new user."""

    confirm: bool = False
    verify_email: bool = False
    verify_phone: bool = False


def pre_sign_up(
    caller: Caller,
    source: str,
    user_name: str,
    attributes: Mapping[str, str],
    *,
    validation_data: Mapping[str, str] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> SignUpDecision:
    """Ask PreSignUp, if there is one, whether the user may be created. Raises as ``invoke.call``."""
    if not caller.has("PreSignUp"):
        return SignUpDecision()
    request = {
        "userAttributes": dict(attributes),
        "validationData": dict(validation_data) if validation_data else _none_sent(source),
        **values.metadata(metadata),
    }
    default = {"autoConfirmUser": False, "autoVerifyEmail": False, "autoVerifyPhone": False}
    answer = invoke.call(caller, "PreSignUp", invoke.event(caller, source, user_name, request, default))
    return SignUpDecision(
        confirm=values.flag(answer, "autoConfirmUser"),
        verify_email=values.flag(answer, "autoVerifyEmail"),
        verify_phone=values.flag(answer, "autoVerifyPhone"),
    )


def _none_sent(source: str) -> dict[str, str] | None:
    """Users of providers have no chance to send data: their events show an empty map."""
    return {} if source == EXTERNAL_PROVIDER else None


def post_confirmation(
    caller: Caller,
    source: str,
    user_name: str,
    attributes: Mapping[str, str],
    *,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Tell PostConfirmation, if there is one, after the confirmation is stored. Raises as ``invoke.call``."""
    if not caller.has("PostConfirmation"):
        return
    request = {"userAttributes": dict(attributes), **values.metadata(metadata)}
    invoke.call(caller, "PostConfirmation", invoke.event(caller, source, user_name, request, {}))
