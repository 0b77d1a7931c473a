"""Pool and client settings as rules read them, kept in memory and checked against a version stamp once a request."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar

from cognito_app.conf import app_settings
from cognito_app.core import keyring
from cognito_app.errors import ResourceNotFoundException
from cognito_app.models import AppClient, UserPool
from cognito_app.services import mfa_rules, stamps

MAX_POOLS_IN_MEMORY = 2000
MAX_CLIENTS_IN_MEMORY = 20_000

LEGACY_FLOWS = {
    "ADMIN_NO_SRP_AUTH": "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "USER_PASSWORD_AUTH": "ALLOW_USER_PASSWORD_AUTH",
    "CUSTOM_AUTH_FLOW_ONLY": "ALLOW_CUSTOM_AUTH",
}
DEFAULT_FLOWS = frozenset({"ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH"})
T = TypeVar("T")

SECONDS_PER_UNIT = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """What a password must look like.

    ``temporary_days`` is how long one set by an administrator lasts; ``history`` is how many of a user's latest
    passwords, the present one included, a new one must differ from.
    """

    minimum_length: int = 8
    uppercase: bool = True
    lowercase: bool = True
    numbers: bool = True
    symbols: bool = True
    temporary_days: int = 7
    history: int = 0


@dataclass(frozen=True, slots=True)
class AttributeRule:
    """One attribute of a pool's schema."""

    name: str
    type: str
    required: bool
    mutable: bool
    developer_only: bool
    minimum: float | None
    maximum: float | None

    @property
    def is_custom(self) -> bool:
        """Whether an operator added it to the standard ones."""
        return self.name.startswith(("custom:", "dev:"))


@dataclass(frozen=True)
class PoolConfig:
    """A user pool's settings; ``raw`` is the stored document with AWS's member names."""

    id: str
    name: str
    version: int
    raw: Mapping[str, Any]
    schema: list[dict[str, Any]]
    attributes: Mapping[str, AttributeRule]
    username_attributes: frozenset[str]
    alias_attributes: frozenset[str]
    case_sensitive: bool
    auto_verified: frozenset[str]
    password_policy: PasswordPolicy
    admin_create_only: bool
    recovery: tuple[str, ...] | None
    verify_before_update: frozenset[str]
    first_factors: frozenset[str]
    triggers: Mapping[str, Any]
    extras: Mapping[str, Any]

    @property
    def region(self) -> str:
        """The region named by the pool id."""
        return self.id.split("_", 1)[0]

    @property
    def srp_name(self) -> str:
        """The part of the pool id that SRP hashes."""
        return self.id.split("_", 1)[1]

    @property
    def arn(self) -> str:
        """The pool's ARN."""
        return f"arn:aws:cognito-idp:{self.region}:{app_settings.account_id}:userpool/{self.id}"

    @property
    def issuer(self) -> str:
        """The ``iss`` of the pool's tokens."""
        return issuer_of(self.id)

    @property
    def tier(self) -> str:
        """LITE, ESSENTIALS or PLUS."""
        return str(self.raw.get("UserPoolTier", "ESSENTIALS"))

    @property
    def mfa_mode(self) -> str:
        """ON, OPTIONAL or OFF."""
        return str(self.raw.get("MfaConfiguration", "OFF"))

    @cached_property
    def mfa_factors(self) -> tuple[str, ...]:
        """The second factors that the pool offers, in the order in which they are shown."""
        return mfa_rules.offered(self.raw, self.extras)

    @property
    def devices(self) -> Mapping[str, Any]:
        """DeviceConfiguration, empty where devices are not tracked."""
        return self.raw.get("DeviceConfiguration") or {}

    @property
    def threat_protection(self) -> str:
        """OFF, AUDIT or ENFORCED."""
        return str((self.raw.get("UserPoolAddOns") or {}).get("AdvancedSecurityMode", "OFF"))

    @property
    def session_limit(self) -> int | None:
        """How many token sessions of a user are kept, None where sessions are not tracked."""
        sessions = self.extras.get("sessions") or {}
        return int(sessions["max_per_user"]) if sessions.get("tracking") == "ENABLED" else None

    def fold(self, name: str) -> str:
        """Return the form in which user names are compared."""
        return name if self.case_sensitive else name.casefold()


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """An app client's settings; ``raw`` is the stored document with AWS's member names."""

    id: str
    pool_id: str
    name: str
    raw: Mapping[str, Any]
    secrets: tuple[str, ...] = field(repr=False)
    flows: frozenset[str]
    readable: frozenset[str] | None
    writable: frozenset[str] | None
    hides_users: bool
    revocable: bool
    access_seconds: int
    id_seconds: int
    refresh_seconds: int
    session_minutes: int
    rotates: bool
    rotation_grace_seconds: int
    extras: Mapping[str, Any]

    @property
    def oauth_enabled(self) -> bool:
        """Whether the OAuth endpoints serve this client."""
        return bool(self.raw.get("AllowedOAuthFlowsUserPoolClient"))

    @property
    def oauth_flows(self) -> frozenset[str]:
        """``code``, ``implicit`` or ``client_credentials``."""
        return frozenset(self.raw.get("AllowedOAuthFlows") or ()) if self.oauth_enabled else frozenset()

    @property
    def oauth_scopes(self) -> tuple[str, ...]:
        """The scopes that the client may ask for."""
        return tuple(self.raw.get("AllowedOAuthScopes") or ())

    @property
    def callback_urls(self) -> tuple[str, ...]:
        """Where codes and tokens may be sent."""
        return tuple(self.raw.get("CallbackURLs") or ())

    @property
    def logout_urls(self) -> tuple[str, ...]:
        """Where a browser may be sent after sign-out."""
        return tuple(self.raw.get("LogoutURLs") or ())

    @property
    def default_redirect_uri(self) -> str | None:
        """The callback used when a request names none."""
        return self.raw.get("DefaultRedirectURI")

    @property
    def identity_providers(self) -> tuple[str, ...]:
        """The providers offered on the hosted pages; a client that names none offers the pool's own users."""
        return tuple(self.raw.get("SupportedIdentityProviders") or ("COGNITO",))


def issuer_of(pool_id: str) -> str:
    """Return the ``iss`` of a pool's tokens."""
    return app_settings.issuer_template.format(
        public_url=app_settings.public_url, region=pool_id.split("_", 1)[0], pool_id=pool_id
    )


def stamp_of(pool_id: str) -> str:
    """Return the name of the version stamp that covers a pool and its clients."""
    return f"pool:{pool_id}"


class _Memory(Generic[T]):
    """A bounded map that forgets what was used longest ago."""

    def __init__(self, limit: int) -> None:
        self._items: OrderedDict[str, T] = OrderedDict()
        self._limit = limit
        self._lock = threading.Lock()

    def get(self, key: str) -> T | None:
        return self._items.get(key)

    def put(self, key: str, value: T) -> None:
        with self._lock:
            self._items[key] = value
            while len(self._items) > self._limit:
                self._items.popitem(last=False)

    def drop(self, key: str) -> None:
        with self._lock:
            self._items.pop(key, None)


_pools: _Memory[PoolConfig] = _Memory(MAX_POOLS_IN_MEMORY)
_clients: _Memory[tuple[int, ClientConfig]] = _Memory(MAX_CLIENTS_IN_MEMORY)


def pool(pool_id: str) -> PoolConfig:
    """Return the settings of a pool.

    Raises ResourceNotFoundException for an unknown pool.
    """
    version = stamps.version(stamp_of(pool_id))
    if version is None:
        _pools.drop(pool_id)
        raise ResourceNotFoundException(f"User pool {pool_id} does not exist.")
    known = _pools.get(pool_id)
    if known is not None and known.version == version:
        return known
    row = UserPool.objects.filter(pk=pool_id).first()
    if row is None:
        raise ResourceNotFoundException(f"User pool {pool_id} does not exist.")
    loaded = build_pool(row, version)
    _pools.put(pool_id, loaded)
    return loaded


def client(client_id: str) -> ClientConfig:
    """Return the settings of an app client.

    Raises ResourceNotFoundException for an unknown client.
    """
    known = _clients.get(client_id)
    if known is not None and known[0] == stamps.version(stamp_of(known[1].pool_id)):
        return known[1]
    row = AppClient.objects.filter(pk=client_id).select_related("pool").prefetch_related("secrets").first()
    if row is None:
        _clients.drop(client_id)
        raise ResourceNotFoundException(f"User pool client {client_id} does not exist.")
    loaded = build_client(row)
    _clients.put(client_id, (stamps.version(stamp_of(row.pool_id)) or 0, loaded))
    return loaded


def pool_of_client(client_id: str) -> str | None:
    """Return the pool id of a client that this process has seen (a client never moves), else None."""
    known = _clients.get(client_id)
    return known[1].pool_id if known else None


def build_pool(row: UserPool, version: int) -> PoolConfig:
    """Read a stored pool."""
    raw = row.configuration
    policy = raw.get("Policies", {}).get("PasswordPolicy", {})
    recovery = raw.get("AccountRecoverySetting")
    return PoolConfig(
        id=row.id,
        name=row.name,
        version=version,
        raw=raw,
        schema=row.schema,
        attributes={item["Name"]: _rule(item) for item in row.schema},
        username_attributes=frozenset(raw.get("UsernameAttributes") or ()),
        alias_attributes=frozenset(raw.get("AliasAttributes") or ()),
        case_sensitive=raw.get("UsernameConfiguration", {}).get("CaseSensitive", True),
        auto_verified=frozenset(raw.get("AutoVerifiedAttributes") or ()),
        password_policy=PasswordPolicy(
            minimum_length=policy.get("MinimumLength", 8),
            uppercase=policy.get("RequireUppercase", True),
            lowercase=policy.get("RequireLowercase", True),
            numbers=policy.get("RequireNumbers", True),
            symbols=policy.get("RequireSymbols", True),
            temporary_days=policy.get("TemporaryPasswordValidityDays") or 7,
            history=policy.get("PasswordHistorySize") or 0,
        ),
        admin_create_only=raw.get("AdminCreateUserConfig", {}).get("AllowAdminCreateUserOnly", False),
        recovery=_recovery(recovery),
        verify_before_update=frozenset(
            raw.get("UserAttributeUpdateSettings", {}).get("AttributesRequireVerificationBeforeUpdate") or ()
        ),
        first_factors=frozenset(
            raw.get("Policies", {}).get("SignInPolicy", {}).get("AllowedFirstAuthFactors") or ("PASSWORD",)
        ),
        triggers=raw.get("LambdaConfig") or {},
        extras=row.extras,
    )


def _recovery(setting: Mapping[str, Any] | None) -> tuple[str, ...] | None:
    if not setting or not setting.get("RecoveryMechanisms"):
        return None
    ranked = sorted(setting["RecoveryMechanisms"], key=lambda item: item["Priority"])
    return tuple(item["Name"] for item in ranked)


def _rule(item: Mapping[str, Any]) -> AttributeRule:
    texts = item.get("StringAttributeConstraints") or {}
    numbers = item.get("NumberAttributeConstraints") or {}
    low = texts.get("MinLength") or numbers.get("MinValue")
    high = texts.get("MaxLength") or numbers.get("MaxValue")
    return AttributeRule(
        name=item["Name"],
        type=item["AttributeDataType"],
        required=bool(item.get("Required")),
        mutable=bool(item.get("Mutable", True)),
        developer_only=bool(item.get("DeveloperOnlyAttribute")),
        minimum=float(low) if low else None,
        maximum=float(high) if high else None,
    )


def build_client(row: AppClient) -> ClientConfig:
    """Read a stored client, opening its secrets."""
    raw = row.configuration
    rotation = raw.get("RefreshTokenRotation") or {}
    hardened = bool((row.pool.extras.get("profile") or {}).get("hardened"))
    return ClientConfig(
        id=row.id,
        pool_id=row.pool_id,
        name=row.name,
        raw=raw,
        secrets=tuple(
            keyring.unseal(bytes(secret.sealed), aad=row.id.encode()).decode() for secret in row.secrets.all()
        ),
        flows=effective_flows(raw.get("ExplicitAuthFlows") or ()),
        readable=_names(raw.get("ReadAttributes")),
        writable=_names(raw.get("WriteAttributes")),
        hides_users=hardened or raw.get("PreventUserExistenceErrors") == "ENABLED",
        revocable=raw.get("EnableTokenRevocation", True),
        access_seconds=_seconds(raw, "AccessToken", 1, "hours"),
        id_seconds=_seconds(raw, "IdToken", 1, "hours"),
        refresh_seconds=_seconds(raw, "RefreshToken", 30, "days"),
        session_minutes=raw.get("AuthSessionValidity") or 3,
        rotates=hardened or rotation.get("Feature") == "ENABLED",
        rotation_grace_seconds=rotation.get("RetryGracePeriodSeconds") or 0,
        extras=row.extras,
    )


def _names(given: list[str] | None) -> frozenset[str] | None:
    return frozenset(given) if given else None


def effective_flows(given: list[str] | tuple[str, ...]) -> frozenset[str]:
    """Translate ExplicitAuthFlows, new or legacy, to the new names."""
    if not given:
        return DEFAULT_FLOWS
    if any(flow in LEGACY_FLOWS for flow in given):
        if "CUSTOM_AUTH_FLOW_ONLY" in given:
            return frozenset({"ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"})
        return DEFAULT_FLOWS | {LEGACY_FLOWS[flow] for flow in given if flow in LEGACY_FLOWS}
    return frozenset(given)


def _seconds(raw: Mapping[str, Any], token: str, default: int, default_unit: str) -> int:
    unit = (raw.get("TokenValidityUnits") or {}).get(token, default_unit)
    value = raw.get(f"{token}Validity")
    if not value:
        return default * SECONDS_PER_UNIT[default_unit]
    return int(value) * SECONDS_PER_UNIT[unit]
