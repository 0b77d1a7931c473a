"""Which providers a client's sign-in page shows: as buttons, or found by the domain of an email address.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-managing-saml-idp-naming.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cognito_app.models import IdentityProvider
from cognito_app.services.branding import looks
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.provider_details import SOCIAL

MAX_IN_MEMORY = 2000
TITLES = {"LoginWithAmazon": "Amazon", "SignInWithApple": "Apple"}
FEDERATED = "FEDERATED"


@dataclass(frozen=True, slots=True)
class Choice:
    """A provider of the page; ``title`` is the name that people know."""

    name: str
    title: str
    social: bool


@dataclass(frozen=True, slots=True)
class Choices:
    """The providers with a button, whether others are found by an email domain, and where all of it stands.

    ``origins`` are those of the providers that the form for the domain may lead to.
    """

    buttons: tuple[Choice, ...] = ()
    search: bool = False
    first: bool = True
    origins: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.buttons) or self.search


_known: dict[tuple[str, str, bool], tuple[int, Choices]] = {}


def of(pool: PoolConfig, client: ClientConfig, *, classic: bool) -> Choices:
    """Return what a client's page offers; kept while nothing of the pool changed."""
    key = (pool.id, client.id, classic)
    known = _known.get(key)
    if known is not None and known[0] == pool.version:
        return known[1]
    found = _read(pool, client, classic)
    if len(_known) >= MAX_IN_MEMORY:
        _known.clear()
    _known[key] = (pool.version, found)
    return found


def _read(pool: PoolConfig, client: ClientConfig, classic: bool) -> Choices:
    rows = IdentityProvider.objects.filter(pool_id=pool.id, name__in=client.identity_providers)
    by_name = {row.name: row for row in rows.defer("secret_sealed").prefetch_related("identifiers")}
    if not by_name:
        return Choices()
    settings = {} if classic else looks.authentication(pool, client.id)
    order = [*settings.get("federation", {}).get("order", ()), *client.identity_providers]
    listed = [by_name[name] for name in dict.fromkeys(order) if name in by_name]
    searched = _searched(listed, settings, classic)
    return Choices(
        buttons=tuple(
            Choice(row.name, TITLES.get(row.name, row.name), row.type in SOCIAL)
            for row in listed
            if row not in searched
        ),
        search=bool(searched),
        first=_comes_first(settings),
        origins=tuple(sorted({origin for row in searched if (origin := _origin(row))})),
    )


def _searched(rows: list[IdentityProvider], settings: Mapping[str, Any], classic: bool) -> list[IdentityProvider]:
    """Return the providers that an email domain leads to: they have no buttons then."""
    if classic:
        saml = [row for row in rows if row.type == "SAML"]
        return saml if saml and all(row.identifiers.all() for row in saml) else []
    by_domain = settings.get("federation", {}).get("interfaceStyle", "BUTTON_LIST") != "BUTTON_LIST"
    displays = [way.get("display") for way in _ways(settings) if way.get("type") == FEDERATED]
    return [row for row in rows if row.identifiers.all()] if by_domain or "INPUT" in displays else []


def _ways(settings: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [way for group in settings.get("authMethodOrder", ()) for way in group]


def _comes_first(settings: Mapping[str, Any]) -> bool:
    types = [way.get("type") for way in _ways(settings)]
    return not types or types[0] == FEDERATED


def _origin(row: IdentityProvider) -> str:
    address = row.details.get("SSORedirectBindingURI") or row.details.get("authorize_url") or ""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def identifier_of(pool: PoolConfig, client: ClientConfig, email: str) -> str | None:
    """Return the identifier that the domain of an email address is, None if no provider of the client has it."""
    domain = email.strip().rpartition("@")[2]
    rows = IdentityProvider.objects.filter(pool_id=pool.id, name__in=client.identity_providers)
    wanted: Iterable[str] = dict.fromkeys((domain, domain.lower()))
    return next(
        (name for name in wanted if name and len(name) <= 40 and rows.filter(identifiers__identifier=name).exists()),
        None,
    )
