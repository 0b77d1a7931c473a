"""What a custom sign-in must know from step to step; it travels sealed in the sessions and in SECRET_BLOCK."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cognito_app.triggers.challenges import Step

SHORT = {
    "CUSTOM_CHALLENGE": "C",
    "SRP_A": "A",
    "PASSWORD_VERIFIER": "P",
    "SMS_MFA": "S",
    "EMAIL_OTP": "E",
    "SOFTWARE_TOKEN_MFA": "T",
    "DEVICE_SRP_AUTH": "D",
    "DEVICE_PASSWORD_VERIFIER": "V",
}
LONG = {short: name for name, short in SHORT.items()}


@dataclass(frozen=True, slots=True)
class Custom:
    """The steps so far; ``name`` is the name typed, ``public_a`` the client's SRP_A for a PASSWORD_VERIFIER to come."""

    name: str
    steps: tuple[Step, ...] = ()
    public_a: int | None = field(default=None, repr=False)

    def passed(self, *names: str) -> Custom:
        """Return the state after more steps that were passed."""
        return self.after(*(Step(name, passed=True) for name in names))

    def after(self, *steps: Step) -> Custom:
        """Return the state after more steps."""
        return replace(self, steps=(*self.steps, *steps))

    def has(self, name: str) -> bool:
        """Whether a step of this name was passed."""
        return any(step.name == name and step.passed for step in self.steps)


def packed(custom: Custom | None) -> dict[str, Any] | None:
    """Return a short JSON form: sessions have an upper length."""
    if custom is None:
        return None
    result: dict[str, Any] = {"n": custom.name, "s": [_entry(step) for step in custom.steps]}
    return result if custom.public_a is None else {**result, "a": f"{custom.public_a:x}"}


def _entry(step: Step) -> list[Any]:
    entry = [SHORT[step.name], int(step.passed)]
    return entry if step.metadata is None else [*entry, step.metadata]


def opened(given: Mapping[str, Any] | None) -> Custom | None:
    """Return what ``packed`` made."""
    if given is None:
        return None
    return Custom(
        name=given["n"],
        steps=tuple(_step(entry) for entry in given["s"]),
        public_a=int(given["a"], 16) if "a" in given else None,
    )


def _step(entry: Sequence[Any]) -> Step:
    return Step(LONG[entry[0]], passed=bool(entry[1]), metadata=entry[2] if len(entry) > 2 else None)
