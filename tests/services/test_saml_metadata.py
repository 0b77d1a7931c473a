"""Metadata of SAML providers is read again in the background (spec/endpoints.md FE-20)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from pytest_django import Settings

from cognito_app.core import saml_metadata as documents
from cognito_app.models import AuditEvent, IdentityProvider
from cognito_app.services.saml import metadata as saml_metadata
from tests.clients.assertions import FOREIGN_CERTIFICATE
from tests.clients.providers import CERTIFICATE, Page, add, add_saml, change, describe, metadata, serving
from tests.conftest import App

pytestmark = pytest.mark.django_db

AT = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def private(settings: Settings) -> None:
    """Let the fetcher reach the loopback."""
    settings.COGNITO = {**settings.COGNITO, "OUTGOING_PRIVATE_NETWORKS": True}


def _page(document: str) -> Page:
    return 200, {}, document.encode()


def _row() -> Any:
    return IdentityProvider.objects.get()


def test_metadata_is_read_again_after_six_hours(app: App) -> None:
    pages = {"/metadata": _page(metadata())}
    with serving(pages) as (address, asked), time_machine.travel(AT, tick=False) as clock:
        add(app, "Corp", "SAML", {"MetadataURL": f"{address}/metadata"})
        encryption = describe(app, "Corp")["ProviderDetails"]["ActiveEncryptionCertificate"]
        pages["/metadata"] = _page(metadata(signing=(CERTIFICATE, FOREIGN_CERTIFICATE), sso="https://idp.test/new"))
        clock.shift(timedelta(hours=6) - timedelta(seconds=1))
        assert saml_metadata.refresh_due() == 0
        assert len(asked) == 1
        clock.shift(timedelta(seconds=1))
        assert saml_metadata.refresh_due() == 1
        assert saml_metadata.refresh_due() == 0
        assert len(asked) == 2
    assert _row().metadata["certificates"] == [CERTIFICATE, FOREIGN_CERTIFICATE]
    details = describe(app, "Corp")["ProviderDetails"]
    assert details["SSORedirectBindingURI"] == "https://idp.test/new"
    assert details["ActiveEncryptionCertificate"] == encryption
    assert AuditEvent.objects.filter(action="RefreshMetadata", subject="Corp").count() == 1


@pytest.mark.parametrize("page", [(500, {}, b""), (200, {}, b"<a"), (404, {}, b"")])
def test_the_last_good_copy_stays_in_force(app: App, page: Page) -> None:
    pages = {"/metadata": _page(metadata())}
    with serving(pages) as (address, _), time_machine.travel(AT, tick=False) as clock:
        add(app, "Corp", "SAML", {"MetadataURL": f"{address}/metadata"})
        before = _row().metadata
        pages["/metadata"] = page
        clock.shift(timedelta(hours=7))
        assert saml_metadata.refresh_due() == 0
        assert _row().metadata == before
        assert _row().metadata_due_at == clock_now() + saml_metadata.RETRIED_AFTER
        pages["/metadata"] = _page(metadata(slo=None))
        clock.shift(saml_metadata.RETRIED_AFTER)
        assert saml_metadata.refresh_due() == 1
    assert _row().metadata["slo_redirect"] is None


def clock_now() -> datetime:
    """Return the travelled time."""
    return datetime.now(UTC)


@pytest.mark.parametrize(
    ("said", "stays"),
    [
        ('validUntil="2030-01-01T13:00:00Z"', timedelta(hours=1)),
        ('validUntil="2030-01-09T13:00:00Z"', timedelta(hours=6)),
        ('validUntil="2029-01-01T13:00:00Z"', timedelta(minutes=5)),
        ('cacheDuration="PT2H"', timedelta(hours=2)),
        ('cacheDuration="P3D" validUntil="2030-01-01T16:00:00Z"', timedelta(hours=4)),
        ('cacheDuration="soon" validUntil="never"', timedelta(hours=6)),
        ('cacheDuration="P999999999D"', timedelta(hours=6)),
    ],
)
def test_a_provider_says_how_long_its_metadata_is_good(app: App, said: str, stays: timedelta) -> None:
    document = metadata().replace("entityID=", f"{said} entityID=", 1)
    with serving({"/m": _page(document)}) as (address, _), time_machine.travel(AT, tick=False):
        add(app, "Corp", "SAML", {"MetadataURL": f"{address}/m"})
    assert _row().metadata_due_at == AT + stays


def test_an_end_may_stand_at_any_level() -> None:
    document = metadata().replace("<md:IDPSSODescriptor", '<md:IDPSSODescriptor validUntil="2030-01-01T12:30:00"', 1)
    assert documents.parse(document.encode(), AT).stale_at == AT + timedelta(minutes=30)


def test_metadata_from_a_file_is_not_read_again(app: App) -> None:
    pages = {"/metadata": _page(metadata())}
    with serving(pages) as (address, asked), time_machine.travel(AT, tick=False) as clock:
        add_saml(app, "Corp")
        assert _row().metadata_due_at is None
        change(app, "Corp", ProviderDetails={"MetadataURL": f"{address}/metadata"})
        assert _row().metadata_due_at is not None
        change(app, "Corp", ProviderDetails={"MetadataFile": metadata()})
        clock.shift(timedelta(days=1))
        assert saml_metadata.refresh_due() == 0
    assert asked == ["/metadata"]
