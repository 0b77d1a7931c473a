"""UserMigration: a user who is unknown here and known elsewhere.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-migrate-user.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cognito_app.triggers import invoke, values
from cognito_app.triggers.invoke import Caller

AUTHENTICATION = "UserMigration_Authentication"
FORGOT_PASSWORD = "UserMigration_ForgotPassword"  # noqa: S105  # a trigger source
MEDIA = ("EMAIL", "SMS")


@dataclass(frozen=True, slots=True)
class MigratedUser:
    """A user as the function describes them."""

    attributes: dict[str, str] = field(repr=False)
    confirmed: bool
    suppress_message: bool
    media: tuple[str, ...]
    force_alias: bool
    enable_sms_mfa: bool


def migrate(
    caller: Caller,
    source: str,
    user_name: str,
    *,
    password: str | None = None,
    validation_data: Mapping[str, str] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> MigratedUser | None:
    """Ask UserMigration for a user; None if it knows none. Raises as ``invoke.call``."""
    request = {
        **({"password": password} if password is not None else {}),
        "validationData": dict(validation_data) if validation_data else None,
        **values.metadata(metadata),
    }
    default = {
        "userAttributes": None,
        "forceAliasCreation": None,
        "enableSMSMFA": None,
        "finalUserStatus": None,
        "messageAction": None,
        "desiredDeliveryMediums": None,
    }
    answer = invoke.call(caller, "UserMigration", invoke.event(caller, source, user_name, request, default))
    attributes = values.texts(answer, "userAttributes")
    if not attributes:
        return None
    return MigratedUser(
        attributes=attributes,
        confirmed=values.text(answer, "finalUserStatus") == "CONFIRMED",
        suppress_message=values.text(answer, "messageAction") == "SUPPRESS",
        media=tuple(word for word in values.words(answer, "desiredDeliveryMediums") if word in MEDIA) or ("SMS",),
        force_alias=values.flag(answer, "forceAliasCreation"),
        enable_sms_mfa=values.flag(answer, "enableSMSMFA"),
    )
