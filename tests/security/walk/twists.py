"""In which ways an answer can be wrong, and what each challenge takes."""

from __future__ import annotations

from tests.security.walk.model import (
    CODE_MEMBER,
    DEVICE,
    SELECT_MFA,
    SETUP,
    TOTP,
)

TWISTS = (
    "wrong",
    "empty",
    "missing",
    "other name",
    "other client",
    "other pool",
    "other challenge",
    "altered session",
    "no session",
    "other session",
    "admin",
    "admin of another pool",
    "wrong hash",
)
BLOCKS = ("PASSWORD_VERIFIER", "DEVICE_PASSWORD_VERIFIER")
SPENT_BY_A_TRY = ("PASSWORD_VERIFIER", "PASSWORD", "DEVICE_PASSWORD_VERIFIER", "CUSTOM_CHALLENGE")
CHOICES = ("SELECT_CHALLENGE", "PASSWORD", "PASSWORD_SRP", "EMAIL_OTP", "SMS_OTP")
EVERY = (*CHOICES, "SMS_MFA", TOTP, SELECT_MFA, SETUP, "NEW_PASSWORD_REQUIRED", "CUSTOM_CHALLENGE", DEVICE)
MAIN = {
    **CODE_MEMBER,
    "PASSWORD_VERIFIER": "PASSWORD_CLAIM_SIGNATURE",
    "DEVICE_PASSWORD_VERIFIER": "PASSWORD_CLAIM_SIGNATURE",
    "NEW_PASSWORD_REQUIRED": "NEW_PASSWORD",
    "CUSTOM_CHALLENGE": "ANSWER",
    SELECT_MFA: "ANSWER",
    "SELECT_CHALLENGE": "ANSWER",
    "PASSWORD": "PASSWORD",
    "PASSWORD_SRP": "SRP_A",
    DEVICE: "SRP_A",
    SETUP: "EMAIL",
}
WRONG = {
    "PASSWORD_CLAIM_SIGNATURE": "AAAA",
    "NEW_PASSWORD": "short",
    "ANSWER": "something else",
    "PASSWORD": "Wrong-Horse-9!",
    "SRP_A": "not hex",
    "EMAIL": "no address",
}
