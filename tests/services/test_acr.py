"""Which methods reach which level, and what the claim ``amr`` says of them."""

from __future__ import annotations

import pytest

from cognito_app.services import acr


@pytest.mark.parametrize(
    ("methods", "level", "claim"),
    [
        ((), 0, ()),
        (("pwd",), 1, ("pwd",)),
        (("email_otp",), 2, ("email_otp",)),
        (("sms",), 2, ("sms",)),
        (("swk",), 3, ("swk",)),
        (("hwk",), 3, ("hwk",)),
        # A passkey that counts as both factors is one method all the same.
        (("swk", "mfa"), 3, ("swk",)),
        (("pwd", "sms", "mfa"), 3, ("pwd", "sms", "mfa")),
        (("pwd", "email_otp", "mfa"), 3, ("pwd", "email_otp", "mfa")),
        (("pwd", "otp", "mfa"), 4, ("pwd", "otp", "mfa")),
        (("pwd", "pwd", "otp"), 4, ("pwd", "otp", "mfa")),
        (("email_otp", "otp"), 2, ("email_otp", "otp", "mfa")),
        (("swk", "otp"), 3, ("swk", "otp", "mfa")),
        (("otp",), 0, ("otp",)),
        (("fed",), 1, ("fed",)),
        (("unknown",), 0, ()),
    ],
)
def test_levels_and_methods(methods: tuple[str, ...], level: int, claim: tuple[str, ...]) -> None:
    assert acr.level_of(methods) == level
    assert acr.amr(methods) == claim
