"""How a pool's messages go out: from its EmailConfiguration and SmsConfiguration to a channel.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-email.html,
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-sms-settings.html
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parseaddr
from typing import Any

from cognito_app.conf import app_settings
from cognito_app.errors import InvalidParameterException
from cognito_app.messages.channel import Channel
from cognito_app.services.attributes import is_email

OWN_SENDER = "DEVELOPER"
BOTH_SMS = "SmsConfiguration takes either SnsCallerArn or EumsSms."
OTHER_REGION = "The Region of EumsSms must be the user pool's Region."
BAD_FROM = "From must be an email address, or a name with an email address."


def of(raw: Mapping[str, Any]) -> Channel:
    """Return the channel of a pool with these settings.

    The address in SourceArn is the sender; with a sending account of its own the pool may give it a name (From), a
    mail server of the operator's settings (by SourceArn) and a configuration set.
    """
    email = raw.get("EmailConfiguration") or {}
    own = email.get("EmailSendingAccount") == OWN_SENDER
    identity = _identity(email.get("SourceArn") or "")
    headers = {}
    if own and email.get("ConfigurationSet"):
        headers["X-SES-CONFIGURATION-SET"] = email["ConfigurationSet"]
    return Channel(
        from_email=(own and email.get("From")) or identity or app_settings.email_from,
        reply_to=email.get("ReplyToEmailAddress"),
        headers=headers,
        mail_server=email.get("SourceArn") if own else None,
        sms=raw.get("SmsConfiguration") or {},
    )


def _identity(arn: str) -> str | None:
    """Return the address in ``arn:aws:ses:<region>:<account>:identity/<address>``; a domain is none."""
    name = arn.rpartition("/")[2]
    return name if is_email(name) else None


def check(raw: Mapping[str, Any]) -> None:
    """Check the settings that messages go out by. Raises InvalidParameterException."""
    sender = (raw.get("EmailConfiguration") or {}).get("From")
    if sender and (not is_email(parseaddr(sender)[1]) or any(ord(char) < ord(" ") for char in sender)):
        raise InvalidParameterException(BAD_FROM)
    check_sms(raw.get("SmsConfiguration") or {})


def check_sms(settings: Mapping[str, Any]) -> None:
    """Check a SmsConfiguration. Raises InvalidParameterException."""
    eums = settings.get("EumsSms")
    if eums and settings.get("SnsCallerArn"):
        raise InvalidParameterException(BOTH_SMS)
    if eums and eums.get("Region") not in (None, app_settings.region):
        raise InvalidParameterException(OTHER_REGION)
