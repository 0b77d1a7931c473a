"""A login whose token was verified, and the refusals of those that were not.

Source: https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetId.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cognito_app.core import clock, jose, subjects
from cognito_app.errors import NotAuthorizedException

MISMATCH = "Logins don't match. Please include at least one valid login for this identity or identity pool."
UNSUPPORTED = "Token is not from a supported provider of this identity pool."
NOT_OPENID = "Not a valid OpenId Connect identity token."
WRONG_ISSUER = "Issuer doesn't match providerName"
BAD_SIGNATURE = "Couldn't verify signed token."


@dataclass(frozen=True, slots=True)
class VerifiedLogin:
    """A login whose token was verified; ``provider`` is the canonical key.

    ``names`` are those under which the pool's role mappings and attribute maps may know the provider, the best first.
    ``roles`` are the roles that the token itself allows. ``once`` names what is used up with the login, until when.
    """

    provider: str
    subject: str
    client_id: str
    claims: Mapping[str, Any] = field(repr=False)
    proof: str
    names: tuple[str, ...]
    roles: tuple[str, ...] = ()
    preferred_role: str | None = None
    once: tuple[str, datetime] | None = None

    @property
    def amr(self) -> list[str]:
        """What the identity token says of this login."""
        return [self.provider, self.proof]


def invalid(reason: str) -> NotAuthorizedException:
    """Return the refusal of a token."""
    return NotAuthorizedException(f"Invalid login token. {reason}")


def refusal(error: jose.TokenError, expires: Any) -> NotAuthorizedException:
    """Return AWS's text for a token that must not be believed."""
    if error.reason == "expired":
        shown = int(expires) if isinstance(expires, float) else expires
        return invalid(f"Token expired: {clock.epoch()} >= {shown}")
    if error.reason == "not_yet":
        return invalid("Token is not valid yet.")
    return invalid(NOT_OPENID if error.reason == "malformed" else BAD_SIGNATURE)


def missing(claim: str) -> NotAuthorizedException:
    """Return the refusal of a token without a claim."""
    return invalid(f"Missing a required claim: {claim}")


def not_an_identifier(claim: str) -> NotAuthorizedException:
    """Return the refusal of a token whose user nobody can be."""
    return invalid(f"The claim {claim} is not a valid identifier.")


def checked_subject(value: Any, claim: str = "sub") -> str:
    """Return a provider's id of a user: text that fits, nothing that only looks like one.

    Raises NotAuthorizedException.
    """
    if not isinstance(value, str) or not value.strip():
        raise missing(claim)
    if not subjects.is_subject(value):
        raise not_an_identifier(claim)
    return value
