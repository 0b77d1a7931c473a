"""Two relying parties of one pool, and a user with every standard claim."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_app.services import pool_profile
from cognito_app.services.actor import SYSTEM
from cognito_app.services.pool_profile import PoolProfile
from tests.conformance.relying_party import RelyingParty
from tests.conftest import App

PROFILE = {
    "given_name": "Ann",
    "family_name": "Ford",
    "nickname": "annie",
    "preferred_username": "ann.ford",
    "profile": "https://example.com/ann",
    "picture": "https://example.com/ann.png",
    "website": "https://example.com",
    "gender": "female",
    "birthdate": "1990-01-31",
    "zoneinfo": "Europe/Berlin",
    "locale": "en-GB",
    "phone_number": "+15555550100",
}


@pytest.fixture(params=["strict", "cognito"])
def profile(request: pytest.FixtureRequest) -> str:
    """Which of the two ways the pool answers."""
    return str(request.param)


@pytest.fixture
def pool(app: App, profile: str) -> App:
    """A pool with a user."""
    if profile == "strict":
        pool_profile.set_profile(SYSTEM, app.pool_id, PoolProfile(strict_oidc=True))
    app.sign_up(**PROFILE)
    rest = [{"Name": "phone_number_verified", "Value": "true"}, {"Name": "name", "Value": "Ann Ford"}]
    app.idp.admin_update_user_attributes(UserPoolId=app.pool_id, Username="ann", UserAttributes=rest)
    return app


@pytest.fixture
def rp(pool: App) -> RelyingParty:
    """The first client."""
    return RelyingParty(pool)


@pytest.fixture
def other(pool: App) -> Any:
    """The second client."""
    return RelyingParty(pool)
