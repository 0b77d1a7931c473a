"""A sign-in on the hosted pages: send the form of whatever page is shown, until there is a code; then its tokens."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.aws.mfa import code_now
from tests.aws.sign_in_matrix.world import ORIGIN, World
from tests.conftest import PASSWORD
from tests.oauth.browser import Site
from tests.pages.forms import arrived, buttons, hidden, send, text
from tests.pages.test_passkey_pages import options

CODES = ("SMS_MFA", "EMAIL_OTP", "SMS_OTP", "SOFTWARE_TOKEN_MFA")
MOST = 8
ANYONE = "a passkey that tells who it is"


@dataclass
class Pages:
    """The sign-ins at one site.

    ``choice`` is the first factor to choose, ANYONE to send no name, none where the page asks for name and password.
    """

    world: World
    site: Site
    choice: str = ""
    trail: list[str] = field(default_factory=list)

    def sign_in(self) -> Any:
        """Sign in; returns the tokens, named as the API names them."""
        page, self.trail = self.start(), []
        for _ in range(MOST):
            if arrived(page):
                return self._tokens(page)
            page = self._answer(page)
        raise AssertionError(self.trail)

    def start(self) -> Any:
        """Send the first form."""
        page = self.site.get("login", **self.site.request())
        if self.choice == ANYONE:
            return send(self.site, page, username="", **self.passkey(page))
        typed = {} if self.choice else {"password": self.world.password}
        return self.site.submit("login", {"username": self.world.name, **typed})

    def _answer(self, page: Any) -> Any:
        known = hidden(page)
        name = known.get("challenge") or known.get("factor") or "SELECT_CHALLENGE"
        self.trail.append(name)
        return send(self.site, page, **self._typed(page, name, known))

    def _typed(self, page: Any, name: str, known: dict[str, str]) -> dict[str, str]:
        world = self.world
        if name in CODES:
            return {"code": world.code(name)}
        if name == "MFA_SETUP":
            return self._set_up(page, known.get("factor", ""))
        if name == "SELECT_CHALLENGE":
            assert self.choice in buttons(page, "factor"), page.content
            return {"factor": self.choice}
        if name == "WEB_AUTHN":
            return self.passkey(page)
        return {
            "PASSWORD": {"password": world.password},
            "SELECT_MFA_TYPE": {"answer": world.chosen},
            "NEW_PASSWORD_REQUIRED": {"password": PASSWORD, "password_again": PASSWORD},
        }[name]

    def passkey(self, page: Any) -> dict[str, str]:
        """Return what the browser fills in for a passkey."""
        assert self.world.passkey
        return {"credential": json.dumps(self.world.passkey.get(options(page), ORIGIN))}

    def _set_up(self, page: Any, factor: str) -> dict[str, str]:
        if not factor:
            return {"answer": self.world.chosen}
        if factor == "EMAIL_OTP":
            return {"email": self.world.email}
        found = re.search(r'<code class="key">([A-Z2-7 ]+)</code>', text(page))
        assert found
        self.world.totp = found.group(1).replace(" ", "")
        return {"code": code_now(self.world.totp)}

    def _tokens(self, page: Any) -> Any:
        code = page["Location"].partition("code=")[2].partition("&")[0]
        found = self.site.exchange(code, **self.secret()).json()
        return {
            "AccessToken": found["access_token"],
            "IdToken": found["id_token"],
            "RefreshToken": found["refresh_token"],
        }

    def secret(self) -> dict[str, str]:
        """Return the client's secret where it has one."""
        client = self.site.client
        return {"client_secret": client["ClientSecret"]} if "ClientSecret" in client else {}
