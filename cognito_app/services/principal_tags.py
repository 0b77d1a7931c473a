"""Attributes for access control: which claims of a login become tags of the session.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/using-afac-with-cognito-identity-pools.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from cognito_app.core import clock, session_tags
from cognito_app.errors import InvalidParameterException, ResourceNotFoundException
from cognito_app.models import IdentityPool
from cognito_app.services import identity_pools, logins
from cognito_app.services.actor import Actor, audit
from cognito_app.services.login_providers.verified import VerifiedLogin

DEFAULTS = {"client": "aud", "username": "sub"}
AMAZON_DEFAULTS = {"client": "aud", "username": "user_id"}
_SCHEMA = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
SAML_DEFAULTS = {"client": f"{_SCHEMA}nameidentifier", "username": f"{_SCHEMA}name"}
TWINS = "Duplicate tag keys found. Tag keys are case insensitive."


def set_map(
    actor: Actor, pool_id: str, provider: str, *, use_defaults: bool, tags: Mapping[str, str]
) -> dict[str, Any]:
    """Store the attribute map of a provider and return it as ``get_map`` does.

    Raises ResourceNotFoundException, InvalidParameterException.
    """
    for key in tags:
        _check_key(key)
    if session_tags.has_twins(tags):
        raise InvalidParameterException(TWINS)
    with transaction.atomic():
        row = identity_pools.locked(pool_id)
        _check_provider(row, provider)
        entry = {"UseDefaults": use_defaults, "PrincipalTags": {} if use_defaults else dict(tags)}
        row.principal_tags = {**row.principal_tags, logins.canonical(provider): entry}
        row.modified_at = clock.now()
        row.save(update_fields=["principal_tags", "modified_at"])
        audit(actor, "SetPrincipalTagAttributeMap", pool_id=pool_id, provider=provider)
    return _shown(provider, entry)


def get_map(pool_id: str, provider: str) -> dict[str, Any]:
    """Return the attribute map of a provider: empty if none was set. Raises ResourceNotFoundException."""
    row = identity_pools.find(pool_id)
    _check_provider(row, provider)
    return _shown(provider, row.principal_tags.get(logins.canonical(provider)) or {})


def _shown(provider: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    use_defaults = bool(entry.get("UseDefaults"))
    return {"UseDefaults": use_defaults, "PrincipalTags": _effective(provider, entry)}


def _effective(provider: str, entry: Mapping[str, Any]) -> dict[str, str]:
    if not entry.get("UseDefaults"):
        return dict(entry.get("PrincipalTags") or {})
    if ":saml-provider/" in provider:
        return SAML_DEFAULTS
    return AMAZON_DEFAULTS if provider == "www.amazon.com" else DEFAULTS


def _check_provider(pool: IdentityPool, provider: str) -> None:
    if logins.canonical(provider) not in logins.provider_names(pool):
        raise ResourceNotFoundException(f"IdentityProvider '{provider}' not found.")


def of_logins(pool: IdentityPool, verified: list[VerifiedLogin]) -> dict[str, str]:
    """Return the session's tags; of several logins the first that has a tag gives its value.

    A claim that is absent, or whose value cannot be a tag's, gives none.
    """
    tags: dict[str, str] = {}
    for login in verified:
        entry: Mapping[str, Any] = next(
            (pool.principal_tags[name] for name in login.names if name in pool.principal_tags), {}
        )
        for key, claim in _effective(login.provider, entry).items():
            value = _text(login.claims.get(claim))
            if value is not None and key not in tags:
                tags[key] = value
    return tags


def _text(value: Any) -> str | None:
    if isinstance(value, list):
        value = value[0] if value else None
    if value is None or isinstance(value, dict | list):
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if session_tags.is_value(text) else None


def check_literals(tags: Mapping[str, str]) -> None:
    """Check tags that a backend gives with their values. Raises InvalidParameterException."""
    for key, value in tags.items():
        _check_key(key)
        if not session_tags.is_value(value):
            raise InvalidParameterException("The value of a principal tag has characters that tags cannot have.")
    if session_tags.has_twins(tags):
        raise InvalidParameterException(TWINS)


def _check_key(key: str) -> None:
    if not session_tags.is_key(key):
        raise InvalidParameterException("The key of a principal tag has characters that tags cannot have.")
    if session_tags.is_reserved(key):
        raise InvalidParameterException("Keys of principal tags cannot begin with aws:.")
