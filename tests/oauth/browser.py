"""A pool's site as a browser and an OAuth client use it."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.test import Client

from tests.conftest import PASSWORD, App

CALLBACK = "https://app.example.com/cb?fixed=1"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


class Site:
    """A pool's site and an OAuth client of it."""

    def __init__(self, app: App, **settings: Any) -> None:
        self.app = app
        self.client = app.client(
            **{
                "AllowedOAuthFlowsUserPoolClient": True,
                "AllowedOAuthFlows": ["code"],
                "AllowedOAuthScopes": ["openid", "email", "profile", "phone", "aws.cognito.signin.user.admin"],
                "CallbackURLs": [CALLBACK],
                "LogoutURLs": ["https://app.example.com/bye"],
                **settings,
            }
        )
        self.browser = Client()

    def request(self, **changes: str | None) -> dict[str, str]:
        """Return the parameters of an authorization request."""
        given = {
            "client_id": self.client["ClientId"],
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid email",
            "state": "a b/ü%20",
            "nonce": "n-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        return {name: value for name, value in given.items() if value is not None}

    def get(self, page: str, **parameters: str) -> Any:
        """Open a page."""
        return self.browser.get(f"/{self.app.pool_id}/{page}?" + urlencode(parameters))

    def submit(self, page: str, fields: dict[str, str], **changes: str) -> Any:
        """Send a form with the token of the browser's cookie."""
        token = self.browser.cookies["XSRF-TOKEN"].value
        address = f"/{self.app.pool_id}/{page}?" + urlencode(self.request(**changes))
        return self.follow(self.browser.post(address, {"_csrf": token, **fields}))

    def follow(self, answer: Any) -> Any:
        """Go to the page that answers a form; what is set with the way there is told with the page."""
        if answer.status_code != 303:
            return answer
        page = self.browser.get(answer["Location"])
        page.cookies.update(answer.cookies)
        return page

    def code(self, **changes: str) -> str:
        """Sign in on the page and return the code."""
        self.get("login", **self.request(**changes))
        answer = self.submit("login", {"username": "ann", "password": PASSWORD}, **changes)
        assert answer.status_code == 302, answer.content
        return str(parse_qs(urlsplit(answer["Location"]).query)["code"][0])

    def token(self, **form: str) -> Any:
        """Ask the token endpoint."""
        body = urlencode({"client_id": self.client["ClientId"], **form})
        return self.browser.post(
            f"/{self.app.pool_id}/oauth2/token", body, content_type="application/x-www-form-urlencoded"
        )

    def exchange(self, code: str, **changes: str) -> Any:
        """Trade a code for tokens."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return self.token(**{**form, **changes})
