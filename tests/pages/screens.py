"""Every screen of the pages with everything on it that can be there, rendered without a request."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from cognito_app.pages import attribute_fields, challenges, error, first_factor, identify, mfa, passkeys, recovery
from cognito_app.pages.provider_choice import Button, ProviderChoice
from cognito_app.pages.rendering import rendered
from cognito_app.services.federated_sign_in.choices import Choices

DATA = ("Nadia", "n***@e***", "ABCD EFGH", "4711", "0815", "Pool 7", "http://x/")
"""What is no text of ours: names, addresses, keys, codes."""
BASE: dict[str, Any] = {
    "pool_name": "Pool 7",
    "username": "Nadia",
    "links": {"login": "http://x/"},
    "request_id": "0815",
    "session": "s",
    "minutes": 3,
}
POLICY = [
    {"rule": "length", "least": 8},
    *(
        {"rule": rule, "label": label}
        for rule, label in (
            ("uppercase", "An upper-case letter"),
            ("lowercase", "A lower-case letter"),
            ("number", "A number"),
            ("symbol", "A symbol or a space inside"),
        )
    ),
]
FIELDS = [{"name": name, "label": spec[0], "type": spec[1]} for name, spec in attribute_fields.FIELDS.items()]
SENT = {"destination": "n***@e***", "notice": "We sent a new code to n***@e***."}
TERMS = {"terms_of_use": "http://x/", "privacy_policy": "http://x/"}


def _options(labels: dict[str, str]) -> list[dict[str, str]]:
    return [{"value": name, "label": label} for name, label in labels.items()]


def _federation(at: str) -> ProviderChoice:
    """Return a choice of providers with everything that it can have."""
    return ProviderChoice(Choices(buttons=(), search=True, first=False), (Button("Nadia", True, "http://x/"),), at)


SCREENS: list[tuple[str, dict[str, Any]]] = [
    *(
        ("login", {"label": label, "sign_up": True, "recovery": True, "confirmation": True})
        for label in ("Username", "Email or phone number")
    ),
    *(("login", {"label": "Email address", "notice": notice}) for notice in identify.NOTICES.values()),
    *(("login", {"label": "Username", "federation": _federation(at)}) for at in ("top", "bottom")),
    ("providers", {"federation": _federation("bottom")}),
    ("identify", {"label": "Phone number", "sign_up": True, "passkey_options": "{}", "message": identify.NO_NAME}),
    ("first_choice", {"options": _options(first_factor.LABELS), "message": first_factor.NOTHING_HERE}),
    ("first_password", {"recovery": True, "others": True, "message": first_factor.NO_PASSWORD}),
    ("first_code", {**SENT, "others": True, "message": first_factor.OVER}),
    ("first_passkey", {"passkey_options": "{}", "others": True, "message": first_factor.PASSKEY_REFUSED}),
    ("mfa_choice", {"options": _options(challenges.LABELS), "setting_up": True}),
    ("mfa_choice", {"options": _options(challenges.LABELS), "other_account": "http://x/"}),
    ("mfa_code", {"from_app": True, "app_name": "Nadia", "message": mfa.WRONG_APP_CODE}),
    ("mfa_code", {"from_app": True, "message": mfa.USED_CODE}),
    ("mfa_code", {**SENT, "message": mfa.WRONG_CODE}),
    ("mfa_code", {"message": mfa.WAIT}),
    ("totp_setup", {"secret": "ABCD EFGH", "qr_text": "otpauth://x", "message": mfa.NO_CODE}),
    *(
        ("contact_setup", {"field": field, "by_sms": name == "SMS_MFA"})
        for name, field in challenges.CONTACT_FIELDS.items()
    ),
    ("new_password", {"policy": POLICY, "fields": FIELDS, "message": "Enter a new password."}),
    (
        "signup",
        {"label": "Username", "policy": POLICY, "takes_password": True, "password_optional": True, "terms": TERMS},
    ),
    ("signup", {"label": "Email address", "fields": FIELDS, "message": "Fill in all fields."}),
    ("confirm", {**SENT, "message": "Enter the code."}),
    ("confirm", {}),
    ("confirm", {"label": "Username"}),
    *(("confirmed", context) for context in ({}, {"already": True}, {"message": "This link is no longer valid."})),
    ("forgot_password", {"label": "Username", "message": recovery.RESET_FIRST}),
    ("reset_password", {**SENT, "policy": POLICY, "message": "The passwords differ."}),
    ("add_passkey", {"passkey_options": "{}", "new_account": True, "message": passkeys.NOT_MADE}),
    ("add_passkey", {"message": "The user has registered the maximum number of passkeys."}),
    ("account", {}),
    *(("event_feedback", {"value": value, "done": done}) for value in ("valid", "invalid") for done in (True, False)),
    ("event_feedback", {"message": "This link is no longer valid."}),
    ("signed_out", {}),
    *(("error", {"code": "4711", "message": sentence}) for sentence in (*error.SENTENCES.values(), error.DEFAULT)),
    ("error", {}),
    ("too_many", {"message": "Too many failed attempts from this address. Try again later."}),
    *((name, {}) for name in ("not_found", "too_large", "failed", "bad_request")),
]


def shown(template: str, context: dict[str, Any], language: str) -> str:
    """Return the HTML of a screen in a language."""
    return rendered(template, 200, {**BASE, **context}, language).content.decode()


class Reader(HTMLParser):
    """Collects what people see and hear of a page."""

    SPOKEN = ("alt", "aria-label", "placeholder", "title", "data-met", "data-unmet", "data-all", "data-missing")

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the attributes that are read out."""
        self.texts += [value for name, value in attrs if name in self.SPOKEN and value]

    def handle_data(self, data: str) -> None:
        """Take a piece of text."""
        self.texts.append(data)


def texts(html: str) -> Iterator[str]:
    """Return the pieces of text on a page."""
    reader = Reader()
    reader.feed(html)
    yield from (text for text in reader.texts if text.strip())
