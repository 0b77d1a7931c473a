"""The way of a proven identity to a browser session: InboundFederation, mapping, the user, triggers, the session.

The order of triggers: InboundFederation, PreSignUp, PostConfirmation at the first sign-in; InboundFederation,
PreAuthentication, PostAuthentication at later ones. None runs in a transaction.
Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from cognito_app.core import clock, ids
from cognito_app.errors import NotAuthorizedException, ServiceError, UserNotFoundException
from cognito_app.models import PoolUser, user_rows
from cognito_app.services import events, new_users, occasions, pool_triggers, sessions, sign_up, throttle
from cognito_app.services.actor import Actor
from cognito_app.services.authorization import NOT_ENABLED
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.federated_sign_in import accounts, mapping
from cognito_app.services.federated_sign_in.identity import ProvenIdentity
from cognito_app.services.federated_sign_in.refusals import FederationRefused
from cognito_app.services.sign_in.state import DISABLED, Proof, SignedIn
from cognito_app.services.trigger_events import attributes_of
from cognito_app.triggers import authentication, inbound_federation
from cognito_app.triggers import sign_up as triggers

CATEGORY = "UserFederation"
NO_ALIASES = {"cognito:email_alias": "", "cognito:phone_number_alias": ""}


def sign_in(
    pool: PoolConfig,
    client: ClientConfig,
    actor: Actor,
    identity: ProvenIdentity,
    *,
    replaced: str | None = None,
) -> SignedIn:
    """Sign a proven identity in: its user is made or brought up to date, and gets a browser session.

    ``replaced`` is the session cookie that the browser had; the result is the value of the new one.
    Raises FederationRefused, NotAuthorizedException, InvalidParameterException, AliasExistsException,
    TooManyRequestsException, and as ``triggers.invoke.call``; ``refusals.to_client`` words them all.
    """
    throttle.count(CATEGORY, pool=pool)
    if identity.provider.name not in client.identity_providers:
        raise FederationRefused(NOT_ENABLED)
    said = _mapped(pool, client, actor, identity)
    user = accounts.find(pool, identity, said)
    made = _first(pool, client, actor, identity, said) if user is None else None
    if made is None:
        user = user or accounts.find(pool, identity, said)
        made = _again(pool, client, actor, user, said)
    return _end(pool, client, actor, identity, made, replaced)


def _mapped(pool: PoolConfig, client: ClientConfig, actor: Actor, identity: ProvenIdentity) -> dict[str, str]:
    """Return the pool's attributes that the sign-in brings, whether the client may write them or not."""
    caller = pool_triggers.caller(pool, client.id, actor)
    changed = inbound_federation.transform(caller, identity.username(pool), identity.assertion)
    if changed is None:
        return mapping.mapped(pool, identity.provider, mapping.claims_of(identity.assertion))
    return {**mapping.named_directly(pool, changed), **mapping.mapped(pool, identity.provider, changed)}


def _first(
    pool: PoolConfig, client: ClientConfig, actor: Actor, identity: ProvenIdentity, said: Mapping[str, str]
) -> PoolUser | None:
    """Make the user, if PreSignUp allows it; None if the identity leads to a user by now."""
    user = accounts.built(pool, identity, mapping.writable(pool, client, said))
    occasion = occasions.of(pool, client.id, actor, occasions.SIGN_UP)
    shown = {name: value for name, value in user.attributes.items() if name != "sub"}
    decided = triggers.pre_sign_up(occasion.caller, triggers.EXTERNAL_PROVIDER, user.username, {**NO_ALIASES, **shown})
    if accounts.find(pool, identity, said) is not None:
        return None  # the function linked the identity (AdminLinkProviderForUser)
    new_users.mark_verified(user, decided)
    made = accounts.create(pool, actor, identity, user)
    if made is not None:
        sign_up.tell_confirmed(occasion, made)
        made = user_rows.by_id(made.pk)
    return made


def _again(
    pool: PoolConfig, client: ClientConfig, actor: Actor, user: PoolUser | None, said: Mapping[str, str]
) -> PoolUser:
    """Bring a user up to date, between PreAuthentication and PostAuthentication."""
    if user is None:
        raise FederationRefused("The user was changed at the same time.")
    if not user.enabled:
        events.record(user, actor, events.SIGN_IN, passed=False, challenges=[], client_id=client.id)
        raise NotAuthorizedException(DISABLED)
    caller = pool_triggers.caller(pool, client.id, actor)
    hides = False if client.hides_users else None
    try:
        authentication.before(caller, user.username, attributes_of(user), user_not_found=hides)
        user = accounts.update(pool, _present(user), mapping.writable(pool, client, said))
        authentication.after(caller, user.username, attributes_of(user), new_device=bool(pool.devices))
    except UserNotFoundException:
        raise  # there is nobody whose event it could be
    except ServiceError:
        events.record(user, actor, events.SIGN_IN, passed=False, challenges=[], client_id=client.id)
        raise
    return _present(user)


def _present(user: PoolUser) -> PoolUser:
    """Return the user as a function left them. Raises UserNotFoundException."""
    fresh = user_rows.by_id(user.pk)
    if fresh is None:
        raise UserNotFoundException
    return fresh


def _end(
    pool: PoolConfig,
    client: ClientConfig,
    actor: Actor,
    identity: ProvenIdentity,
    user: PoolUser | None,
    replaced: str | None,
) -> SignedIn:
    proof = Proof(user=_given(user), methods=identity.methods, time=clock.now(), event_id=ids.uuid4())
    with transaction.atomic():
        stored = user_rows.hold(proof.user.pk)
        if stored is None or not stored.enabled:
            raise NotAuthorizedException(DISABLED)
        events.record(
            proof.user, actor, events.SIGN_IN, passed=True, event_id=proof.event_id, challenges=[], client_id=client.id
        )
        cookie = sessions.start(
            pool,
            client,
            actor,
            proof.user,
            proof.methods,
            proof.time,
            replaced=replaced,
            provider=identity.provider.name,
            provider_session=identity.session,
        )
    return SignedIn(proof=proof, result=cookie)


def _given(user: PoolUser | None) -> PoolUser:
    if user is None:
        raise UserNotFoundException
    return user
