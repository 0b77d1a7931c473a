"""Sign-in and tokens."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.cognito_idp import present
from cognito_app.aws.registry import operation
from cognito_app.errors import ResourceNotFoundException, UnauthorizedException
from cognito_app.services import admin_users, context_data, users
from cognito_app.services.sign_in import with_tokens


@operation("InitiateAuth")
def initiate_auth(
    call: Call,
    *,
    AuthFlow: str,
    ClientId: str,
    AuthParameters: dict[str, str] | None = None,
    ClientMetadata: dict[str, str] | None = None,
    Session: str | None = None,
    UserContextData: dict[str, Any] | None = None,
    **unused: Any,
) -> dict[str, Any]:
    result = with_tokens.start(
        call.pool,
        call.client,
        context_data.of_user(call.pool, call.client, call.actor, UserContextData),
        flow=AuthFlow,
        parameters=AuthParameters or {},
        metadata=ClientMetadata,
        session=Session,
    )
    return present.outcome(result)


@operation("AdminInitiateAuth")
def admin_initiate_auth(
    call: Call,
    *,
    UserPoolId: str,
    ClientId: str,
    AuthFlow: str,
    AuthParameters: dict[str, str] | None = None,
    ClientMetadata: dict[str, str] | None = None,
    Session: str | None = None,
    ContextData: dict[str, Any] | None = None,
    **unused: Any,
) -> dict[str, Any]:
    result = with_tokens.start(
        call.pool,
        call.client,
        context_data.of_administrator(call.actor, ContextData),
        flow=AuthFlow,
        parameters=AuthParameters or {},
        metadata=ClientMetadata,
        session=Session,
        admin=True,
    )
    return present.outcome(result)


@operation("RespondToAuthChallenge")
def respond_to_auth_challenge(
    call: Call,
    *,
    ClientId: str,
    ChallengeName: str,
    Session: str | None = None,
    ChallengeResponses: dict[str, str] | None = None,
    ClientMetadata: dict[str, str] | None = None,
    UserContextData: dict[str, Any] | None = None,
    **unused: Any,
) -> dict[str, Any]:
    result = with_tokens.respond(
        call.pool,
        call.client,
        context_data.of_user(call.pool, call.client, call.actor, UserContextData),
        challenge=ChallengeName,
        session=Session,
        answers=ChallengeResponses or {},
        metadata=ClientMetadata,
    )
    return present.outcome(result)


@operation("AdminRespondToAuthChallenge")
def admin_respond_to_auth_challenge(
    call: Call,
    *,
    UserPoolId: str,
    ClientId: str,
    ChallengeName: str,
    ChallengeResponses: dict[str, str] | None = None,
    Session: str | None = None,
    ClientMetadata: dict[str, str] | None = None,
    ContextData: dict[str, Any] | None = None,
    **unused: Any,
) -> dict[str, Any]:
    result = with_tokens.respond(
        call.pool,
        call.client,
        context_data.of_administrator(call.actor, ContextData),
        challenge=ChallengeName,
        session=Session,
        answers=ChallengeResponses or {},
        metadata=ClientMetadata,
        admin=True,
    )
    return present.outcome(result)


@operation("GetTokensFromRefreshToken")
def get_tokens_from_refresh_token(
    call: Call,
    *,
    RefreshToken: str,
    ClientId: str,
    ClientSecret: str | None = None,
    DeviceKey: str | None = None,
    ClientMetadata: dict[str, str] | None = None,
    **unused: Any,
) -> dict[str, Any]:
    issued = with_tokens.get_tokens(
        call.pool,
        call.client,
        call.actor,
        text=RefreshToken,
        secret=ClientSecret,
        device_key=DeviceKey,
        metadata=ClientMetadata,
    )
    return {"AuthenticationResult": present.tokens(issued)}


@operation("RevokeToken")
def revoke_token(
    call: Call,
    *,
    Token: str,
    ClientId: str,
    ClientSecret: str | None = None,
    RevokeAssociatedSessions: str | None = None,
) -> dict[str, Any]:
    try:
        client = call.client
    except ResourceNotFoundException as error:
        # The model lists no such error here: who the client is cannot be established.
        raise UnauthorizedException(error.message) from None
    with_tokens.revoke(call.pool, client, text=Token, secret=ClientSecret, associated=RevokeAssociatedSessions)
    return {}


@operation("GlobalSignOut")
def global_sign_out(call: Call, *, AccessToken: str) -> dict[str, Any]:
    admin_users.sign_out_everywhere(call.actor, call.grant.user)
    return {}


@operation("AdminUserGlobalSignOut")
def admin_user_global_sign_out(call: Call, *, UserPoolId: str, Username: str) -> dict[str, Any]:
    admin_users.sign_out_everywhere(call.actor, users.find(call.pool, Username))
    return {}
