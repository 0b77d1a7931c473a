"""Sessions of users, and the settings of their tracking."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.core import paging
from cognito_app.models import UserSession
from cognito_app.services import session_settings, user_sessions, users
from cognito_app.services.session_settings import PoolSessions


@operation("GetUserPoolSessionConfiguration")
def get_user_pool_session_configuration(call: Call, *, UserPoolId: str) -> dict[str, Any]:
    return _pool_settings(call.pool.id, session_settings.of_pool(call.pool))


@operation("SetUserPoolSessionConfiguration")
def set_user_pool_session_configuration(
    call: Call, *, UserPoolId: str, UserSessionTracking: str, TokenSession: dict[str, int]
) -> dict[str, Any]:
    wanted = PoolSessions(tracking=UserSessionTracking, max_per_user=TokenSession["MaxPerUser"])
    session_settings.set_pool(call.actor, UserPoolId, wanted)
    return _pool_settings(UserPoolId, wanted)


def _pool_settings(pool_id: str, settings: PoolSessions) -> dict[str, Any]:
    return {
        "UserPoolId": pool_id,
        "UserSessionTracking": settings.tracking,
        "TokenSession": {"MaxPerUser": settings.max_per_user},
    }


@operation("GetUserPoolClientSessionConfiguration")
def get_user_pool_client_session_configuration(call: Call, *, UserPoolId: str, ClientId: str) -> dict[str, Any]:
    return _client_settings(call, session_settings.sso_minutes(call.client.extras))


@operation("SetUserPoolClientSessionConfiguration")
def set_user_pool_client_session_configuration(
    call: Call, *, UserPoolId: str, ClientId: str, SSOSession: dict[str, int]
) -> dict[str, Any]:
    minutes = SSOSession["MaxValidityMinutes"]
    session_settings.set_client(call.pool, call.actor, ClientId, minutes)
    return _client_settings(call, minutes)


def _client_settings(call: Call, minutes: int) -> dict[str, Any]:
    return {
        "UserPoolId": call.params["UserPoolId"],
        "ClientId": call.params["ClientId"],
        "SSOSession": {"MaxValidityMinutes": minutes},
    }


@operation("ListUserSessions")
def list_user_sessions(call: Call, *, AccessToken: str, NextToken: str | None = None) -> dict[str, Any]:
    grant = call.grant
    _check_page(NextToken)
    rows = user_sessions.active(grant.pool, grant.user)
    return {"Sessions": [_present(row, current_jti=grant.claims.get("origin_jti")) for row in rows]}


@operation("AdminListUserSessions")
def admin_list_user_sessions(
    call: Call, *, UserPoolId: str, Username: str, NextToken: str | None = None
) -> dict[str, Any]:
    user = users.find(call.pool, Username)
    _check_page(NextToken)
    return {"Sessions": [_present(row) for row in user_sessions.active(call.pool, user)]}


def _check_page(token: str | None) -> None:
    """There is one page only, so no token was ever given out. Raises InvalidParameterException."""
    if token is not None:
        paging.decode("ListUserSessions", token)


def _present(row: UserSession, *, current_jti: str | None = None) -> dict[str, Any]:
    family = None if row.origin_jti is None else str(row.origin_jti)
    return {
        "SessionId": row.id,
        "SessionType": "TOKEN" if family else "SSO",
        "ClientId": row.client_id,
        "CreateDate": row.created_at,
        "LastActiveDate": row.last_active_at,
        "DeviceType": row.device_type,
        "LastIPAddress": row.last_ip or None,
        "LastLocation": {"Country": "unknown"},
        "OriginSessionId": row.parent_id,
        "IsCurrentSession": family is not None and family == current_jti,
    }


@operation("RevokeUserSession")
def revoke_user_session(
    call: Call, *, AccessToken: str, SessionId: str, RevokeAssociatedSessions: str | None = None
) -> dict[str, Any]:
    user_sessions.revoke(
        call.grant.pool,
        call.actor,
        call.grant.user,
        SessionId,
        action="RevokeUserSession",
        linked=RevokeAssociatedSessions == "LINKED",
        current_jti=call.grant.claims.get("origin_jti"),
    )
    return {}


@operation("AdminRevokeUserSession")
def admin_revoke_user_session(
    call: Call, *, UserPoolId: str, Username: str, SessionId: str, RevokeAssociatedSessions: str | None = None
) -> dict[str, Any]:
    user_sessions.revoke(
        call.pool,
        call.actor,
        users.find(call.pool, Username),
        SessionId,
        action="AdminRevokeUserSession",
        linked=RevokeAssociatedSessions == "LINKED",
    )
    return {}
