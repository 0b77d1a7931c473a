"""CustomMessage, and the senders that take delivery over.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-custom-message.html,
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-custom-sender-triggers.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cognito_app.errors import InvalidLambdaResponseException
from cognito_app.triggers import invoke, values
from cognito_app.triggers.invoke import Caller

CODE_PARAMETER = "{####}"
LINK_PARAMETER = "{##Click Here##}"
USERNAME_PARAMETER = "{username}"
LINK = re.compile(r"\{##((?:(?!##).)+)##\}", re.DOTALL)
WITH_LINK = ("SignUp", "ResendCode")
"""The reasons whose mails may hold a link instead of a code."""

LONGEST_SMS, LONGEST_EMAIL, LONGEST_SUBJECT = 140, 20_000, 140
NOT_DEVELOPER = "CustomMessage may return emailMessage and emailSubject only with EmailSendingAccount DEVELOPER."
NO_PLACEHOLDER = "The {member} of CustomMessage lacks a placeholder that it must contain."
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
    own_sender: bool,
    metadata: Mapping[str, str] | None = None,
) -> CustomTexts:
    """Ask CustomMessage, if there is one, for texts; ``reason`` is the part of the source behind its underscore.

    ``own_sender`` is whether the pool sends e-mail from its own account (DEVELOPER): only then may it have its texts.
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
    texts = CustomTexts(
        sms=values.text(answer, "smsMessage") or None,
        email=values.text(answer, "emailMessage") or None,
        subject=values.text(answer, "emailSubject") or None,
    )
    _check(texts, reason, own_sender=own_sender)
    return texts


def _check(texts: CustomTexts, reason: str, *, own_sender: bool) -> None:
    """Refuse texts that could not be sent. Raises InvalidLambdaResponseException."""
    needed = [CODE_PARAMETER, USERNAME_PARAMETER] if reason == "AdminCreateUser" else [CODE_PARAMETER]
    lengths = ((texts.sms, LONGEST_SMS), (texts.email, LONGEST_EMAIL), (texts.subject, LONGEST_SUBJECT))
    if any(text is not None and len(text) > longest for text, longest in lengths):
        raise InvalidLambdaResponseException(values.UNRECOGNIZABLE)
    if (texts.email or texts.subject) and not own_sender:
        raise InvalidLambdaResponseException(NOT_DEVELOPER)
    if texts.sms is not None and any(part not in texts.sms for part in needed):
        raise InvalidLambdaResponseException(NO_PLACEHOLDER.format(member="smsMessage"))
    linked = reason in WITH_LINK and texts.email is not None and LINK.search(texts.email)
    if texts.email is not None and not linked and any(part not in texts.email for part in needed):
        raise InvalidLambdaResponseException(NO_PLACEHOLDER.format(member="emailMessage"))


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
    """Hand a message over to the sender of its medium; ``code`` is encrypted already. Raises as ``invoke.notify``."""
    request = {
        "type": SENDER_TYPES[medium],
        "code": code,
        "clientMetadata": dict(metadata) if metadata else None,
        "userAttributes": dict(attributes),
    }
    trigger = SENDERS[medium]
    invoke.notify(caller, trigger, invoke.event(caller, f"{trigger}_{reason}", user_name, request, None))
