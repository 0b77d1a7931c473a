"""A pool's site: which pool an address belongs to, and how its own addresses begin."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import orjson

from cognito_app.conf import app_settings
from cognito_app.errors import ResourceNotFoundException
from cognito_app.services import acr, config, domains, pool_profile, terms, tiers
from cognito_app.services.config import PoolConfig, issuer_of


@dataclass(frozen=True, slots=True)
class Site:
    """A pool as a browser sees it; ``prefix`` starts every path of it (empty where the host names the pool).

    ``address`` is the domain name, prefix or pool id by which it was found.
    """

    pool: PoolConfig
    prefix: str
    address: str = ""

    @property
    def secure(self) -> bool:
        """Whether cookies may demand TLS."""
        return app_settings.public_url.startswith("https:")

    @property
    def cookie_path(self) -> str:
        """The path that the site's cookies belong to."""
        return self.prefix + "/"

    def base(self, host: str) -> str:
        """The absolute address under which the browser is here, without a final slash; ``host`` is its Host header."""
        if self.prefix:
            return app_settings.public_url + self.prefix
        return f"{'https' if self.secure else 'http'}://{host.lower()}"

    @property
    def classic(self) -> bool:
        """Whether it shows the classic hosted pages instead of managed login."""
        return domains.branding_version(self.pool.id, self.address) != domains.MANAGED_LOGIN


def find(host: str, segment: str | None) -> Site | None:
    """Return the site that a Host header, or the first segment of a path, addresses."""
    pool_id = domains.pool_of_segment(segment) if segment else domains.pool_of_host(host)
    if pool_id is None or len(pool_id) > 55 or "\x00" in pool_id:
        return None
    try:
        address = segment or domains.name_of_host(host)
        return Site(pool=config.pool(pool_id), prefix=f"/{segment}" if segment else "", address=address)
    except ResourceNotFoundException:
        return None


_documents: dict[str, tuple[tuple[str, str, tuple[str, ...], bool], bytes]] = {}


def discovery_document(pool: PoolConfig) -> bytes:
    """Return the pool's OpenID configuration, made once for each base address.

    Source: https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoints.html; OpenID Connect
    Discovery 1.0 section 3 for the members that Cognito leaves out.
    """
    base = (
        domains.base_url(pool.id)
        if app_settings.domain_addressing == "host"
        else f"{app_settings.public_url}/{pool.id}"
    )
    levels = tuple(acr.names(pool)) if tiers.offers(pool.tier, tiers.STEP_UP) else ()
    strict = pool_profile.of(pool).strict_oidc
    key = (base, issuer_of(pool.id), levels, strict)
    known = _documents.get(pool.id)
    if known is not None and known[0] == key:
        return known[1]
    document = orjson.dumps({**_discovery(base, key[1], pool.id), **_levels(levels), **_answers(strict)})
    _documents[pool.id] = (key, document)
    return document


def _levels(names: tuple[str, ...]) -> dict[str, object]:
    return {"acr_values_supported": list(names)} if names else {}


def _answers(strict: bool) -> dict[str, object]:
    return {"authorization_response_iss_parameter_supported": True} if strict else {}


def _discovery(base: str, issuer: str, pool_id: str) -> dict[str, object]:
    keys_at = (
        issuer
        if urlsplit(issuer).netloc == urlsplit(app_settings.public_url).netloc
        else f"{app_settings.public_url}/{pool_id}"
    )
    return {
        "authorization_endpoint": f"{base}/oauth2/authorize",
        "end_session_endpoint": f"{base}/logout",
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": issuer,
        "jwks_uri": f"{keys_at}/.well-known/jwks.json",
        "response_types_supported": ["code", "token"],
        "revocation_endpoint": f"{base}/oauth2/revoke",
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
        "token_endpoint": f"{base}/oauth2/token",
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "userinfo_endpoint": f"{base}/oauth2/userInfo",
        "grant_types_supported": ["authorization_code", "implicit", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "response_modes_supported": ["query", "fragment"],
        "claims_supported": [
            "sub",
            "iss",
            "aud",
            "exp",
            "iat",
            "auth_time",
            "nonce",
            "at_hash",
            "acr",
            "amr",
            "email",
            "email_verified",
        ],
        "prompt_values_supported": ["none", "login"],
        "ui_locales_supported": list(terms.LANGUAGES),
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "claims_parameter_supported": False,
    }
