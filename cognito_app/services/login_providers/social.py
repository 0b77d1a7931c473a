"""Logins by access tokens: Facebook and Login with Amazon, who are asked whose token it is and for which app.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/facebook.html
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from cognito_app.conf import app_settings
from cognito_app.core import safe_http
from cognito_app.errors import ExternalServiceException, NotAuthorizedException
from cognito_app.services.login_providers.verified import UNSUPPORTED, VerifiedLogin, checked_subject, invalid

FACEBOOK = "graph.facebook.com"
AMAZON = "www.amazon.com"
URLS = {FACEBOOK: "https://graph.facebook.com", AMAZON: "https://api.amazon.com"}
LONGEST_TOKEN = 1500
UNREACHABLE = "The identity provider gave no answer."
REJECTED = "The provider does not know the token."


def verify_facebook(configured: str, token: str) -> VerifiedLogin:
    """Verify a Facebook access token: it is for the configured app, and somebody's.

    Raises NotAuthorizedException, ExternalServiceException.
    """
    query = f"access_token={_quoted(token)}"
    app_id = _text(_ask(FACEBOOK, f"/app?{query}").get("id"))
    if app_id not in _ids(configured):
        raise NotAuthorizedException(UNSUPPORTED)
    user_id = checked_subject(_ask(FACEBOOK, f"/me?fields=id&{query}").get("id"), "id")
    return _login(FACEBOOK, "https://graph.facebook.com", app_id, user_id, {})


def verify_amazon(configured: str, token: str) -> VerifiedLogin:
    """Verify an access token of Login with Amazon.

    Raises NotAuthorizedException, ExternalServiceException.
    """
    said = _ask(AMAZON, f"/auth/o2/tokeninfo?access_token={_quoted(token)}")
    app_id = _text(said.get("aud"))
    if app_id not in _ids(configured):
        raise NotAuthorizedException(UNSUPPORTED)
    left = said.get("exp")
    if isinstance(left, bool) or not isinstance(left, int) or left <= 0:
        raise invalid("Token expired.")
    user_id = checked_subject(said.get("user_id"), "user_id")
    return _login(AMAZON, "https://www.amazon.com", app_id, user_id, {"user_id": user_id})


def _login(key: str, issuer: str, app_id: str, user_id: str, more: dict[str, Any]) -> VerifiedLogin:
    return VerifiedLogin(
        provider=key,
        subject=user_id,
        client_id=app_id,
        claims={"iss": issuer, "aud": app_id, "sub": user_id, **more},
        proof=f"{key}:{app_id}:{user_id}",
        names=(key,),
    )


def _ids(configured: str) -> set[str]:
    return {item.strip() for item in configured.split(";")} - {""}


def _quoted(token: str) -> str:
    """The providers take the token in the address only; it is never logged."""
    if len(token) > LONGEST_TOKEN:
        raise invalid(REJECTED)
    return quote(token, safe="")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _ask(key: str, path: str) -> dict[str, Any]:
    base = str((app_settings.login_providers.get(key) or {}).get("url") or URLS[key])
    try:
        answer = safe_http.get(base + path, accept="application/json")
    except safe_http.FetchError:
        raise ExternalServiceException(UNREACHABLE) from None
    if answer.status in (400, 401, 403):
        raise invalid(REJECTED)
    said = answer.json_object() if answer.status == 200 else None
    if said is None:
        raise ExternalServiceException(UNREACHABLE)
    return said
