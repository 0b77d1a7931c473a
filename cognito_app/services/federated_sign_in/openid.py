"""Sign-in at social and OpenID Connect providers: the way there, and what the browser brings back.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-oidc-flow.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from cognito_app.federation import flow
from cognito_app.federation.flow import ProviderError
from cognito_app.models import IdentityProvider
from cognito_app.services import acr
from cognito_app.services.authorization import NOT_ENABLED, AuthorizeRequest
from cognito_app.services.config import PoolConfig
from cognito_app.services.federated_sign_in import relations
from cognito_app.services.federated_sign_in.identity import ProvenIdentity, prove
from cognito_app.services.federated_sign_in.journey import Departure, Redirect
from cognito_app.services.federated_sign_in.refusals import FederationRefused, told_by_provider
from cognito_app.services.federated_sign_in.transactions import Transaction
from cognito_app.services.provider_details import SOCIAL
from cognito_app.triggers.inbound_federation import Assertion

TYPES = frozenset({"OIDC", *SOCIAL})
"""The types of providers that speak these protocols."""

log = structlog.get_logger(__name__)

TOKEN_TIMEOUT = "Timeout occurred in calling IdP token endpoint"  # noqa: S105  # a message
KEYS_TIMEOUT = "Timeout in calling jwks uri"
CONNECTION = "Connection reset"
NO_CODE = "The identity provider sent no authorization code."


def depart(departure: Departure) -> Redirect:
    """Return where a sign-in at a provider begins. Raises FederationRefused."""
    provider = departure.provider
    relation = relations.of(provider, departure.base, _extra(departure.pool, provider, departure.request), {})
    try:
        location, memory = flow.begin(relation, departure.state)
    except ProviderError as error:
        raise _refusal(provider, error) from None
    return Redirect(location, {"memory": memory, "base": departure.base, "provider": provider.pk})


def _extra(pool: PoolConfig, provider: IdentityProvider, request: AuthorizeRequest) -> dict[str, str]:
    """Return what is passed on of the client's request; hints of names and levels go to OIDC providers alone."""
    extra = {}
    prompts = " ".join(prompt for prompt in request.prompts if prompt != "none")
    if prompts:
        extra["prompt"] = prompts
    if provider.type == "OIDC":
        if request.login_hint:
            extra["login_hint"] = request.login_hint
        levels = [provider.acr_mapping.get(f"Level{level}") for level in request.levels]
        values = " ".join(dict.fromkeys(value for value in levels if value))
        if values:
            extra["acr_values"] = values
    return extra


def arrived(
    pool: PoolConfig, provider: IdentityProvider, transaction: Transaction, state: str, answer: Mapping[str, str]
) -> ProvenIdentity:
    """Return who came back from a provider with an answer. Raises FederationRefused."""
    if "error" in answer:
        raise told_by_provider(answer["error"], answer.get("error_description", ""))
    if not answer.get("code"):
        raise FederationRefused(NO_CODE)
    data = transaction.data
    if data["provider"] != provider.pk:
        # Another one has its name now: the code is not for that one.
        raise FederationRefused(NOT_ENABLED)
    try:
        relation = relations.of(provider, data["base"], {}, answer)
        said = flow.complete(relation, state, data["memory"], answer)
    except ProviderError as error:
        raise _refusal(provider, error) from None
    subject = relations.subject_of(provider, said.claims, said.user_info)
    assertion = Assertion(provider.name, provider.type, said.claims, said.token_response, said.user_info)
    return prove(pool, provider, subject, assertion, methods=_methods(provider, said.claims.get("acr")))


def _methods(provider: IdentityProvider, level: Any) -> tuple[str, ...]:
    """Return what the sign-in counts for: the level that the provider names, the lowest for any other."""
    known = {value: int(name.removeprefix("Level")) for name, value in provider.acr_mapping.items()}
    return acr.vouched(known.get(level, 1)) if isinstance(level, str) and known else (acr.FEDERATED,)


def _refusal(provider: IdentityProvider, error: ProviderError) -> FederationRefused:
    """Word an error as AWS does, where it says how; operators find more of it in the log."""
    log.warning(
        "federation_failed",
        pool_id=provider.pool_id,
        provider=provider.name,
        stage=error.stage,
        reason=error.reason,
        status=error.status,
        provider_code=error.provider_code[:64],
        claim=error.claim[:64],
    )
    if error.stage == "token_validation":
        if error.reason == "timeout":
            return FederationRefused(KEYS_TIMEOUT)
        what = f": {error.claim}" if error.claim else ""
        return FederationRefused(f"{provider.name} Error - invalid ID token{what}")
    if error.reason == "timeout":
        return FederationRefused(TOKEN_TIMEOUT if error.stage == "token_exchange" else "Read timed out")
    if error.reason == "connection_failed":
        return FederationRefused(CONNECTION)
    status = error.status or 400
    if provider.type == "Google" and error.stage == "token_exchange":
        return FederationRefused(f"Google Error - {status} {error.provider_code or error.reason}")
    what = {"token_exchange": "getting token", "user_info": "getting user info"}.get(error.stage, error.reason)
    return FederationRefused(f"{provider.name} Error - {status} error {what}")
