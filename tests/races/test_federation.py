"""Sign-ins by providers that happen at the same time: one answer is spent once, one identity makes one user."""

from __future__ import annotations

from collections import Counter

import pytest
from django.test import Client

from cognito_app.models import BrowserSession, GroupMembership, LinkedIdentity, PoolUser
from tests.clients.identity_provider import IdentityProvider, parameters
from tests.clients.parallel import in_parallel
from tests.clients.providers import at, link
from tests.federation.conftest import journey, provider  # noqa: F401  # fixtures
from tests.federation.journey import Journey

pytestmark = pytest.mark.django_db(transaction=True)


def outcome(location: str) -> str:
    """Return what an answer came to."""
    found = parameters(location)
    return "code" if "code" in found else found.get("error", location)


def test_an_answer_is_spent_once_by_parallel_requests(journey: Journey) -> None:  # noqa: F811
    answer = journey.consent(journey.leave())
    cookies = journey.browser.cookies

    def attempt(_: int) -> str:
        browser = Client()
        browser.cookies = cookies
        return outcome(journey.come_back(answer, browser)["Location"])

    outcomes = Counter(in_parallel(attempt))
    assert outcomes == {"code": 1, "sign_in_lost": 11}
    assert journey.provider.paths().count("/token") == 1
    assert BrowserSession.objects.count() == 1


def test_first_sign_ins_from_many_browsers_make_one_user(journey: Journey) -> None:  # noqa: F811
    address = f"/{journey.app.pool_id}/oauth2/authorize"
    ready = []
    for _ in range(8):
        browser = Client()
        location = browser.get(address, journey.site.request(identity_provider="Corp"))["Location"]
        ready.append((browser, journey.consent(location)))

    def attempt(number: int) -> str:
        browser, answer = ready[number]
        return outcome(journey.come_back(answer, browser)["Location"])

    assert Counter(in_parallel(attempt, 8)) == {"code": 8}
    assert PoolUser.objects.count() == 1
    assert LinkedIdentity.objects.count() == 1
    assert GroupMembership.objects.count() == 1
    assert BrowserSession.objects.count() == 8


def test_a_link_by_an_attribute_is_bound_to_one_subject(
    journey: Journey,  # noqa: F811
    provider: IdentityProvider,  # noqa: F811
) -> None:
    journey.app.sign_up("ann")
    link(journey.app, at("Corp", "shared@corp.example", "email"), "ann")
    provider.profile = {"email": "shared@corp.example"}
    address = f"/{journey.app.pool_id}/oauth2/authorize"
    ready = []
    for number in range(6):
        browser = Client()
        provider.subject = f"u-{number}"
        location = browser.get(address, journey.site.request(identity_provider="Corp"))["Location"]
        ready.append((browser, journey.consent(location)))

    def attempt(number: int) -> str:
        browser, answer = ready[number]
        return outcome(journey.come_back(answer, browser)["Location"])

    assert Counter(in_parallel(attempt, 6)) == {"code": 6}
    links = LinkedIdentity.objects.select_related("user")
    assert Counter((row.user.username == "ann", row.primary) for row in links) == {(True, False): 1, (False, True): 5}
