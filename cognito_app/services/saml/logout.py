"""Signing a user out at the SAML provider that signed them in, on the way to where a sign-out leads.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-saml-idp-sign-out.html
Nothing is stored meanwhile: what must be known again travels sealed as RelayState, and is good once.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

import structlog

from cognito_app.core import clock, keyring, saml_logout, saml_request
from cognito_app.core.keyring import SealError
from cognito_app.core.saml_logout import ExpectedAnswer
from cognito_app.core.saml_response import Assertion
from cognito_app.core.saml_xml import SamlError
from cognito_app.models import BrowserSession, IdentityProvider, SpentNonce
from cognito_app.services import signing_certificates
from cognito_app.services.config import PoolConfig
from cognito_app.services.saml import service_provider

LIFETIME = timedelta(minutes=5)
SEALED = "saml"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SamlSession:
    """How a provider names its session of a user."""

    provider: str
    name_id: str
    name_attributes: dict[str, str]
    session_index: str | None


def remember(provider: IdentityProvider, assertion: Assertion) -> dict[str, str]:
    """Return what signing out at a provider needs of the assertion that signed the user in, sealed."""
    session = SamlSession(provider.name, assertion.name_id, assertion.name_attributes, assertion.session_index)
    return {SEALED: keyring.pack(asdict(session), aad=_session_context(provider.pool_id))}


def begin(pool: PoolConfig, session: BrowserSession | None, *, target: str) -> str | None:
    """Return where a browser must go to be signed out at its provider before it goes on to ``target``.

    None where nobody has to be told: another kind of session, or a provider without ``IDPSignout``.
    """
    at_provider = _remembered(pool, session)
    if at_provider is None:
        return None
    provider = _provider(pool, at_provider.provider)
    if provider is None or provider.details.get("IDPSignout") != "true" or not provider.metadata.get("slo_redirect"):
        return None
    request_id = saml_request.new_id()
    location = str(provider.metadata["slo_redirect"])
    request = saml_request.logout_request(
        request_id,
        issuer=service_provider.entity_id(pool.id),
        destination=location,
        name_id=at_provider.name_id,
        name_attributes=at_provider.name_attributes,
        session_index=at_provider.session_index,
        now=clock.now(),
    )
    state = {
        "provider": provider.name,
        "request": request_id,
        "session": at_provider.session_index,
        "target": target,
        "expires": int((clock.now() + LIFETIME).timestamp()),
    }
    relay_state = keyring.pack(state, aad=_state_context(pool.id))
    return saml_request.redirect_url(location, request, relay_state, signing_certificates.private_key(pool))


def _remembered(pool: PoolConfig, session: BrowserSession | None) -> SamlSession | None:
    """Return what a browser's session remembers, None if that is nothing, or sealed by a key that is gone."""
    try:
        sealed = session.provider_session[SEALED] if session is not None else ""
        return SamlSession(**keyring.unpack(sealed, aad=_session_context(pool.id)))
    except (KeyError, SealError):
        return None


def finish(pool: PoolConfig, text: str, relay_state: str, *, base: str) -> str:
    """Verify an answer that came to the pool's pages at ``base``; return where the browser wants to go.

    Raises SamlError.
    """
    try:
        return _finish(pool, text, relay_state, base + service_provider.SLO)
    except SamlError as error:
        log.warning("saml_logout_refused", pool_id=pool.id, reason=str(error))
        raise


def _finish(pool: PoolConfig, text: str, relay_state: str, address: str) -> str:
    state = _open_state(pool, relay_state)
    provider = _provider(pool, state["provider"])
    if provider is None:
        raise SamlError("the provider is gone")
    expected = ExpectedAnswer(
        entity_id=str(provider.metadata["entity_id"]),
        certificates=provider.metadata["certificates"],
        answer_to=state["request"],
        destination=address,
        session_index=state["session"],
    )
    saml_logout.verify(text, expected)
    spent = sha256(f"saml-logout:{pool.id}\n{state['request']}".encode()).hexdigest()
    if not SpentNonce.spend(spent, clock.from_epoch(state["expires"])):
        raise SamlError("an answer that was used before")
    return str(state["target"])


def _open_state(pool: PoolConfig, relay_state: str) -> dict[str, Any]:
    try:
        state = keyring.unpack(relay_state, aad=_state_context(pool.id))
    except SealError:
        raise SamlError("a RelayState of somebody else's") from None
    if state["expires"] <= clock.epoch():
        raise SamlError("an answer that came too late")
    return state


def _provider(pool: PoolConfig, name: str) -> IdentityProvider | None:
    return IdentityProvider.objects.filter(pool_id=pool.id, name=name, type="SAML").first()


def _session_context(pool_id: str) -> bytes:
    return f"saml-session:{pool_id}".encode()


def _state_context(pool_id: str) -> bytes:
    return f"saml-logout:{pool_id}".encode()
