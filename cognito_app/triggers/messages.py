"""CustomMessage, and the senders that take delivery over.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-custom-message.html,
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-custom-sender-triggers.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cognito_app.triggers import invoke, values
from cognito_app.triggers.invoke import Caller

CODE_PARAMETER = "{####}"
LINK_PARAMETER = "{##Click Here##}"
USERNAME_PARAMETER = "{username}"
SENDERS = {"EMAIL": "CustomEmailSender", "SMS": "CustomSMSSender"}
SENDER_TYPES = {"EMAIL": "customEmailSenderRequestV1", "SMS": "customSMSSenderRequestV1"}


@dataclass(frozen=True, slots=True)
class CustomTexts:
    """The texts of CustomMessage; None leaves the pool's template in force."""

    sms: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    subject: str | None = field(default=None, repr=False)


def custom_message(
    caller: Caller,
    reason: str,
    user_name: str,
    attributes: Mapping[str, str],
    *,
    metadata: Mapping[str, str] | None = None,
) -> CustomTexts:
    """Ask CustomMessage, if there is one, for texts; ``reason`` is the part of the source behind its underscore.

    Raises as ``invoke.call``.
    """
    if not caller.has("CustomMessage"):
        return CustomTexts()
    request = {
        "userAttributes": dict(attributes),
        "codeParameter": CODE_PARAMETER,
        "linkParameter": LINK_PARAMETER,
        "usernameParameter": USERNAME_PARAMETER if reason == "AdminCreateUser" else None,
        **values.metadata(metadata),
    }
    default = {"smsMessage": None, "emailMessage": None, "emailSubject": None}
    sent = invoke.event(caller, f"CustomMessage_{reason}", user_name, request, default)
    answer = invoke.call(caller, "CustomMessage", sent)
    return CustomTexts(
        sms=values.text(answer, "smsMessage"),
        email=values.text(answer, "emailMessage"),
        subject=values.text(answer, "emailSubject"),
    )


def custom_sender(
    caller: Caller,
    medium: str,
    reason: str,
    user_name: str,
    attributes: Mapping[str, str],
    *,
    code: str | None,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Hand a message over to the sender of its medium; ``code`` is encrypted already. Raises as ``invoke.call``."""
    request = {
        "type": SENDER_TYPES[medium],
        "code": code,
        **values.metadata(metadata),
        "userAttributes": dict(attributes),
    }
    trigger = SENDERS[medium]
    invoke.call(caller, trigger, invoke.event(caller, f"{trigger}_{reason}", user_name, request, {}))
