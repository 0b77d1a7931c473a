"""Where SAML metadata is fetched from: never a forbidden address, as seen where connections are opened (T22)."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from cognito_app.core import clock
from cognito_app.models import IdentityProvider
from cognito_app.services.saml import metadata as saml_metadata
from tests.clients.providers import add, metadata, serving
from tests.conftest import App, refused

pytestmark = pytest.mark.django_db

FORBIDDEN = [
    "127.0.0.1",
    "127.1",
    "127.255.255.254",
    "localhost",
    "LOCALHOST.",
    "0.0.0.0",  # an address that must not be asked
    "0",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[fe80::1]",
    "[fc00::1]",
    "[fd12:3456::1]",
    "[ff02::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:db8::1]",
]
_watching: list[Any] | None = None


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching is not None and event == "socket.connect" and arguments[0].family != socket.AF_UNIX:
        _watching.append(arguments[1][0])


sys.addaudithook(_hook)


@contextmanager
def connections() -> Iterator[list[str]]:
    """Watch which addresses this process connects to."""
    global _watching  # an audit hook cannot be taken away
    seen: list[str] = []
    _watching = seen
    try:
        yield seen
    finally:
        _watching = None


@pytest.fixture(autouse=True)
def own_database() -> None:
    """Open the database's connection before anybody watches."""
    IdentityProvider.objects.exists()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_forbidden_addresses_are_not_connected_to(app: App, scheme: str) -> None:
    with connections() as seen:
        for host in FORBIDDEN:
            with refused("InvalidParameterException"):
                add(app, "Corp", "SAML", {"MetadataURL": f"{scheme}://{host}/metadata"})
    assert seen == []
    assert not IdentityProvider.objects.exists()


def test_the_watch_sees_connections(app: App, settings: Settings) -> None:
    settings.COGNITO = {**settings.COGNITO, "OUTGOING_PRIVATE_NETWORKS": True}
    with serving({"/m": (200, {}, metadata().encode())}) as (address, _), connections() as seen:
        add(app, "Corp", "SAML", {"MetadataURL": f"{address}/m"})
    assert seen == ["127.0.0.1"]


@pytest.mark.parametrize("others", [["127.0.0.1"], ["10.0.0.1", "::1"]])
def test_one_forbidden_address_of_a_name_is_enough(
    app: App, monkeypatch: pytest.MonkeyPatch, others: list[str]
) -> None:
    _names(monkeypatch, [["93.184.216.34", *others]])
    with connections() as seen, refused("InvalidParameterException"):
        add(app, "Corp", "SAML", {"MetadataURL": "https://rebound.example.com/metadata"})
    assert seen == []


def test_a_name_that_changes_its_mind_is_asked_once(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _names(monkeypatch, [["198.41.0.4"], ["127.0.0.1"]])
    monkeypatch.setattr("cognito_app.core.safe_http.SECONDS", 0.3)
    with connections() as seen, refused("InvalidParameterException"):
        add(app, "Corp", "SAML", {"MetadataURL": "http://rebound.example.com/metadata"})
    assert asked == ["rebound.example.com"]
    assert seen == ["198.41.0.4"]


def _names(monkeypatch: pytest.MonkeyPatch, answers: list[list[str]]) -> list[str]:
    """Answer questions for names one after the other; returns what is asked."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def answer(host: str, port: int, *more: Any, **given: Any) -> list[Any]:
        if host != "rebound.example.com":
            return list(real(host, port, *more, **given))
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answers[len(asked) - 1]]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked


def test_what_became_forbidden_is_not_read_again(app: App, settings: Settings) -> None:
    allowed = {**settings.COGNITO, "OUTGOING_PRIVATE_NETWORKS": True}
    forbidden = settings.COGNITO
    with serving({"/m": (200, {}, metadata().encode())}) as (address, asked):
        settings.COGNITO = allowed
        add(app, "Corp", "SAML", {"MetadataURL": f"{address}/m"})
        settings.COGNITO = forbidden
        before = IdentityProvider.objects.get().metadata
        IdentityProvider.objects.update(metadata_due_at=clock.now() - timedelta(seconds=1))
        with connections() as seen:
            assert saml_metadata.refresh_due() == 0
    assert seen == []
    assert len(asked) == 1
    assert IdentityProvider.objects.get().metadata == before


def test_a_redirect_does_not_lead_elsewhere(app: App, settings: Settings) -> None:
    settings.COGNITO = {**settings.COGNITO, "OUTGOING_PRIVATE_NETWORKS": True}
    pages: dict[str, Any] = {"/m": (200, {}, metadata().encode())}
    with serving(pages) as (inner, asked):
        moved = {"/m": (302, {"Location": f"{inner}/m"}, b"")}
        with serving(moved) as (outer, _), refused("InvalidParameterException"):
            add(app, "Corp", "SAML", {"MetadataURL": f"{outer}/m"})
    assert asked == []
