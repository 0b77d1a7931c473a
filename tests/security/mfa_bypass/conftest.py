"""A pool that can require MFA."""

from __future__ import annotations

from typing import Any

import pytest

from tests.aws.mfa import (
    PHONE,
)
from tests.conftest import PASSWORD, App, Inbox, make_app
from tests.security.mfa_bypass.ways import ALL_FLOWS, SETTINGS


@pytest.fixture
def app(idp: Any, inbox: Inbox) -> App:
    """A pool that can require MFA; ann has a phone as her factor, bob none at all."""
    made = make_app(idp, inbox, **SETTINGS)
    made.client_id = made.client(ExplicitAuthFlows=ALL_FLOWS)["ClientId"]
    made.sign_up(phone_number=PHONE)
    at = {"UserPoolId": made.pool_id, "Username": "bob"}
    made.idp.admin_create_user(**at, MessageAction="SUPPRESS")
    made.idp.admin_set_user_password(**at, Password=PASSWORD, Permanent=True)
    return made
