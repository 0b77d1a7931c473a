"""A user pool with a SAML provider, and a browser that goes between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.test import Client

from tests.clients.providers import add
from tests.clients.saml_idp import IdentityProvider
from tests.clients.saml_messages import Sent, read_request
from tests.conftest import App
from tests.oauth.browser import CALLBACK, Site

FORM = "application/x-www-form-urlencoded"
MAPPING = {"email": "mail", "name": "name"}
ANN = {"mail": ["ann@corp.example"], "name": ["Ann"]}


class Corp:
    """A pool whose client offers the provider ``Corp``, and the provider."""

    def __init__(
        self,
        app: App,
        *,
        mapping: Mapping[str, str] | None = None,
        client: Mapping[str, Any] | None = None,
        address: str = "https://idp.example.com",
        **details: str,
    ) -> None:
        self.app = app
        self.provider = IdentityProvider(address=address, users={"ann-1": ANN})
        given = {"MetadataFile": self.provider.metadata(), **details}
        described = add(app, "Corp", "SAML", given, AttributeMapping=dict(MAPPING if mapping is None else mapping))
        if details.get("EncryptedResponses") == "true":
            self.provider.encryption_certificate = described["ProviderDetails"]["ActiveEncryptionCertificate"]
        self.site = Site(app, **{"SupportedIdentityProviders": ["COGNITO", "Corp"], **(client or {})})
        self.acs = f"http://localhost:8000/{app.pool_id}/saml2/idpresponse"
        self.slo = f"http://localhost:8000/{app.pool_id}/saml2/logout"
        self.audience = f"urn:amazon:cognito:sp:{app.pool_id}"

    def depart(self, **changes: str | None) -> Sent:
        """Ask for a sign-in by the provider and return the request that the browser carries there."""
        answer = self.site.get("oauth2/authorize", **self.site.request(identity_provider="Corp", **changes))
        assert answer.status_code == 302, answer.content
        assert answer["Location"].startswith(self.provider.address), answer["Location"]
        return read_request(answer["Location"])

    def post(self, fields: Mapping[str, str], *, to: str = "idpresponse", browser: Client | None = None) -> Any:
        """Post a provider's form to the pool."""
        address = f"/{self.app.pool_id}/saml2/{to}"
        return (browser or self.site.browser).post(address, urlencode(fields), content_type=FORM)

    def sign_in(self, name: str = "ann-1", **given: Any) -> Any:
        """Go to the provider and come back as one of its users; returns the pool's answer."""
        return self.post(self.provider.answer_to(self.depart(prompt="login"), name, **given))

    def unsolicited(self, name: str = "ann-1", **given: Any) -> dict[str, str]:
        """Return the form with which the provider begins a sign-in; ``relay`` changes what it asks for."""
        asked = {"identity_provider": "Corp", **self.site.request(), **given.pop("relay", {})}
        asked = {key: value for key, value in asked.items() if value is not None}
        return {
            "SAMLResponse": self.provider.answer(name, self.acs, self.audience, None, **given),
            "RelayState": urlencode(asked),
        }

    def users(self) -> list[str]:
        """Return the names of the pool's users."""
        return [user["Username"] for user in self.app.idp.list_users(UserPoolId=self.app.pool_id)["Users"]]


def code_of(answer: Any) -> str:
    """Return the code with which the browser came back to the application."""
    return said(answer)["code"]


def said(answer: Any) -> dict[str, str]:
    """Return what the application is told at its redirect URI."""
    assert answer.status_code == 302, answer.content
    assert answer["Location"].startswith(CALLBACK), answer["Location"]
    return {name: values[0] for name, values in parse_qs(urlsplit(answer["Location"]).query).items()}


def error_of(answer: Any) -> str:
    """Return the description of the error that the application is told."""
    told = said(answer)
    assert "code" not in told
    return f"{told['error']}: {told.get('error_description', '')}"
