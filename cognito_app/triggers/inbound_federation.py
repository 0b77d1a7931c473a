"""InboundFederation: what an identity provider said of a user, before anything of it is stored.

Federated sign-in calls it first, each time; the attribute mapping of the provider is applied to what it returns.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-inbound-federation.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from cognito_app.triggers import invoke, values
from cognito_app.triggers.invoke import Caller

SOURCE = "InboundFederation_ExternalProvider"
TRIGGER = "InboundFederation"
SAML = "SAML"


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a provider said; ``provider_type`` is one of AWS's names. SAML has only ``claims``, the others all parts."""

    provider_name: str
    provider_type: str
    claims: Mapping[str, Any] = field(repr=False)
    token_response: Mapping[str, Any] = field(default_factory=dict, repr=False)
    user_info: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def document(self) -> dict[str, dict[str, str]]:
        """Return the event's ``attributes``, in which every value is a text."""
        if self.provider_type == SAML:
            return {"samlResponse": _texts(self.claims)}
        return {
            "tokenResponse": _texts(self.token_response),
            "idToken": _texts(self.claims),
            "userInfo": _texts(self.user_info),
        }


def transform(caller: Caller, user_name: str, assertion: Assertion) -> dict[str, str] | None:
    """Ask InboundFederation, if there is one, for the attributes to map; None means all, as the provider sent them.

    What the function returns is the whole list: an attribute that it leaves out is dropped. Raises as ``invoke.call``.
    """
    if not caller.has(TRIGGER):
        return None
    request = {
        "providerName": assertion.provider_name,
        "providerType": assertion.provider_type,
        "attributes": assertion.document(),
    }
    sent = invoke.event(caller, SOURCE, user_name, request, {"userAttributesToMap": {}})
    return values.texts(invoke.call(caller, TRIGGER, sent), "userAttributesToMap") or None


def _texts(given: Mapping[str, Any]) -> dict[str, str]:
    return {name: _text(value) for name, value in given.items() if value is not None}


def _text(value: Any) -> str:
    """Claims are texts in events: ``true``, ``3600``, lists and objects as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
