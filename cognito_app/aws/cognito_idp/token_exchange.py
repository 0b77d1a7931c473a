"""Tokens for machines: of a client's own, and derived from a user's."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.errors import InvalidParameterException
from cognito_app.services import client_tokens, derived_tokens
from cognito_app.services.derived_tokens import ACCESS_TOKEN, GivenToken, Wanted


@operation("GetClientToken")
def get_client_token(
    call: Call,
    *,
    ClientId: str,
    Secret: str,
    Scopes: list[str] | None = None,
    ClientMetadata: dict[str, str] | None = None,
) -> dict[str, Any]:
    issued = client_tokens.issue(
        call.pool, call.client, call.actor, secret=Secret, scopes=Scopes, metadata=ClientMetadata
    )
    return {
        "ClientAuthenticationResult": {
            "AccessToken": issued.access,
            "ExpiresIn": issued.expires_in,
            "TokenType": "Bearer",
        }
    }


@operation("GetDerivedToken")
def get_derived_token(
    call: Call,
    *,
    ClientId: str,
    SubjectToken: str,
    SubjectTokenType: str,
    ClientSecret: str | None = None,
    SubjectTokenProviderName: str | None = None,
    ActorToken: str | None = None,
    ActorTokenType: str | None = None,
    ActorTokenProviderName: str | None = None,
    Scopes: list[str] | None = None,
    Audiences: list[str] | None = None,
    Resources: list[str] | None = None,
    RequestedTokenType: str = ACCESS_TOKEN,
) -> dict[str, Any]:
    derived_tokens.authenticate(call.client, ClientSecret, by_iam=call.principal is not None)
    if Audiences and Resources:
        raise InvalidParameterException("Audiences and Resources cannot both be set.")
    audience = next(iter([*(Audiences or ()), *(Resources or ())]), None)
    issued = derived_tokens.exchange(
        call.pool,
        call.client,
        call.actor,
        GivenToken(SubjectToken, SubjectTokenType, SubjectTokenProviderName),
        _actor(ActorToken, ActorTokenType, ActorTokenProviderName),
        Wanted(kind=RequestedTokenType, scopes=tuple(Scopes) if Scopes else None, audience=audience),
    )
    return {
        "IssuedToken": issued.token,
        "IssuedTokenType": issued.kind,
        "TokenType": "Bearer" if issued.kind == ACCESS_TOKEN else "N_A",
        "ExpiresIn": issued.expires_in,
        "Scopes": None if issued.scopes is None else list(issued.scopes),
    }


def _actor(token: str | None, kind: str | None, provider: str | None) -> GivenToken | None:
    if token is None and kind is None and provider is None:
        return None
    if token is None or kind is None:
        raise InvalidParameterException("ActorToken and ActorTokenType must be set together.")
    return GivenToken(token, kind, provider)
