"""User pool tokens as bearer tokens, on djangorestframework-simplejwt's authentication class.

simplejwt brings the header parsing, the errors and the stateless user; the key comes from the pool that the token's
issuer names, and a revoked token is refused.
"""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTStatelessUserAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.models import TokenUser
from rest_framework_simplejwt.tokens import Token

from cognito_app.core import jose
from cognito_app.errors import ServiceError
from cognito_app.services import access, stamps, tokens


class PoolToken(Token):
    """The verified claims of a pool's token, in simplejwt's form."""

    token_type = "access"  # noqa: S105  # a kind of token

    def __init__(self, claims: dict[str, Any]) -> None:
        self.payload = claims


class PoolUserOfToken(TokenUser):
    """The user that a token speaks of, without a database row of the host project."""

    @property
    def id(self) -> str:
        """The user's ``sub``."""
        return str(self.token["sub"])

    @property
    def username(self) -> str:
        """The user's name in the pool."""
        return str(self.token.payload.get("username") or self.token.payload.get("cognito:username", ""))

    @property
    def pool_groups(self) -> list[str]:
        """The names of the user's groups."""
        return list(self.token.payload.get("cognito:groups", ()))


class CognitoTokenAuthentication(JWTStatelessUserAuthentication):
    """Takes access tokens (and ID tokens if ``token_uses`` says so) of this installation's pools.

    ``pool_ids`` empty takes those of every pool. An access token that was revoked is refused. With ``bare_tokens`` the
    header may have the token alone, without ``Bearer``, as clients of API Gateway and AppSync send it.
    """

    pool_ids: ClassVar[tuple[str, ...]] = ()
    token_uses: ClassVar[tuple[str, ...]] = ("access",)
    bare_tokens: ClassVar[bool] = False

    def get_raw_token(self, header: bytes) -> bytes | None:
        """Return the token of an Authorization header, None if it has another scheme."""
        parts = header.split()
        return parts[0] if self.bare_tokens and len(parts) == 1 else super().get_raw_token(header)

    def get_validated_token(self, raw_token: bytes) -> Token:
        """Verify a token. Raises InvalidToken, which answers 401."""
        stamps.begin_request()
        try:
            return PoolToken(self._claims(raw_token.decode("ascii", "replace")))
        except (jose.TokenError, ServiceError):
            raise InvalidToken("The token is invalid, expired or revoked.") from None
        finally:
            stamps.end_request()

    def _claims(self, token: str) -> dict[str, Any]:
        _, unverified = jose.peek(token)
        use = unverified.get("token_use")
        if use not in self.token_uses:
            raise jose.TokenError("malformed")
        if use == "access" and "username" in unverified:
            scopes = str(unverified.get("scope", "")).split()
            claims = dict(access.verify(token, scope=scopes[0] if scopes else "").claims)
        else:
            claims = dict(tokens.verify(token, use=str(use)))
        if self.pool_ids and str(claims["iss"]).rsplit("/", 1)[-1] not in self.pool_ids:
            raise jose.TokenError("malformed")
        return claims

    def get_user(self, validated_token: Token) -> Any:
        """Return the token's user."""
        return PoolUserOfToken(validated_token)


class HasScope(BasePermission):
    """Allows tokens with every scope of the view's ``required_scopes``."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Compare the scopes."""
        token = getattr(request.user, "token", None)
        granted = set(str(token.payload.get("scope", "")).split()) if token is not None else set()
        return set(getattr(view, "required_scopes", ())) <= granted and token is not None


class InGroup(BasePermission):
    """Allows users in any group of the view's ``required_groups``."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Compare the groups."""
        return bool(set(getattr(view, "required_groups", ())) & set(getattr(request.user, "pool_groups", ())))
