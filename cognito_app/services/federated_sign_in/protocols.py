"""By type of provider, how a sign-in begins; a protocol may ask the network and raises FederationRefused."""

from __future__ import annotations

from cognito_app.services.federated_sign_in import openid
from cognito_app.services.federated_sign_in.journey import Protocol
from cognito_app.services.saml import requests as saml

PROTOCOLS: dict[str, Protocol] = {
    **dict.fromkeys(openid.TYPES, openid.depart),
    "SAML": saml.depart,
}
