"""What sign-in may lead to, in plain Python after spec/user-pools.md 6 and 7; it knows nothing of the app's code."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

TOKENS = "tokens"
SMS, TOTP, EMAIL = "SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP"
SELECT_MFA, SETUP, DEVICE = "SELECT_MFA_TYPE", "MFA_SETUP", "DEVICE_SRP_AUTH"
CONTACT_OF = {SMS: "phone", EMAIL: "email", "SMS_OTP": "phone"}
CODE_MEMBER = {SMS: "SMS_MFA_CODE", EMAIL: "EMAIL_OTP_CODE", "SMS_OTP": "SMS_OTP_CODE", TOTP: "SOFTWARE_TOKEN_MFA_CODE"}
SESSION_LIFE = timedelta(minutes=3)
FREE_FAILURES = 5
CONFIRMED, UNCONFIRMED = "CONFIRMED", "UNCONFIRMED"
TEMPORARY, RESET = "FORCE_CHANGE_PASSWORD", "RESET_REQUIRED"
MAX_CUSTOM_FAILURES = 3


class Life(Enum):
    """Whether a session can still be used; MAYBE after an odd request that the specification says nothing about."""

    ALIVE = auto()
    MAYBE = auto()
    DEAD = auto()


@dataclass(eq=False)
class Pool:
    """A user pool's settings that matter."""

    id: str
    mode: str
    factors: tuple[str, ...]
    first: tuple[str, ...]
    tracks: bool
    custom: bool

    @property
    def scope(self) -> str:
        """The name that SRP hashes."""
        return self.id.split("_", 1)[1]


@dataclass(eq=False)
class AppClient:
    """An app client."""

    id: str
    pool: Pool
    flows: frozenset[str]
    hides: bool
    secret: str | None = None
    rotates: bool = False
    refresh_life: timedelta = timedelta(days=30)


@dataclass(eq=False)
class Device:
    """A device that was confirmed, and so is remembered."""

    key: str
    group: str
    secret: str


@dataclass(eq=False)
class Person:
    """A user. ``generation`` counts passwords; ``failures`` counts wrong answers that may lock, as an upper bound."""

    pool: Pool
    name: str
    sub: str
    password: str
    status: str = CONFIRMED
    enabled: bool = True
    email: str | None = None
    phone: str | None = None
    verified: set[str] = field(default_factory=set)
    factors: set[str] = field(default_factory=set)
    preferred: str | None = None
    totp: str | None = None
    pending: str | None = None
    totp_step: int = -1
    devices: list[Device] = field(default_factory=list)
    generation: int = 0
    failures: int = 0
    guesses: int = 0
    confirmation: str | None = None
    reset_code: str | None = None
    reset_at: datetime | None = None

    def contact(self, factor: str) -> str | None:
        """Return the address that a factor's codes go to."""
        return self.email if CONTACT_OF[factor] == "email" else self.phone

    def has_device(self, key: str | None) -> bool:
        """Whether a key is that of a remembered device."""
        return any(device.key == key for device in self.devices)

    @property
    def may_be_locked(self) -> bool:
        """Whether there were so many wrong answers that a right one may be refused."""
        return self.failures >= FREE_FAILURES


@dataclass(eq=False)
class Session:
    """An open challenge as its client knows it."""

    text: str | None
    challenge: str
    client: AppClient
    person: Person | None
    born: datetime
    parameters: dict[str, str]
    generation: int = -1
    is_choice: bool = False
    available: tuple[str, ...] = ()
    code: str | None = None
    device: str | None = None
    srp: Any = None
    parent: Session | None = None
    new_contact: str | None = None
    verified: bool = False
    custom: bool = False
    custom_failures: int = 0
    first_name: str = ""
    life: Life = Life.ALIVE

    @property
    def root(self) -> Session:
        """The session whose use ends this one: a device's proof belongs to its DEVICE_SRP_AUTH."""
        return self.parent or self

    def is_open(self, now: datetime) -> bool:
        """Whether it may still be answered."""
        return (
            self.root.life is not Life.DEAD and now < self.born + SESSION_LIFE and now < self.root.born + SESSION_LIFE
        )

    def is_surely_open(self, now: datetime) -> bool:
        """Whether a right answer must be taken."""
        return self.root.life is Life.ALIVE and self.is_open(now)


@dataclass(eq=False)
class Grant:
    """The tokens of one sign-in."""

    client: AppClient
    person: Person
    access: str
    refresh: str
    issued: datetime
    device: str | None
    group: str | None
    renewable: bool = True
    accessible: bool = True
    sure: bool = True


@dataclass(frozen=True)
class Expected:
    """What may follow: ``success`` is tokens, a challenge, something else by name, or None; ``must`` makes it sure."""

    success: str | None = None
    must: bool = False

    def allows(self, kind: str) -> bool:
        """Whether a success of this kind is one."""
        return kind == self.success or (self.success == ANY_CHALLENGE and kind != TOKENS)


ANY_CHALLENGE = "a challenge"
NOTHING = Expected()


def usable(pool: Pool, person: Person, factor: str) -> bool:
    """Whether a second factor can be asked for."""
    if factor == TOTP:
        return person.totp is not None
    return factor in pool.factors and person.contact(factor) is not None


def second_factor(person: Person) -> str | None:
    """Return the challenge that follows the first factor (6.7), None where tokens follow.

    The pools of the walk name no way of recovery, so no medium is kept for it.
    """
    pool = person.pool
    if pool.mode == "OFF":
        return None
    order = (SMS, TOTP, EMAIL)
    active = [factor for factor in order if factor in person.factors and usable(pool, person, factor)]
    if person.preferred in active:
        return person.preferred
    if pool.mode == "OPTIONAL" and not active:
        return None
    found = active if pool.mode == "OPTIONAL" else [factor for factor in order if usable(pool, person, factor)]
    if not found:
        return SETUP
    return found[0] if len(found) == 1 else SELECT_MFA


def after_first_factor(person: Person, device: str | None) -> str:
    """Return what follows a first factor: a challenge, or the tokens."""
    challenge = second_factor(person)
    if challenge is None:
        return TOKENS
    if challenge != SETUP and person.pool.tracks and person.has_device(device):
        return DEVICE
    return challenge


def after_password(person: Person, device: str | None) -> str | None:
    """Return what follows a right password, None where the user's state refuses."""
    if not person.enabled or person.status in (RESET, UNCONFIRMED):
        return None
    return "NEW_PASSWORD_REQUIRED" if person.status == TEMPORARY else after_first_factor(person, device)


def first_factors(person: Person) -> tuple[str, ...]:
    """Return what choice-based sign-in may offer (6.6)."""
    passwords = ("PASSWORD", "PASSWORD_SRP")
    if person.status in (TEMPORARY, RESET):
        return passwords
    if second_factor(person) is not None:
        return passwords
    codes = tuple(name for name in ("EMAIL_OTP", "SMS_OTP") if name in person.pool.first and person.contact(name))
    return codes + passwords


def may_go_on(session: Session) -> bool:
    """Whether the user of a session of a second factor is still who passed the first one."""
    person = session.person
    return (
        person is not None and person.enabled and person.status == CONFIRMED and person.generation == session.generation
    )
