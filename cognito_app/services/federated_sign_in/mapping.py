"""From what a provider said of a user to attributes of the pool.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-specifying-attribute-mapping.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

from cognito_app.errors import InvalidParameterException
from cognito_app.models import IdentityProvider
from cognito_app.services import attributes
from cognito_app.services.attributes import VERIFIED_FLAGS
from cognito_app.services.config import AttributeRule, ClientConfig, PoolConfig
from cognito_app.services.federated_sign_in.refusals import FederationRefused
from cognito_app.triggers.inbound_federation import Assertion

TOKENS = ("access_token", "id_token")
CUSTOM = "custom:"


def claims_of(assertion: Assertion) -> dict[str, Any]:
    """Return all that a provider said under its own names: what the ID token says counts before userInfo."""
    given = {name: assertion.token_response[name] for name in TOKENS if name in assertion.token_response}
    return {**given, **assertion.user_info, **assertion.claims}


def mapped(pool: PoolConfig, provider: IdentityProvider, claims: Mapping[str, Any]) -> dict[str, str]:
    """Return the pool's attributes that the provider's mapping fills; a blank value stays, to erase the attribute.

    Raises FederationRefused for a value that cannot be stored.
    """
    rules = {name: claim for name, claim in provider.attribute_mapping.items() if name in pool.attributes}
    return {name: text_of(name, claims[claim]) for name, claim in rules.items() if claims.get(claim) is not None}


def named_directly(pool: PoolConfig, answer: Mapping[str, str]) -> dict[str, str]:
    """Return the custom attributes that a function (InboundFederation) set by their names in the pool.

    A provider may not: its claims count where the mapping says so. Raises FederationRefused.
    """
    found = {name: value for name, value in answer.items() if name.startswith(CUSTOM) and name in pool.attributes}
    return {name: text_of(name, value) for name, value in found.items()}


def text_of(name: str, value: Any) -> str:
    """Return a claim as the text of an attribute: several values as ``[a,b]``, each encoded as in a form.

    Raises FederationRefused.
    """
    if isinstance(value, list | tuple):
        items = [_single(item) for item in value]
        text = items[0] if len(items) == 1 else "[" + ",".join(_encoded(item) for item in items) + "]" if items else ""
    else:
        text = _single(value)
    if len(text) > attributes.MAX_LENGTH:
        raise FederationRefused(
            f"user.{name}: String attributes cannot have a length of more than {attributes.MAX_LENGTH}"
        )
    if "\x00" in text or not _is_unicode(text):
        raise FederationRefused(f"user.{name}: The value has characters that cannot be stored.")
    return "" if not text.strip() else text


def _single(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _encoded(text: str) -> str:
    """Encode as forms do: ``.``, ``-``, ``*``, ``_`` and alphanumeric characters stay."""
    return quote_plus(text, safe="*", errors="replace").replace("~", "%7E")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def writable(pool: PoolConfig, client: ClientConfig, values: Mapping[str, str]) -> dict[str, str]:
    """Return the values that a sign-in through the client may write, checked against the schema; others are skipped.

    Raises InvalidParameterException.
    """
    return attributes.normalized(
        pool, {name: value for name, value in values.items() if _may_write(client, pool.attributes[name])}
    )


def _may_write(client: ClientConfig, rule: AttributeRule) -> bool:
    """The verified flags are no attributes that a client's list can name: the mapping alone decides."""
    return rule.name in VERIFIED_FLAGS.values() or attributes.is_writable(client, rule)


def merged(pool: PoolConfig, present: Mapping[str, str], changes: Mapping[str, str]) -> dict[str, str]:
    """Return a user's attributes after a sign-in.

    A contact that changes is no longer verified, unless the provider says so. A mapped attribute that can never
    change ends the sign-in, as soon as it has a value: with AWS even the same value does.
    Raises InvalidParameterException.
    """
    for name, value in changes.items():
        if not pool.attributes[name].mutable and value and present.get(name):
            raise InvalidParameterException(f"user.{name}: Attribute cannot be updated.")
    result = {**present, **changes}
    for contact, flag in VERIFIED_FLAGS.items():
        if not result.get(contact):
            result.pop(flag, None)
        elif result[contact] != present.get(contact) and flag not in changes:
            result[flag] = "false"
    result = {name: value for name, value in result.items() if value != ""}
    if missing := attributes.missing(pool, result):
        raise FederationRefused(f"attributes required: [{', '.join(sorted(missing))}]")
    return result
