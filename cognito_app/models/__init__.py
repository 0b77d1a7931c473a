"""Tables, one module per subject."""

from cognito_app.models.access_key import AccessKey
from cognito_app.models.audit import AuditEvent, AuthEvent
from cognito_app.models.base import Stamp
from cognito_app.models.branding import BrandingAsset, ManagedLoginBranding, UICustomization
from cognito_app.models.challenge import AttemptCounter, SignInThrottle, SpentNonce, VerificationCode
from cognito_app.models.client import AppClient, ClientSecret
from cognito_app.models.device import Device
from cognito_app.models.domain import Domain
from cognito_app.models.factor import SoftwareToken, WebAuthnCredential
from cognito_app.models.federated_sign_in import FederationTransaction
from cognito_app.models.federation import OpenIdProvider, SamlProvider
from cognito_app.models.group import Group, GroupMembership
from cognito_app.models.identity_pool import DeveloperUser, Identity, IdentityPool, Login
from cognito_app.models.key import SigningKey
from cognito_app.models.limit import ProvisionedLimit, RateCounter
from cognito_app.models.managed_policy import ManagedPolicy, PolicyAttachment
from cognito_app.models.operator import SetupLink
from cognito_app.models.outbox import DeadLetter, OutboxMessage
from cognito_app.models.password_history import PasswordHistory
from cognito_app.models.pool import UserPool
from cognito_app.models.provider import IdentityProvider, LinkedIdentity, ProviderIdentifier, SamlSigningKey
from cognito_app.models.replica import PoolReplica
from cognito_app.models.resource_server import ResourceServer
from cognito_app.models.risk import RiskConfiguration
from cognito_app.models.role import Role
from cognito_app.models.session import BrowserSession, UserSession
from cognito_app.models.terms import Terms
from cognito_app.models.token import AuthorizationCode, RefreshToken
from cognito_app.models.user import PoolUser, UserAlias
from cognito_app.models.user_import import UserImportChunk, UserImportJob, UserImportLog

__all__ = [
    "AccessKey",
    "AppClient",
    "AttemptCounter",
    "AuditEvent",
    "AuthEvent",
    "AuthorizationCode",
    "BrandingAsset",
    "BrowserSession",
    "ClientSecret",
    "DeadLetter",
    "DeveloperUser",
    "Device",
    "Domain",
    "FederationTransaction",
    "Group",
    "GroupMembership",
    "Identity",
    "IdentityPool",
    "IdentityProvider",
    "LinkedIdentity",
    "Login",
    "ManagedLoginBranding",
    "ManagedPolicy",
    "OpenIdProvider",
    "OutboxMessage",
    "PasswordHistory",
    "PolicyAttachment",
    "PoolReplica",
    "PoolUser",
    "ProviderIdentifier",
    "ProvisionedLimit",
    "RateCounter",
    "RefreshToken",
    "ResourceServer",
    "RiskConfiguration",
    "Role",
    "SamlProvider",
    "SamlSigningKey",
    "SetupLink",
    "SignInThrottle",
    "SigningKey",
    "SoftwareToken",
    "SpentNonce",
    "Stamp",
    "Terms",
    "UICustomization",
    "UserAlias",
    "UserImportChunk",
    "UserImportJob",
    "UserImportLog",
    "UserPool",
    "UserSession",
    "VerificationCode",
    "WebAuthnCredential",
]
