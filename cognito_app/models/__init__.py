"""Tables, one module per subject."""

from cognito_app.models.access_key import AccessKey
from cognito_app.models.audit import AuditEvent, AuthEvent
from cognito_app.models.base import Stamp
from cognito_app.models.challenge import AttemptCounter, SignInThrottle, SpentNonce, VerificationCode
from cognito_app.models.client import AppClient, ClientSecret
from cognito_app.models.domain import Domain
from cognito_app.models.group import Group, GroupMembership
from cognito_app.models.identity_pool import Identity, IdentityPool, Login
from cognito_app.models.key import SigningKey
from cognito_app.models.operator import SetupLink
from cognito_app.models.outbox import OutboxMessage
from cognito_app.models.pool import UserPool
from cognito_app.models.resource_server import ResourceServer
from cognito_app.models.role import Role
from cognito_app.models.session import BrowserSession
from cognito_app.models.token import AuthorizationCode, RefreshToken
from cognito_app.models.user import PoolUser, UserAlias

__all__ = [
    "AccessKey",
    "AppClient",
    "AttemptCounter",
    "AuditEvent",
    "AuthEvent",
    "AuthorizationCode",
    "BrowserSession",
    "ClientSecret",
    "Domain",
    "Group",
    "GroupMembership",
    "Identity",
    "IdentityPool",
    "Login",
    "OutboxMessage",
    "PoolUser",
    "RefreshToken",
    "ResourceServer",
    "Role",
    "SetupLink",
    "SignInThrottle",
    "SigningKey",
    "SpentNonce",
    "Stamp",
    "UserAlias",
    "UserPool",
    "VerificationCode",
]
