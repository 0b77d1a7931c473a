"""A pool with an OIDC provider, and identities of it as a protocol proves them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cognito_app.models import LinkedIdentity, PoolUser
from cognito_app.services import authorization, config, providers
from cognito_app.services.actor import Actor
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.federated_sign_in import arrival
from cognito_app.services.federated_sign_in.identity import ProvenIdentity, prove
from cognito_app.services.sign_in.state import SignedIn
from cognito_app.triggers.inbound_federation import Assertion
from tests.clients.providers import OIDC, add
from tests.conftest import App
from tests.oauth.browser import Site

ACTOR = Actor(ip="192.0.2.7", user_agent="tests")
MAPPING = {"email": "mail", "name": "name"}


class Federation:
    """A pool whose client offers its own users and those of the provider ``Corp``."""

    def __init__(self, app: App, mapping: dict[str, str] | None = None, **client: Any) -> None:
        self.app = app
        self.name = "Corp"
        add(app, self.name, "OIDC", OIDC, AttributeMapping=MAPPING if mapping is None else mapping)
        self.site = Site(app, **{"SupportedIdentityProviders": ["COGNITO", self.name], **client})

    @property
    def pool(self) -> PoolConfig:
        """The pool's settings as they are now."""
        return config.pool(self.app.pool_id)

    @property
    def client(self) -> ClientConfig:
        """The client's settings as they are now."""
        return config.client(self.site.client["ClientId"])

    def request(self, **changes: str | None) -> authorization.AuthorizeRequest:
        """Return a checked authorization request."""
        given = {name: [value] for name, value in self.site.request(**changes).items()}
        return authorization.parse(self.pool, given)[0]

    def identity(self, subject: Any = "u-1", **claims: Any) -> ProvenIdentity:
        """Return what the provider proved of a user."""
        said = Assertion(self.name, "OIDC", {"sub": subject, **claims}, {"access_token": "at-1"})
        return prove(self.pool, providers.find(self.pool, self.name), subject, said)

    def sign_in(self, subject: str = "u-1", **claims: Any) -> SignedIn:
        """Let a user of the provider arrive."""
        return arrival.sign_in(self.pool, self.client, ACTOR, self.identity(subject, **claims))

    def arrive_as(self, identity: ProvenIdentity, **changes: Any) -> SignedIn:
        """Let an identity arrive that differs from what was proved."""
        return arrival.sign_in(self.pool, self.client, ACTOR, replace(identity, **changes))

    def user(self, username: str = "Corp_u-1") -> PoolUser:
        """Return a user of the pool."""
        return PoolUser.objects.get(pool_id=self.app.pool_id, username=username)

    def links(self) -> list[tuple[str, str, str, bool]]:
        """Return every link of the pool: user, attribute, subject, whether it made the user."""
        rows = LinkedIdentity.objects.filter(pool_id=self.app.pool_id).select_related("user")
        return [(row.user.username, row.attribute, row.subject, row.primary) for row in rows]
