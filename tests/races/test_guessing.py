"""Guessing passwords and codes, 64 tries at once (spec/quality.md T3, T4): as many count as the limits allow, no more.

The clock stands still in a round, so that the figures are exact; ``-m slow`` runs the full size.
"""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from botocore.exceptions import ClientError
from django.db import connection

from cognito_app.models import SignInThrottle
from tests.aws.choice import begin, create, make_choice_app
from tests.aws.mfa import PHONE, START, code_now, make_mfa_app, register_totp, sms_code, turn_on
from tests.clients import boto
from tests.conftest import PASSWORD, App, Inbox, make_app

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 64
FULL = 10_000
WRONG = ("NotAuthorizedException", "Incorrect username or password.")
LOCKED = ("NotAuthorizedException", "Password attempts exceeded")
BUSY = "TooManyRequestsException"
MISMATCH = "CodeMismatchException"
LIMIT = "LimitExceededException"
TEN_MINUTES = timedelta(minutes=10)
# The n-th try after five free ones is looked at 2^(n-5) - 1 seconds after the fifth at the earliest.
CHECKED_IN_TEN_MINUTES = 14

Outcome = tuple[str, str]
Guess = Callable[[str], Any]


@pytest.fixture
def clock() -> Iterator[Any]:
    """A clock that stands still until it is moved."""
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


def outcome_of(call: Callable[[], Any]) -> Outcome:
    """Return ``ok``, or code and message of the refusal."""
    try:
        call()
    except ClientError as error:
        found = error.response["Error"]
        return str(found["Code"]), str(found["Message"])
    return "ok", ""


class Crowd:
    """Threads that try together, with their connections."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.pool = ThreadPoolExecutor(size)

    def __enter__(self) -> Crowd:
        return self

    def __exit__(self, *_: object) -> None:
        barrier = threading.Barrier(self.size)

        def leave(_: int) -> None:
            barrier.wait()
            connection.close()

        list(self.pool.map(leave, range(self.size)))
        self.pool.shutdown()

    def tries(self, number: int, attempt: Callable[[], Any]) -> Counter[Outcome]:
        """Try so many times, all threads at once."""
        return Counter(self.pool.map(lambda _: outcome_of(attempt), range(number)))


def guess_passwords(app: App, clock: Any, tries: int, at_once: int) -> None:
    """Guess one user's password for ten minutes; after each round try the right one."""
    public = boto.client("cognito-idp")

    def attempt(password: str) -> Any:
        given = {"USERNAME": "ann", "PASSWORD": password}
        return public.initiate_auth(ClientId=app.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)

    rounds = tries // at_once
    counted: Counter[Outcome] = Counter()
    with Crowd(at_once) as crowd:
        for _ in range(rounds):
            counted += crowd.tries(at_once - 1, lambda: attempt("Wrong-Password-9!"))
            assert outcome_of(lambda: attempt(PASSWORD)) == LOCKED
            clock.shift(TEN_MINUTES / rounds)
    refused = {code for code, _ in counted}
    print(f"T4: {rounds * at_once} tries, {at_once} at once: {dict(counted)}")
    assert refused <= {"NotAuthorizedException", BUSY}
    assert set(counted) - {(BUSY, message) for _, message in counted} == {WRONG, LOCKED}
    assert 5 < counted[WRONG] <= CHECKED_IN_TEN_MINUTES
    assert SignInThrottle.objects.get().failures == counted[WRONG]
    clock.shift(timedelta(minutes=15))
    assert outcome_of(lambda: attempt(PASSWORD)) == ("ok", "")


def test_a_password_is_guessed_no_faster_than_the_lockout_allows(app: App, clock: Any) -> None:
    app.sign_up()
    guess_passwords(app, clock, 320, 16)


@pytest.mark.slow
def test_ten_thousand_passwords(app: App, clock: Any) -> None:
    app.sign_up()
    guess_passwords(app, clock, FULL, AT_ONCE)


class Target:
    """Something with a code: how it is guessed, the right code, how many wrong ones count, and what comes then."""

    def __init__(self, guess: Guess, right: str, most: int, then: str) -> None:
        self.guess = guess
        self.right = right
        self.most = most
        self.then = then


def _answer(app: App, challenge: str, session: str, member: str) -> Guess:
    public = boto.client("cognito-idp")
    return lambda code: public.respond_to_auth_challenge(
        ClientId=app.client_id,
        ChallengeName=challenge,
        Session=session,
        ChallengeResponses={"USERNAME": "ann", member: code},
    )


def sms_factor(idp: Any, inbox: Inbox) -> Target:
    """A code by SMS as the second factor."""
    app = make_mfa_app(idp, inbox)
    app.sign_up(phone_number=PHONE)
    turn_on(app, "sms")
    session = app.start()["Session"]
    return Target(_answer(app, "SMS_MFA", session, "SMS_MFA_CODE"), sms_code(app), 5, LOCKED[0])


def app_factor(idp: Any, inbox: Inbox) -> Target:
    """A code of an authenticator app as the second factor."""
    app = make_mfa_app(idp, inbox)
    app.sign_up()
    secret = register_totp(app, app.sign_in()["AccessToken"])
    turn_on(app, "totp")
    session = app.start()["Session"]
    right = code_now(secret, later=1)
    return Target(_answer(app, "SOFTWARE_TOKEN_MFA", session, "SOFTWARE_TOKEN_MFA_CODE"), right, 5, LOCKED[0])


def first_factor(idp: Any, inbox: Inbox) -> Target:
    """A code by e-mail instead of a password."""
    app = make_choice_app(idp, inbox)
    create(app)
    session = begin(app, "EMAIL_OTP")["Session"]
    return Target(_answer(app, "EMAIL_OTP", session, "EMAIL_OTP_CODE"), inbox.code("ann@example.com"), 20, LOCKED[0])


def sign_up(idp: Any, inbox: Inbox) -> Target:
    """The code that confirms an account."""
    app = make_app(idp, inbox)
    given = [{"Name": "email", "Value": "ann@example.com"}]
    idp.sign_up(ClientId=app.client_id, Username="ann", Password=PASSWORD, UserAttributes=given)
    public = boto.client("cognito-idp")
    return Target(
        lambda code: public.confirm_sign_up(ClientId=app.client_id, Username="ann", ConfirmationCode=code),
        inbox.code("ann@example.com"),
        15,
        LIMIT,
    )


def new_password(idp: Any, inbox: Inbox) -> Target:
    """The code for a new password."""
    app = make_app(idp, inbox)
    app.sign_up()
    public = boto.client("cognito-idp")
    public.forgot_password(ClientId=app.client_id, Username="ann")
    return Target(
        lambda code: public.confirm_forgot_password(
            ClientId=app.client_id, Username="ann", ConfirmationCode=code, Password="Another-Horse-9!"
        ),
        inbox.code("ann@example.com"),
        19,  # ForgotPassword was the first of the twenty
        LIMIT,
    )


def new_contact(idp: Any, inbox: Inbox) -> Target:
    """The code that verifies an attribute."""
    app = make_app(idp, inbox)
    app.sign_up()
    token = app.sign_in()["AccessToken"]
    public = boto.client("cognito-idp")
    public.get_user_attribute_verification_code(AccessToken=token, AttributeName="email")
    return Target(
        lambda code: public.verify_user_attribute(AccessToken=token, AttributeName="email", Code=code),
        inbox.code("ann@example.com"),
        15,
        LIMIT,
    )


TARGETS = [sms_factor, app_factor, first_factor, sign_up, new_password, new_contact]


def guess_codes(target: Target, tries: int, at_once: int) -> None:
    """Guess at one code; when the limit is used up, the right one is refused as well."""
    digits = len(target.right)
    numbers = itertools.count(int(target.right) + 100)
    lock = threading.Lock()

    def attempt() -> Any:
        with lock:
            number = next(numbers)
        return target.guess(f"{number % 10**digits:0{digits}d}")

    with Crowd(at_once) as crowd:
        counted = crowd.tries(tries, attempt)
    found = Counter(dict.fromkeys((MISMATCH, target.then), 0))
    for (code, _), number in counted.items():
        found[code] += number
    print(f"T3: {tries} guesses, {at_once} at once: {dict(counted)}")
    assert found[MISMATCH] == target.most
    assert found[target.then] == tries - target.most
    assert outcome_of(lambda: target.guess(target.right))[0] == target.then


@pytest.mark.parametrize("make", TARGETS, ids=lambda make: make.__name__)
def test_a_code_is_guessed_no_more_often_than_allowed(make: Any, idp: Any, inbox: Inbox, clock: Any) -> None:
    guess_codes(make(idp, inbox), 200, 16)


@pytest.mark.slow
@pytest.mark.parametrize("make", TARGETS, ids=lambda make: make.__name__)
def test_ten_thousand_codes(make: Any, idp: Any, inbox: Inbox, clock: Any) -> None:
    guess_codes(make(idp, inbox), FULL, AT_ONCE)
