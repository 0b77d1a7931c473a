"""Sessions of users: their own (GetSessionToken), and those of people that they vouch for (GetFederationToken).

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_request.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cognito_app.errors import AccessDenied, ValidationError
from cognito_app.services import credentials, principals
from cognito_app.services.credentials import Grant
from cognito_app.services.principals import Principal
from cognito_app.services.sts import minting
from cognito_app.services.sts.minting import Minted
from cognito_app.services.sts.narrowing import Asked

DEFAULT_SECONDS = 43_200
FEDERATE = "sts:GetFederationToken"


def session_token(
    principal: Principal, *, seconds: int | None = None, with_device: bool = False, minimum_size: int = 0
) -> Minted:
    """Return a session of the user who asks. Raises AccessDenied for temporary credentials and for MFA codes."""
    key_id = _long_term(principal, "GetSessionToken")
    if with_device:
        raise AccessDenied("MultiFactorAuthentication failed with invalid MFA one time pass code.")
    issued = credentials.issue(Grant(user_key=key_id), seconds=seconds or DEFAULT_SECONDS, minimum_size=minimum_size)
    return Minted(issued=issued)


def federation_token(principal: Principal, asked: Asked, *, name: str, tags: Sequence[tuple[str, str]] = ()) -> Minted:
    """Return a session for somebody else: what both the user's and the given policies allow; without any, nothing.

    Raises AccessDenied, AccessDeniedException, MalformedPolicyDocument, PackedPolicyTooLarge or ValidationError.
    """
    key_id = _long_term(principal, "GetFederationToken")
    held = asked.narrowing(tags=tags)
    arn = principals.federated_arn(name)
    requested = {f"aws:RequestTag/{key}": value for key, value in held.tags.items()}
    for action in [FEDERATE, *([minting.TAG_SESSION] if held.tags else [])]:
        principals.authorize(principal, action, arn, ip=asked.ip, extra={**requested, "sts:RoleSessionName": name})
    grant = Grant(
        session_name=name,
        user_key=key_id,
        federated=True,
        inline=held.inline or (),
        managed=held.managed or (),
        tags=held.tags,
    )
    issued = credentials.issue(grant, seconds=asked.seconds or DEFAULT_SECONDS, minimum_size=asked.minimum_size)
    named = replace(issued, arn=arn, assumed_role_id=f"{principal.account_id}:{name}")
    return Minted(issued=named, packed_percent=held.packed_percent)


def _long_term(principal: Principal, operation: str) -> str:
    if principal.session is not None or principal.key_id is None:
        raise AccessDenied(f"Cannot call {operation} with session credentials")
    return principal.key_id


def account_of_key(key_id: str, account_id: str) -> str:
    """Return the account of an access key. Raises ValidationError for what is no key."""
    if key_id[:4] not in ("AKIA", "ASIA") or len(key_id) != 20 or not key_id.isalnum():
        raise ValidationError("The access key ID is not valid.")
    return account_id
