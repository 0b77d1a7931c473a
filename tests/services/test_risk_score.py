"""The points of an unusual sign-in, and the device in a User-Agent header."""

from __future__ import annotations

import pytest

from cognito_app.core import user_agent
from cognito_app.services import risk_score
from tests.agents import CHROME_WINDOWS, EDGE_WINDOWS, FIREFOX_LINUX, SAFARI_IPHONE

HOME = risk_score.sighting("192.0.2.10", CHROME_WINDOWS)


def level(ip: str, agent: str, *history: risk_score.Sighting) -> str | None:
    """Return the level of a sign-in beside earlier ones."""
    return risk_score.level(risk_score.points(risk_score.sighting(ip, agent), history))


def test_the_first_sign_in_is_no_risk() -> None:
    assert level("192.0.2.10", CHROME_WINDOWS) is None


@pytest.mark.parametrize(
    ("ip", "agent", "expected"),
    [
        ("192.0.2.10", CHROME_WINDOWS, None),
        ("192.0.2.250", CHROME_WINDOWS.replace("126", "127"), None),
        ("192.0.2.10", EDGE_WINDOWS, "Low"),
        ("198.51.100.1", CHROME_WINDOWS, "Low"),
        ("198.51.100.1", EDGE_WINDOWS, "Medium"),
        ("192.0.2.10", SAFARI_IPHONE, "Medium"),
        ("198.51.100.1", FIREFOX_LINUX, "High"),
    ],
)
def test_what_is_new_adds_points(ip: str, agent: str, expected: str | None) -> None:
    assert level(ip, agent, HOME) == expected


def test_every_earlier_sign_in_counts_as_known() -> None:
    other = risk_score.sighting("198.51.100.1", FIREFOX_LINUX)
    assert level("198.51.100.77", FIREFOX_LINUX, HOME, other) is None


def test_a_network_that_somebody_distrusts_adds_points() -> None:
    bad = risk_score.sighting("198.51.100.1", CHROME_WINDOWS, trusted=False)
    assert level("198.51.100.9", CHROME_WINDOWS, HOME, bad) == "High"
    assert level("192.0.2.10", CHROME_WINDOWS, HOME, bad) is None


def test_a_sign_in_that_somebody_trusts_is_known() -> None:
    good = risk_score.sighting("198.51.100.1", FIREFOX_LINUX, trusted=True)
    assert level("198.51.100.9", FIREFOX_LINUX, HOME, good) is None


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2ff::1", "2001:db8:1:200::/56"),
        ("fe80::1%eth0", "fe80::/56"),
        ("not an address", ""),
        ("", ""),
    ],
)
def test_networks(ip: str, network: str) -> None:
    assert risk_score.network_of(ip) == network


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (CHROME_WINDOWS, "Chrome 126, Windows 10"),
        (EDGE_WINDOWS, "Edge 126, Windows 10"),
        (FIREFOX_LINUX, "Firefox 127, Linux"),
        (SAFARI_IPHONE, "Safari 17, iOS 17"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/17.5 Safari/605.1.15",
            "Safari 17, Mac OS X 10.15",
        ),
        (
            "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
            "Mobile Safari/537.36",
            "Chrome 126, Android 14",
        ),
        ("Boto3/1.44.5 md/Botocore#1.44.5 ua/2.1 os/linux#6.1 lang/python#3.11", "Boto3 1, Linux"),
        ("Mozilla/5.0 (compatible)", "Other, Other"),
        ("", "Other, Other"),
        ("<script>/1", "Other, Other"),
    ],
)
def test_device_names(agent: str, name: str) -> None:
    assert user_agent.parse(agent).name == name
