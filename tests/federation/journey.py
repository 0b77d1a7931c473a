"""A browser's way from an application through a pool to a provider and back."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import jwt
from django.test import Client

from cognito_app.models import LinkedIdentity, PoolUser
from tests.clients.identity_provider import IdentityProvider, parameters
from tests.clients.providers import add
from tests.conftest import App
from tests.oauth.browser import Site

MAPPING = {"email": "email", "name": "name"}


class Journey:
    """A pool whose client offers its own users and those of one provider."""

    def __init__(
        self,
        app: App,
        provider: IdentityProvider,
        *,
        name: str = "Corp",
        kind: str = "OIDC",
        details: dict[str, str] | None = None,
        mapping: dict[str, str] | None = None,
        acr_mapping: dict[str, str] | None = None,
        identifiers: list[str] | None = None,
        **client: Any,
    ) -> None:
        self.app, self.provider, self.name = app, provider, name
        more = {"AcrMapping": acr_mapping} if acr_mapping else {}
        add(
            app,
            name,
            kind,
            details or provider.details,
            AttributeMapping=MAPPING if mapping is None else mapping,
            IdpIdentifiers=identifiers or [],
            **more,
        )
        self.site = Site(app, **{"SupportedIdentityProviders": ["COGNITO", name], **client})

    @property
    def browser(self) -> Client:
        """The browser."""
        return self.site.browser

    def leave(self, **changes: str | None) -> str:
        """Ask for a sign-in at the provider; returns where the browser is sent."""
        answer = self.site.get("oauth2/authorize", **self.site.request(**{"identity_provider": self.name, **changes}))
        assert answer.status_code == 302, answer.content
        return str(answer["Location"])

    def consent(self, location: str) -> dict[str, str]:
        """Let the provider answer; returns what the browser brings back."""
        return parameters(self.provider.authorize(parameters(location)))

    def come_back(self, answer: dict[str, str], browser: Client | None = None) -> Any:
        """Bring an answer to the pool; returns the pool's response."""
        return (browser or self.browser).get(f"/{self.app.pool_id}/oauth2/idpresponse", answer)

    def sign_in(self, **changes: str | None) -> Any:
        """Go all the way; returns the pool's last response."""
        return self.come_back(self.consent(self.leave(**changes)))

    def tokens(self, response: Any) -> dict[str, Any]:
        """Exchange the code that a response carries."""
        found = parameters(response["Location"])
        assert "code" in found, found
        answer = self.site.exchange(found["code"])
        assert answer.status_code == 200, answer.content
        tokens: dict[str, Any] = answer.json()
        return tokens

    def users(self) -> list[str]:
        """Return the names of the pool's users."""
        return list(PoolUser.objects.filter(pool_id=self.app.pool_id).values_list("username", flat=True))

    def nothing_happened(self) -> bool:
        """Whether nobody was made, linked or signed in."""
        links = LinkedIdentity.objects.filter(pool_id=self.app.pool_id).exists()
        return not self.users() and not links and "cognito" not in self.browser.cookies


def error_of(response: Any) -> tuple[str, str]:
    """Return error and description that a response carries to the application."""
    assert response.status_code == 302, response.content
    found = parameters(response["Location"])
    assert found["state"] == "a b/ü%20", found
    assert urlsplit(response["Location"]).netloc == "app.example.com"
    return found["error"], found.get("error_description", "")


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a token (its signature is another test's matter)."""
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims
