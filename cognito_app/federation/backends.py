"""The providers' dialects: social-auth-core's backends on the safe fetcher, with every check of the ID token our own.

Standards: RFC 6749, RFC 7636; https://openid.net/specs/openid-connect-core-1_0.html
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import jwt
import orjson
import requests
from cryptography.hazmat.primitives import hashes
from social_core.backends.amazon import AmazonOAuth2
from social_core.backends.apple import AppleIdAuth
from social_core.backends.facebook import FacebookOAuth2
from social_core.backends.oauth import BaseOAuth2
from social_core.backends.open_id_connect import OpenIdConnectAuth
from social_core.exceptions import AuthConfigurationError, AuthProviderError, AuthResponseError
from social_core.utils import http_error, url_add_parameters

from cognito_app.core import jose, safe_http, secrets
from cognito_app.federation.strategy import ProviderStrategy

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
CLIENT_SECRET_SECONDS = 300
HASHES: dict[str, hashes.HashAlgorithm] = {
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a provider said of a user, by where it said so."""

    token_response: Mapping[str, Any] = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)
    user_info: Mapping[str, Any] = field(repr=False)


class _Response(requests.Response):
    """An answer whose JSON is read strictly: no NaN, no halves of characters, no numbers without end."""

    def json(self, **unused: Any) -> Any:
        """Return the document. Raises ValueError."""
        return orjson.loads(self.content)


class _Backend(BaseOAuth2[Any]):
    """What all have in common."""

    strategy: ProviderStrategy

    def state_token(self) -> str:
        """Return the state that the sign-in is stored under."""
        return self.strategy.state

    def auth_url(self) -> str:
        """Return where the browser goes; every parameter stays encoded, whatever is in it."""
        params = self.auth_params(self.get_or_create_state())
        params.update(self.get_scope_argument())  # type: ignore[no-untyped-call]
        params.update(self.auth_extra_arguments())
        return str(url_add_parameters(self.authorization_url(), params))

    def request(  # type: ignore[override]  # the library's arguments that nobody uses are gone
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        data: dict[str, Any] | None = None,
        params: dict[str, Any] | None = None,
        stage: Any = "user_info",
        **unused: Any,
    ) -> requests.Response:
        """Ask a provider through the one safe fetcher. Raises social_core's exceptions."""
        address = url_add_parameters(url, params) if params else url
        sent = {str(name): str(value) for name, value in (headers or {}).items()}
        try:
            if method == "GET":
                answer = safe_http.get(address, accept=JSON, headers=sent)
            else:
                body = urlencode(data or {}).encode()
                answer = safe_http.post(address, body, accept=JSON, headers={**sent, "Content-Type": FORM})
        except safe_http.FetchTimeoutError:
            raise AuthProviderError(self, code="timeout", stage=stage) from None
        except safe_http.FetchError as error:
            raise AuthProviderError(self, str(error), code="connection_failed", stage=stage) from None
        response = _Response()
        response.status_code, response._content, response.encoding = answer.status, answer.body, "utf-8"
        if answer.status >= 300:
            raise http_error(self, requests.HTTPError(response=response), stage=stage)
        return response

    def do_auth(self, access_token: str, *args: Any, **kwargs: Any) -> Any:
        """Return what the provider said, each part by itself: which of them counts is decided elsewhere."""
        tokens = kwargs.get("response") or (args[0] if args else {})
        claims = getattr(self, "id_token", None) or {}
        return Said(token_response=tokens, claims=claims, user_info=self.user_data(access_token) or {})

    def object_from(self, url: str, **more: Any) -> dict[str, Any]:
        """Return the JSON object at an address. Raises social_core's exceptions."""
        found = self.get_json(url, **more)
        if not isinstance(found, dict):
            raise AuthResponseError(self, code="malformed_response", stage="user_info")
        return found


class OpenIdConnect(_Backend, OpenIdConnectAuth[Any]):
    """A provider of OpenID Connect whose endpoints are known."""

    ID_TOKEN_ISSUER = "-"  # noqa: S105  # no discovery: the caller's verifier knows the issuer
    RESPONSE_TYPE = "code"

    def get_and_store_nonce(self, url: str, state: Any) -> str:
        """Return a new nonce; the memory of the sign-in keeps it."""
        return secrets.urlsafe(32)

    def validate_and_return_id_token(self, id_token: str, access_token: str) -> dict[str, Any]:
        """Return the claims of an ID token of this very sign-in. Raises AuthResponseError."""
        verify: Callable[[str], dict[str, Any]] = self.setting("VERIFY")
        claims = verify(id_token)
        expected = (self._oauth2_transaction or {}).get("oidc_nonce")
        nonce = claims.get("nonce")
        if not expected or not isinstance(nonce, str) or not secrets.compare(nonce, expected):
            raise self._bad_claim("nonce")
        if "at_hash" in claims and claims["at_hash"] != at_hash(id_token, access_token):
            raise self._bad_claim("at_hash")
        return claims

    def _bad_claim(self, claim: str, stage: Any = "token_validation") -> AuthResponseError:
        return AuthResponseError(self, code="invalid_claim", claim=claim, stage=stage)

    def user_data(self, access_token: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return userInfo, empty if the endpoint has none to give; it must speak of the ID token's subject.

        Raises AuthResponseError for somebody else's.
        """
        url = self.setting("USERINFO_URL")
        if not url:
            return {}
        method = self.setting("USERINFO_METHOD", "GET")
        try:
            found = self.object_from(url, method=method, headers={"Authorization": f"Bearer {access_token}"})
        except (AuthProviderError, AuthResponseError):
            return {}
        if found.get("sub") != (self.id_token or {}).get("sub"):
            raise self._bad_claim("sub", "user_info")
        return found


class Google(OpenIdConnect):
    """Google, whose People API knows more than its claims."""

    def user_data(self, access_token: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return userInfo, and the fields of the People API that are mapped."""
        found = super().user_data(access_token)
        fields = self.setting("PEOPLE_FIELDS")
        if not fields:
            return found
        try:
            person = self.object_from(
                self.setting("PEOPLE_URL") + ",".join(fields), headers={"Authorization": f"Bearer {access_token}"}
            )
        except (AuthProviderError, AuthResponseError):
            return found
        return {**{name: first for name in fields if (first := _first(person.get(name)))}, **found}


def _first(listed: Any) -> str:
    """Return the text of the primary entry of a field of the People API."""
    entries = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    entry = next((item for item in entries if (item.get("metadata") or {}).get("primary")), (entries or [{}])[0])
    date = entry.get("date")
    if isinstance(date, dict) and {"year", "month", "day"} <= set(date):
        return "-".join(f"{date[part]:02d}" for part in ("year", "month", "day") if isinstance(date[part], int))
    known = ("value", "formattedValue", "displayName", "canonicalForm")
    return next((str(entry[name]) for name in known if entry.get(name)), "")


class Apple(OpenIdConnect, AppleIdAuth[Any]):
    """Sign in with Apple: a client secret that is signed anew each time, and a name that comes once, by the browser."""

    TOKEN_TTL_SEC = CLIENT_SECRET_SECONDS
    SCOPE_SEPARATOR = " "

    def __init__(self, strategy: ProviderStrategy, redirect_uri: str) -> None:
        super().__init__(strategy, redirect_uri=redirect_uri)
        # The library would take the client's name from the browser.
        self.data = {name: value for name, value in self.data.items() if name != "client_id"}

    def get_private_key(self) -> str:
        """Return the key in PEM, with its header lines if the setting has only what is between them."""
        text = str(self.setting("SECRET")).strip()
        if "-----BEGIN" in text:
            return text
        return f"-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n"

    def generate_client_secret(self) -> str:
        """Return a client secret. Raises AuthConfigurationError if the provider's key is none."""
        try:
            return str(super().generate_client_secret())  # type: ignore[no-untyped-call]
        except (jwt.PyJWTError, ValueError, TypeError):
            raise AuthConfigurationError(self, code="invalid_setting", parameter="SECRET", stage="begin") from None

    def user_data(self, access_token: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the name that the browser brought: nobody vouches for it, so nothing else is taken from there."""
        return self.setting("POSTED_NAME") or {}


class Facebook(_Backend, FacebookOAuth2[Any]):
    """Facebook: no ID token; the access token was given for our secret, and tells the user."""

    RESPONSE_TYPE = "code"  # type: ignore[assignment]  # None there
    STATE_PARAMETER = True

    def get_authorization_url_format(self) -> dict[str, str]:
        """The address is complete."""
        return {}

    def get_access_token_url_format(self) -> dict[str, str]:
        """The address is complete."""
        return {}

    def user_data(self, access_token: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the fields that are mapped."""
        self.USER_DATA_URL = self.setting("USERINFO_URL")
        return super().user_data(access_token) or {}


class Amazon(_Backend, AmazonOAuth2[Any]):
    """Login with Amazon: no ID token either."""

    def user_data(self, access_token: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the profile; the access token goes in a header, where no log has it."""
        return self.object_from(self.setting("USERINFO_URL"), headers={"Authorization": f"Bearer {access_token}"})


def at_hash(id_token: str, access_token: str) -> str | None:
    """Return what ``at_hash`` must be (OpenID Connect Core section 3.1.3.6), None for an unknown algorithm."""
    algorithm = str(jose.peek(id_token)[0].get("alg"))
    known = HASHES.get(algorithm[2:]) if re.fullmatch(r"(RS|ES|PS)\d{3}", algorithm) else None
    if known is None:
        return None
    digest = hashes.Hash(known)
    digest.update(access_token.encode())
    half = digest.finalize()[: known.digest_size // 2]
    return base64.urlsafe_b64encode(half).decode().rstrip("=")


BACKENDS: dict[str, type[_Backend]] = {
    "OIDC": OpenIdConnect,
    "Google": Google,
    "Facebook": Facebook,
    "LoginWithAmazon": Amazon,
    "SignInWithApple": Apple,
}
