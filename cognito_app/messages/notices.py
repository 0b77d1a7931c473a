"""What a mail about an unusual sign-in says: the templates of NotifyConfiguration and the placeholders in them.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-settings-message-customizations.html
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

from cognito_app.messages.templates import EMAIL, Message

PURPOSE = "risk_notice"
_PLACEHOLDER = re.compile(r"\{(login-time|device-name|city|country|one-click-link-valid|one-click-link-invalid)\}")

OUTCOMES = {
    "BlockEmail": ("Blocked sign-in attempt", "We blocked a sign-in to your account that looked unusual."),
    "NoActionEmail": ("New sign-in", "There was a sign-in to your account that looked unusual."),
    "MfaEmail": ("Sign-in needs a second step", "We asked for a second step at a sign-in that looked unusual."),
}
_REST = """
Time: {login-time}
Device: {device-name}
Place: {city}, {country}

If this was you, open this link:
{one-click-link-valid}

If this was not you, open this link and change your password:
{one-click-link-invalid}
"""


def render(template: Mapping[str, str], *, kind: str, destination: str, values: Mapping[str, str]) -> Message:
    """Render a mail; ``template`` is a NotifyEmailType, empty for our own words. The HTML form wins over plain text."""
    subject, first = OUTCOMES[kind]
    body = template.get("HtmlBody") or as_html(template.get("TextBody") or first + "\n" + _REST)
    safe = {name: html.escape(value) for name, value in values.items()}
    return Message(PURPOSE, EMAIL, destination, template.get("Subject") or subject, _fill(body, safe))


def as_html(text: str) -> str:
    """Return plain text as HTML that keeps its lines; quotes stay as they are, because tags are stripped again."""
    return html.escape(text, quote=False).replace("\n", "<br>\n")


def _fill(text: str, values: Mapping[str, str]) -> str:
    # In one pass: a value cannot bring in a placeholder.
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text)


SIGN_UP_PURPOSE = "sign_up_notice"
SIGN_UP_SUBJECT = "Your sign-up"
HAS_ACCOUNT = (
    "Somebody, perhaps you, tried to create an account at {name} with this address. It has one already: sign in with "
    "it, confirm it if you never did, or reset your password if you forgot it. If it was not you, do nothing."
)
NAME_TAKEN = (
    "Somebody, perhaps you, tried to create an account at {name} with a name that is taken. Sign up again with another "
    "name. If it was not you, there is nothing to do."
)


def sign_up(medium: str, destination: str, name: str, *, has_account: bool) -> Message:
    """Return the message about a sign-up with a name that is taken; ``has_account``: by the owner of the address."""
    text = (HAS_ACCOUNT if has_account else NAME_TAKEN).format(name=name)
    if medium != EMAIL:
        return Message(SIGN_UP_PURPOSE, medium, destination, "", text)
    return Message(SIGN_UP_PURPOSE, medium, destination, SIGN_UP_SUBJECT, as_html(text))
