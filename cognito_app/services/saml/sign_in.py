"""Who it is that comes from a SAML provider, asked for or not.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-SAML-session-initiation.html
"""

from __future__ import annotations

import structlog

from cognito_app.core.saml_response import UNSOLICITED, Assertion
from cognito_app.core.saml_xml import Reason, SamlError
from cognito_app.errors import ResourceNotFoundException
from cognito_app.models import IdentityProvider
from cognito_app.services import providers
from cognito_app.services.authorization import AuthorizeRequest
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.federated_sign_in import departure
from cognito_app.services.federated_sign_in.identity import ProvenIdentity, prove
from cognito_app.services.federated_sign_in.refusals import FederationRefused, TransactionLost
from cognito_app.services.federated_sign_in.transactions import Transaction
from cognito_app.services.saml import logout, responses
from cognito_app.triggers import inbound_federation

SAML = "SAML"
ERROR = "server_error"
RECEIVED = "Invalid SAML response received: "
REFUSALS = {
    Reason.UNUSABLE: "The response is malformed.",
    Reason.EXPIRED: "The assertion has expired.",
    Reason.EARLY: "The assertion is not valid yet.",
    Reason.ISSUER: "The issuer is not the identity provider.",
    Reason.SIGNATURE: "SAML Response signature is invalid.",
    Reason.RECIPIENT: "The recipient is not this user pool.",
    Reason.AUDIENCE: "Audience restriction was not found or does not name this user pool.",
    Reason.REQUEST: (
        "InResponseTo attribute in the SAML response does not match the ID that was sent with the SAML authentication "
        "request"
    ),
    Reason.STATUS: "The identity provider reported a failure.",
    Reason.PLAIN: "Responses must contain exactly one Encrypted Assertion",
    Reason.ENCRYPTED: "The encrypted response is not valid.",
    Reason.REPLAYED: "The assertion has been used before.",
}

log = structlog.get_logger(__name__)


def answered(pool: PoolConfig, transaction: Transaction, text: str) -> ProvenIdentity:
    """Return who comes back from a sign-in that began here. Raises FederationRefused, TransactionLost."""
    try:
        provider = providers.find(pool, transaction.provider_name)
    except ResourceNotFoundException:
        raise TransactionLost from None
    if provider.type != SAML:
        raise TransactionLost
    data = transaction.data
    return _identity(pool, provider, text, base=data["base"], answer_to=data["request_id"])


def unsolicited(
    pool: PoolConfig, client: ClientConfig, request: AuthorizeRequest, text: str, *, base: str
) -> ProvenIdentity:
    """Return who comes from a provider that may begin sign-ins; ``request`` is what RelayState asked for.

    Raises FederationRefused, and TransactionLost for a provider that may not.
    """
    provider = departure.named(pool, client, request)
    if provider is None or provider.type != SAML or provider.details.get("IDPInit") != "true":
        raise TransactionLost
    return _identity(pool, provider, text, base=base, answer_to=UNSOLICITED)


def _identity(pool: PoolConfig, provider: IdentityProvider, text: str, *, base: str, answer_to: str) -> ProvenIdentity:
    try:
        assertion = responses.accept(provider, text, base=base, answer_to=answer_to)
    except SamlError as error:
        log.warning("saml_response_refused", pool_id=pool.id, provider=provider.name, reason=str(error))
        named = f" ({', '.join(error.statuses)})" if error.statuses else ""
        raise FederationRefused(RECEIVED + REFUSALS[error.reason] + named, ERROR) from None
    said = inbound_federation.Assertion(provider.name, SAML, _claims(assertion))
    return prove(pool, provider, assertion.name_id, said, logout.remember(provider, assertion))


def _claims(assertion: Assertion) -> dict[str, str | list[str]]:
    """Return the attributes by name: those with one value as text."""
    return {
        name: values[0] if len(values) == 1 else list(values) for name, values in assertion.attributes.items() if values
    }
