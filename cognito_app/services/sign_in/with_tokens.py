"""Sign-in by the API: the engine's outcome as tokens, and the refresh flows, which have no challenges."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cognito_app.errors import InvalidParameterException, NotAuthorizedException, UnauthorizedException
from cognito_app.models import PoolUser
from cognito_app.services import clients, device_tracking, token_triggers, tokens
from cognito_app.services.actor import Actor
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.sign_in import engine, gates
from cognito_app.services.sign_in.state import Challenge, Context, Outcome, Proof
from cognito_app.services.tokens import Tokens
from cognito_app.triggers import token_generation

REFRESH_FLOWS = ("REFRESH_TOKEN_AUTH", "REFRESH_TOKEN")
# pycognito leaves it out here; the next answer carries it (spec/clients.md 44).
WITHOUT_SECRET_HASH = ("DEVICE_SRP_AUTH",)
SOURCES = {
    "NEW_PASSWORD_REQUIRED": token_generation.NEW_PASSWORD,
    "DEVICE_PASSWORD_VERIFIER": token_generation.DEVICE,
}
"""What PreTokenGeneration is told by the challenge that ended the sign-in."""


def _context(
    pool: PoolConfig,
    client: ClientConfig,
    actor: Actor,
    metadata: Mapping[str, str] | None,
    admin: bool,
    device_key: str | None,
    *,
    session: str | None = None,
    answering: bool = False,
) -> Context:
    def complete(proof: Proof) -> tokens.Grant:
        device = device_tracking.at_sign_in(pool, proof.user, proof.device_key, actor)
        return tokens.begin(
            pool,
            client,
            proof.user,
            auth_time=proof.time,
            event_id=proof.event_id,
            actor=actor,
            device=device,
            methods=proof.methods,
        )

    return Context(
        pool=pool,
        client=client,
        actor=actor,
        complete=complete,
        metadata=metadata or {},
        admin=admin,
        answering=answering,
        device_key=device_key,
        session=session,
    )


def start(
    pool: PoolConfig,
    client: ClientConfig,
    actor: Actor,
    *,
    flow: str,
    parameters: Mapping[str, str],
    metadata: Mapping[str, str] | None = None,
    admin: bool = False,
    session: str | None = None,
) -> Challenge | Tokens:
    """Run InitiateAuth or AdminInitiateAuth; ``session`` is that of a confirmed sign-up.

    Raises what ``engine.start`` raises.
    """
    if flow in REFRESH_FLOWS:
        return _refresh_flow(pool, client, actor, parameters)
    context = _context(pool, client, actor, metadata, admin, parameters.get("DEVICE_KEY"), session=session)
    engine.check_flow(context, flow)
    name = gates.parameter(parameters, "USERNAME")
    clients.verify_secret_hash(client, [name], parameters.get("SECRET_HASH"))
    return _tokens_of(context, engine.start(context, flow, parameters))


def respond(
    pool: PoolConfig,
    client: ClientConfig,
    actor: Actor,
    *,
    challenge: str,
    session: str | None,
    answers: Mapping[str, str],
    metadata: Mapping[str, str] | None = None,
    admin: bool = False,
) -> Challenge | Tokens:
    """Run RespondToAuthChallenge or AdminRespondToAuthChallenge. Raises what ``engine.respond`` raises."""
    context = _context(pool, client, actor, metadata, admin, answers.get("DEVICE_KEY"), answering=True)
    name = gates.parameter(answers, "USERNAME")
    if challenge not in WITHOUT_SECRET_HASH or "SECRET_HASH" in answers:
        clients.verify_secret_hash(client, [name], answers.get("SECRET_HASH"))
    source = SOURCES.get(challenge, token_generation.AUTHENTICATION)
    return _tokens_of(context, engine.respond(context, challenge, session, answers), source)


def _tokens_of(context: Context, outcome: Outcome, source: str = token_generation.AUTHENTICATION) -> Challenge | Tokens:
    if isinstance(outcome, Challenge):
        return outcome
    return token_triggers.sign(outcome.result, context.actor, source, context.client_metadata)


def _refresh_flow(pool: PoolConfig, client: ClientConfig, actor: Actor, parameters: Mapping[str, str]) -> Tokens:
    if "ALLOW_REFRESH_TOKEN_AUTH" not in client.flows or client.rotates:
        raise InvalidParameterException("Auth flow not enabled for this client")
    text = gates.parameter(parameters, "REFRESH_TOKEN")

    def check_secret_hash(user: PoolUser) -> None:
        names = [user.username, *(user.attributes.get(kind, "") for kind in ("email", "phone_number"))]
        clients.verify_secret_hash(client, [name for name in names if name], parameters.get("SECRET_HASH"))

    device_key = parameters.get("DEVICE_KEY")
    return renew(pool, client, text, actor=actor, check_user=check_secret_hash, device_key=device_key)


def renew(
    pool: PoolConfig,
    client: ClientConfig,
    text: str,
    *,
    actor: Actor,
    check_user: Callable[[PoolUser], None] | None = None,
    device_key: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Tokens:
    """Return new tokens for a refresh token, and its successor where the client rotates.

    Raises NotAuthorizedException or RefreshTokenReuseException.
    """
    grant = tokens.refresh(
        pool,
        client,
        text,
        actor=actor,
        check_user=check_user,
        device_key=device_key,
        customize=token_triggers.customizer(actor, token_generation.REFRESH, metadata),
    )
    return tokens.sign(grant)


def get_tokens(
    pool: PoolConfig,
    client: ClientConfig,
    actor: Actor,
    *,
    text: str,
    secret: str | None,
    device_key: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Tokens:
    """Run GetTokensFromRefreshToken. Raises NotAuthorizedException or RefreshTokenReuseException."""
    if not clients.verify_secret(client, secret):
        raise NotAuthorizedException(f"Unable to verify client secret for client {client.id}")
    return renew(pool, client, text, actor=actor, device_key=device_key, metadata=metadata)


def revoke(
    pool: PoolConfig, client: ClientConfig, *, text: str, secret: str | None, associated: str | None = None
) -> None:
    """Run RevokeToken; a token that is unknown or ended already is no error.

    ``associated`` is NONE or LINKED: whether the browser session that the token came through ends too.

    Raises UnauthorizedException, UnsupportedOperationException, UnsupportedTokenTypeException.
    """
    if not clients.verify_secret(client, secret):
        raise UnauthorizedException("Invalid client secret")
    tokens.revoke_text(pool, client, text, linked=associated == "LINKED")
