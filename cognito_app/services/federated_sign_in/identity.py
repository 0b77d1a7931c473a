"""What a provider proved: who it is that signs in, and what it says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cognito_app.core import subjects
from cognito_app.models import IdentityProvider
from cognito_app.services import acr, attributes
from cognito_app.services.config import PoolConfig
from cognito_app.services.federated_sign_in.refusals import FederationRefused
from cognito_app.triggers.inbound_federation import Assertion

NO_SUBJECT = "The identity provider sent no valid identifier of the user."


@dataclass(frozen=True, slots=True)
class ProvenIdentity:
    """A user of a provider after every check of the protocol.

    ``session`` is what signing out at the provider will need; ``methods`` are those that tokens name.
    """

    provider: IdentityProvider
    subject: str = field(repr=False)
    assertion: Assertion
    session: Mapping[str, Any] = field(default_factory=dict, repr=False)
    methods: tuple[str, ...] = (acr.FEDERATED,)

    def username(self, pool: PoolConfig) -> str:
        """Return the name of the user that a first sign-in makes: all lower case where case does not count."""
        name = f"{self.provider.name}_{self.subject}"
        return name if pool.case_sensitive else name.lower()


def prove(
    pool: PoolConfig,
    provider: IdentityProvider,
    subject: Any,
    assertion: Assertion,
    session: Mapping[str, Any] | None = None,
    *,
    methods: tuple[str, ...] = (acr.FEDERATED,),
) -> ProvenIdentity:
    """Return an identity whose subject can be the name of a user. Raises FederationRefused."""
    if not isinstance(subject, str) or not subjects.is_subject(subject):
        raise FederationRefused(NO_SUBJECT)
    identity = ProvenIdentity(provider, subject, assertion, session or {}, methods)
    if len(identity.username(pool)) > attributes.LONGEST_USERNAME:
        raise FederationRefused(NO_SUBJECT)
    return identity
