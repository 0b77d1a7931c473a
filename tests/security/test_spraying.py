"""Password spraying (spec/quality.md T5): an address is held to a number of wrong guesses, and locks nobody out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from pycognito import AWSSRP
from pytest_django import Settings

from cognito_app.core import ids, passwords
from cognito_app.models import PoolUser, SignInThrottle
from cognito_app.services.clients import secret_hash
from cognito_app.services.guess_sources import TOO_MANY
from tests.agents import client_at, trust_one_proxy
from tests.aws.choice import CHOICE_FLOWS, policies
from tests.aws.mfa import START
from tests.conftest import PASSWORD, App, Inbox, make_app, refused
from tests.oauth.browser import Site
from tests.races.test_once import code_of, in_parallel

pytestmark = pytest.mark.django_db(transaction=True)

HOME, AWAY = "192.0.2.10", "198.51.100.20"
GUESS = "Summer-2026!"
LIMIT = 8


@pytest.fixture
def clock() -> Iterator[Any]:
    """A clock that stands still until it is moved."""
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def limited(settings: Settings, inbox: Inbox, app: App) -> App:
    """A pool where an address has eight wrong guesses; ann and bob."""
    trust_one_proxy(settings)
    settings.COGNITO = {**settings.COGNITO, "GUESSES_PER_ADDRESS": LIMIT}
    app.sign_up("ann")
    app.sign_up("bob")
    return app


def attempt(app: App, name: str, password: str = GUESS, ip: str = HOME, public: Any = None) -> Any:
    """Try a password from an address."""
    given = {"USERNAME": name, "PASSWORD": password}
    return (public or client_at(ip)).initiate_auth(
        ClientId=app.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given
    )


def use_up(app: App, ip: str = HOME) -> None:
    """Try one password on as many names as an address may."""
    for number in range(LIMIT):
        with refused("NotAuthorizedException"):
            attempt(app, f"victim{number}", ip=ip)


@pytest.fixture
def victims(limited: App) -> App:
    """Eight users whose names are tried."""
    fill(limited, LIMIT, "victim")
    return limited


@pytest.mark.parametrize("address", [HOME, "2001:db8:1:2::7"])
def test_an_address_that_used_up_its_guesses_is_refused_whoever_it_asks_for(
    limited: App, victims: App, address: str
) -> None:
    use_up(limited, address)
    neighbour = address.replace("::7", ":ffff::1")
    for name, password in (("ann", PASSWORD), ("ann", GUESS), ("nobody", GUESS), ("victim0", GUESS)):
        with refused("TooManyRequestsException", TOO_MANY):
            attempt(limited, name, password, ip=neighbour)
    # Nobody is locked for others, and the refused guesses were counted against no name.
    assert "AuthenticationResult" in attempt(limited, "ann", PASSWORD, ip=AWAY)
    assert "AuthenticationResult" in attempt(limited, "victim0", PASSWORD, ip=AWAY)
    assert {row.failures for row in SignInThrottle.objects.all()} == {1}


def test_right_passwords_count_for_nothing(limited: App) -> None:
    for _ in range(LIMIT + 2):
        attempt(limited, "ann", PASSWORD)
    with refused("NotAuthorizedException", "Incorrect username or password."):
        attempt(limited, "ann")


def test_the_guesses_come_back_after_an_hour(limited: App, victims: App, clock: Any) -> None:
    use_up(limited)
    clock.shift(timedelta(minutes=59))
    with refused("TooManyRequestsException"):
        attempt(limited, "ann", PASSWORD)
    clock.shift(timedelta(minutes=2))
    assert "AuthenticationResult" in attempt(limited, "ann", PASSWORD)


def test_names_that_nobody_has_count_as_well(limited: App) -> None:
    for number in range(LIMIT):
        with refused("UserNotFoundException"):
            attempt(limited, f"nobody{number}")
    for name in ("ann", "nobody"):
        with refused("TooManyRequestsException", TOO_MANY):
            attempt(limited, name, PASSWORD)


def test_another_pool_is_another_matter(limited: App, victims: App, idp: Any, inbox: Inbox) -> None:
    use_up(limited)
    other = make_app(idp, inbox)
    other.sign_up("zoe")
    assert "AuthenticationResult" in attempt(other, "zoe", PASSWORD)


def test_a_server_that_proves_itself_is_not_the_users_address(limited: App, victims: App) -> None:
    made = limited.client(GenerateSecret=True)
    hashed = secret_hash("ann", made["ClientId"], made["ClientSecret"])
    use_up(limited)
    given = {"USERNAME": "ann", "PASSWORD": PASSWORD, "SECRET_HASH": hashed}
    found = client_at(HOME).initiate_auth(
        ClientId=made["ClientId"], AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given
    )
    assert "AuthenticationResult" in found
    at = {"UserPoolId": limited.pool_id, "ClientId": limited.client_id, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH"}
    pair = {"USERNAME": "ann", "PASSWORD": PASSWORD}
    assert "AuthenticationResult" in limited.idp.admin_initiate_auth(**at, AuthParameters=pair)
    # The address that a server tells is its user's.
    context = {"IpAddress": HOME, "ServerName": "app", "ServerPath": "/", "HttpHeaders": []}
    with refused("TooManyRequestsException", TOO_MANY):
        limited.idp.admin_initiate_auth(**at, AuthParameters=pair, ContextData=context)


def test_the_page_counts_the_browser_even_for_a_client_with_a_secret(limited: App, victims: App) -> None:
    site = Site(limited, GenerateSecret=True)
    site.browser.defaults["HTTP_X_FORWARDED_FOR"] = HOME
    site.get("login", **site.request())
    for number in range(LIMIT):
        site.submit("login", {"username": f"victim{number}", "password": GUESS})
    page = site.submit("login", {"username": "ann", "password": PASSWORD})
    assert TOO_MANY in page.content.decode()


def test_proofs_and_codes_count_as_passwords_do(limited: App, victims: App, settings: Settings) -> None:
    def srp(password: str) -> None:
        helper = AWSSRP("ann", password, limited.pool_id, limited.client_id, client=client_at(HOME))
        helper.authenticate_user()

    with refused("NotAuthorizedException"):
        srp(GUESS)
    with refused("CodeMismatchException"):
        limited.idp.forgot_password(ClientId=limited.client_id, Username="ann")
        confirm(limited, "000000")
    for number in range(LIMIT - 2):
        with refused("NotAuthorizedException"):
            attempt(limited, f"victim{number}")
    with refused("TooManyRequestsException", TOO_MANY):
        srp(PASSWORD)
    with refused("TooManyRequestsException", TOO_MANY):
        confirm(limited, limited.inbox.code("ann@example.com"))
    with refused("TooManyRequestsException", TOO_MANY):
        client_at(HOME).confirm_sign_up(ClientId=limited.client_id, Username="ann", ConfirmationCode="000000")


def confirm(app: App, code: str) -> None:
    """Answer with a code for a new password."""
    client_at(HOME).confirm_forgot_password(
        ClientId=app.client_id, Username="ann", ConfirmationCode=code, Password="Another-Horse-9!"
    )


def test_codes_that_stand_for_a_password_count_too(idp: Any, inbox: Inbox, settings: Settings) -> None:
    trust_one_proxy(settings)
    settings.COGNITO = {**settings.COGNITO, "GUESSES_PER_ADDRESS": LIMIT}
    app = make_app(idp, inbox, **policies("PASSWORD", "EMAIL_OTP"))
    app.sign_up("ann")
    client_id = app.client(ExplicitAuthFlows=CHOICE_FLOWS)["ClientId"]
    given = {"USERNAME": "ann", "PREFERRED_CHALLENGE": "EMAIL_OTP"}
    found = client_at(HOME).initiate_auth(ClientId=client_id, AuthFlow="USER_AUTH", AuthParameters=given)

    def answer(code: str) -> Any:
        return client_at(HOME).respond_to_auth_challenge(
            ClientId=client_id,
            ChallengeName="EMAIL_OTP",
            Session=found["Session"],
            ChallengeResponses={"USERNAME": "ann", "EMAIL_OTP_CODE": code},
        )

    right = inbox.code("ann@example.com")
    for _ in range(LIMIT):
        with refused("CodeMismatchException"):
            answer(f"{(int(right) + 1) % 100_000_000:08d}")
    with refused("TooManyRequestsException", TOO_MANY):
        answer(right)


def test_it_can_be_switched_off(limited: App, settings: Settings) -> None:
    settings.COGNITO = {**settings.COGNITO, "GUESSES_PER_ADDRESS": None}
    for number in range(LIMIT + 2):
        with refused("UserNotFoundException"):
            attempt(limited, f"nobody{number}")


def fill(app: App, users: int, prefix: str = "user") -> None:
    """Create users; every tenth has the password that will be tried."""
    model = PoolUser.objects.get(username="ann")
    known = passwords.hash_password(GUESS)
    PoolUser.objects.bulk_create(
        (
            PoolUser(
                pool_id=app.pool_id,
                username=f"{prefix}{number}",
                username_key=f"{prefix}{number}",
                sub=ids.uuid4(),
                status=model.status,
                password_hash=known if number % 10 == 9 else model.password_hash,
                created_at=model.created_at,
                modified_at=model.modified_at,
            )
            for number in range(users)
        ),
        batch_size=1000,  # PostgreSQL takes 65,535 parameters
    )


def spray(app: App, users: int, limit: int) -> None:
    """Try one password on many users in parallel, and look at what that did."""
    public = client_at(HOME)
    names = iter([f"user{number}" for number in range(users)])
    counted = in_parallel(users, lambda: code_of(lambda: attempt(app, next(names), public=public)))
    wrong, right = counted["NotAuthorizedException"], counted["ok"]
    print(f"T5: {users} users, limit {limit}: {dict(counted)}")  # the figures of the slow run
    # The guesses in flight when the last one is counted are looked at as well: one for each password slot.
    assert limit <= wrong <= limit + 4, counted
    # Every tenth user has that password, and one more may be looked at in each slot.
    assert right <= wrong // 10 + 4
    assert counted["TooManyRequestsException"] == users - wrong - right
    # Nobody is locked, and what was refused is counted against no name.
    assert SignInThrottle.objects.count() == wrong
    assert {row.failures for row in SignInThrottle.objects.all()} == {1}
    assert code_of(lambda: attempt(app, "ann", PASSWORD)) == "TooManyRequestsException"
    assert code_of(lambda: attempt(app, "ann", PASSWORD, ip=AWAY)) == "ok"
    assert code_of(lambda: attempt(app, "user0", PASSWORD, ip=AWAY)) == "ok"


def test_one_password_on_many_users(limited: App) -> None:
    fill(limited, 100)
    spray(limited, 100, LIMIT)


@pytest.mark.slow
def test_one_password_on_five_thousand_users(limited: App, settings: Settings) -> None:
    settings.COGNITO = {**settings.COGNITO, "GUESSES_PER_ADDRESS": 1000}
    fill(limited, 5000)
    spray(limited, 5000, 1000)
