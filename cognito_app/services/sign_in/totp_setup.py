"""Registering an authenticator app in the middle of a sign-in, by the session of MFA_SETUP."""

from __future__ import annotations

from dataclasses import dataclass, field

from cognito_app.core import totp
from cognito_app.errors import NotAuthorizedException
from cognito_app.models import PoolUser
from cognito_app.services import config, software_tokens
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.mfa_rules import TOTP
from cognito_app.services.sign_in import factors
from cognito_app.services.sign_in.resume import check_set_up_is_due, user_of
from cognito_app.services.sign_in.state import (
    INVALID_SESSION,
    Session,
    open_any_session,
    seal_session_for,
)


@dataclass(frozen=True, slots=True)
class Association:
    """A secret on its way into an authenticator app, and the session to verify it with."""

    secret: str = field(repr=False)
    session: str = field(repr=False)
    uri: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Setup:
    session: Session
    user: PoolUser
    client: ClientConfig
    pool: PoolConfig

    def renewed(self, **data: str | bool) -> str:
        """Return the session that follows."""
        given = {"factors": self.session.data["factors"], **data}
        session = self.session
        return seal_session_for(
            self.client, factors.SETUP, self.user, session.methods, given, progress=session.progress
        )


def _open(text: str) -> _Setup:
    session = open_any_session(text, factors.SETUP)
    client = config.client(session.client_id)
    pool = config.pool(client.pool_id)
    user = user_of(session)
    if TOTP not in session.data["factors"]:
        raise NotAuthorizedException(INVALID_SESSION)
    check_set_up_is_due(pool, user)
    return _Setup(session=session, user=user, client=client, pool=pool)


def associate(text: str) -> Association:
    """Make a secret for the user of a session; a session may do so again, until one secret is verified.

    Raises NotAuthorizedException, ResourceNotFoundException, SoftwareTokenMFANotFoundException.
    """
    setup = _open(text)
    return _association(setup, software_tokens.associate(setup.pool, setup.user))


def shown_again(text: str) -> Association:
    """Return the secret that this session was given, after a wrong code. Raises NotAuthorizedException."""
    setup = _open(text)
    known = setup.session.data.get("secret")
    if not known:
        raise NotAuthorizedException(INVALID_SESSION)
    return _association(setup, totp.from_text(known))


def _association(setup: _Setup, secret: bytes) -> Association:
    uri = totp.uri(secret, issuer=setup.pool.name, account=setup.user.username)
    return Association(secret=totp.to_text(secret), session=setup.renewed(secret=totp.to_text(secret)), uri=uri)


def verify(text: str, *, code: str, name: str | None = None) -> str:
    """Register the app by its first code, at once; returns the session that answers MFA_SETUP.

    Raises NotAuthorizedException, ResourceNotFoundException, EnableSoftwareTokenMFAException,
    SoftwareTokenMFANotFoundException, InvalidParameterException.
    """
    setup = _open(text)

    def guard(row: PoolUser) -> None:
        check_set_up_is_due(setup.pool, row)

    software_tokens.verify(setup.pool, setup.user, code=code, name=name, guard=guard)
    return setup.renewed(verified=True)
