"""Linking identities at providers to users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.services import linking
from cognito_app.services.linking import ProviderUser


def _read(given: Mapping[str, str]) -> ProviderUser:
    return ProviderUser(
        provider=given.get("ProviderName", ""),
        attribute=given.get("ProviderAttributeName", ""),
        value=given.get("ProviderAttributeValue", ""),
    )


@operation("AdminLinkProviderForUser")
def admin_link_provider_for_user(
    call: Call, *, UserPoolId: str, DestinationUser: dict[str, str], SourceUser: dict[str, str]
) -> dict[str, Any]:
    linking.link(call.pool, call.actor, destination=_read(DestinationUser), source=_read(SourceUser))
    return {}


@operation("AdminDisableProviderForUser")
def admin_disable_provider_for_user(call: Call, *, UserPoolId: str, User: dict[str, str]) -> dict[str, Any]:
    linking.disable(call.pool, call.actor, _read(User))
    return {}
