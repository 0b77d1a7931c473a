"""Replicas: sites on one database that act as the primary or the secondary of a pool."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from pytest_django import Settings

from cognito_app.aws import model, replica_roles
from cognito_app.models import AuditEvent, PoolReplica
from tests.conftest import PASSWORD, App, Inbox, make_app, refused
from tests.oauth.browser import Site

pytestmark = pytest.mark.django_db

HERE, THERE = "us-east-1", "eu-west-1"
KEY = {"KeyType": "CUSTOMER_MANAGED_KEY", "KmsKeyArn": "arn:aws:kms:us-east-1:000000000000:key/mrk-1234abcd"}
ELIGIBLE: dict[str, Any] = {"KeyConfiguration": KEY, "IssuerConfiguration": {"Type": "UPDATED"}}


@pytest.fixture
def app(idp: Any, inbox: Inbox, settings: Settings) -> App:
    """A pool that can have a replica, on a site that has another beside it."""
    settings.COGNITO = {**settings.COGNITO, "REPLICA_REGIONS": [THERE]}
    return make_app(idp, inbox, **ELIGIBLE)


@contextmanager
def at_the_other_site(settings: Settings) -> Iterator[None]:
    """Be a process of the other site."""
    with override_settings(COGNITO={**settings.COGNITO, "REGION": THERE, "REPLICA_REGIONS": [HERE]}):
        yield


def create(app: App, **given: Any) -> Any:
    """Make the replica."""
    return app.idp.create_user_pool_replica(UserPoolId=app.pool_id, RegionName=THERE, **given)["UserPoolReplica"]


def activate(app: App, status: str = "ACTIVE") -> Any:
    """Change the replica's status."""
    given = {"UserPoolId": app.pool_id, "RegionName": THERE, "Status": status}
    return app.idp.update_user_pool_replica(**given)["UserPoolReplica"]


def listed(app: App) -> list[tuple[str, str, str]]:
    """Return Region, role and status of every replica."""
    found = app.idp.list_user_pool_replicas(UserPoolId=app.pool_id)
    assert "NextToken" not in found
    return [(item["RegionName"], item["Role"], item["Status"]) for item in found["UserPoolReplicas"]]


@pytest.mark.operation("CreateUserPoolReplica")
@pytest.mark.operation("UpdateUserPoolReplica")
@pytest.mark.operation("DeleteUserPoolReplica")
@pytest.mark.operation("ListUserPoolReplicas")
def test_life_of_a_replica(app: App) -> None:
    assert listed(app) == [(HERE, "PRIMARY", "ACTIVE")]
    made = create(app)
    assert made == {
        "RegionName": THERE,
        "Status": "INACTIVE",
        "Role": "SECONDARY",
        "UserPoolArn": f"arn:aws:cognito-idp:{THERE}:000000000000:userpool/{app.pool_id}",
    }
    assert listed(app) == [(HERE, "PRIMARY", "ACTIVE"), (THERE, "SECONDARY", "INACTIVE")]
    assert activate(app) == {**made, "Status": "ACTIVE"}
    at = {"UserPoolId": app.pool_id, "RegionName": THERE}
    with refused("InvalidParameterException", "A replica must be INACTIVE before it can be deleted."):
        app.idp.delete_user_pool_replica(**at)
    activate(app, "INACTIVE")
    assert app.idp.delete_user_pool_replica(**at)["UserPoolReplica"] == {**made, "Status": "DELETING"}
    assert listed(app) == [(HERE, "PRIMARY", "ACTIVE")]
    with refused("ResourceNotFoundException"):
        app.idp.delete_user_pool_replica(**at)
    with refused("ResourceNotFoundException"):
        activate(app)
    create(app)
    actions = AuditEvent.objects.filter(pool_id=app.pool_id, action__endswith="Replica").values_list(
        "action", flat=True
    )
    assert set(actions) == {"CreateUserPoolReplica", "UpdateUserPoolReplica", "DeleteUserPoolReplica"}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"UserPoolTier": "LITE", **ELIGIBLE}, "FeatureUnavailableInTierException"),
        ({"KeyConfiguration": KEY}, "InvalidParameterException"),
        ({"IssuerConfiguration": {"Type": "UPDATED"}}, "InvalidParameterException"),
        (
            {
                **ELIGIBLE,
                "KeyConfiguration": {**KEY, "KmsKeyArn": "arn:aws:kms:us-east-1:000000000000:key/1234abcd"},
            },
            "InvalidParameterException",
        ),
        ({**ELIGIBLE, "KeyConfiguration": {"KeyType": "CUSTOMER_MANAGED_KEY"}}, "InvalidParameterException"),
    ],
)
def test_a_pool_must_fulfil_the_conditions(
    idp: Any, inbox: Inbox, settings: Settings, given: dict[str, Any], code: str
) -> None:
    settings.COGNITO = {**settings.COGNITO, "REPLICA_REGIONS": [THERE]}
    app = make_app(idp, inbox, **given)
    with refused(code):
        create(app)
    assert not PoolReplica.objects.exists()


def test_without_a_site_in_the_region_there_is_no_replica(app: App, settings: Settings) -> None:
    with refused("OperationNotEnabledException"):
        app.idp.create_user_pool_replica(UserPoolId=app.pool_id, RegionName="ap-south-1")
    settings.COGNITO = {**settings.COGNITO, "REPLICA_REGIONS": []}
    with refused("OperationNotEnabledException"):
        create(app)
    assert listed(app) == [(HERE, "PRIMARY", "ACTIVE")]


def test_a_pool_has_one_secondary(app: App, settings: Settings) -> None:
    settings.COGNITO = {**settings.COGNITO, "REPLICA_REGIONS": [THERE, "ap-south-1"]}
    create(app)
    for region in (THERE, "ap-south-1"):
        with refused("LimitExceededException"):
            app.idp.create_user_pool_replica(UserPoolId=app.pool_id, RegionName=region)


@pytest.mark.django_db(transaction=True)
def test_parallel_requests_make_one_secondary(app: App, settings: Settings) -> None:
    regions = [THERE, "ap-south-1", "ap-south-2", "sa-east-1"]
    settings.COGNITO = {**settings.COGNITO, "REPLICA_REGIONS": regions}

    def attempt(region: str) -> str:
        try:
            app.idp.create_user_pool_replica(UserPoolId=app.pool_id, RegionName=region)
            return "ok"
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        finally:
            connection.close()

    with ThreadPoolExecutor(len(regions)) as workers:
        counted = Counter(workers.map(attempt, regions))
    assert counted == {"ok": 1, "LimitExceededException": len(regions) - 1}


def test_the_primary_is_no_replica_to_change(app: App) -> None:
    at = {"UserPoolId": app.pool_id, "RegionName": HERE}
    with refused("InvalidParameterException"):
        app.idp.create_user_pool_replica(**at)
    with refused("InvalidParameterException"):
        app.idp.update_user_pool_replica(**at, Status="INACTIVE")
    with refused("InvalidParameterException"):
        app.idp.delete_user_pool_replica(**at)


def test_unknown_pools_and_bad_values_are_refused(app: App) -> None:
    at = {"UserPoolId": "us-east-1_none", "RegionName": THERE}
    with refused("ResourceNotFoundException"):
        app.idp.create_user_pool_replica(**at)
    with refused("ResourceNotFoundException"):
        app.idp.list_user_pool_replicas(UserPoolId="us-east-1_none")
    with refused("InvalidParameterException"):
        app.idp.list_user_pool_replicas(UserPoolId=app.pool_id, NextToken="made-up")
    create(app)
    with refused("InvalidParameterException"):
        activate(app, "DELETING")
    other = make_app(app.idp, app.inbox, **ELIGIBLE)
    with refused("ResourceNotFoundException"):
        activate(other)


@pytest.mark.operation("TagResource")
@pytest.mark.operation("UntagResource")
@pytest.mark.operation("ListTagsForResource")
def test_a_replica_has_tags_of_its_own(app: App) -> None:
    arn = create(app, UserPoolTags={"site": "two"})["UserPoolArn"]
    primary = app.idp.describe_user_pool(UserPoolId=app.pool_id)["UserPool"]
    assert primary["UserPoolTags"] == {}
    app.idp.tag_resource(ResourceArn=arn, Tags={"more": "x"})
    app.idp.untag_resource(ResourceArn=arn, TagKeys=["site"])
    assert app.idp.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"more": "x"}
    assert app.idp.list_tags_for_resource(ResourceArn=primary["Arn"])["Tags"] == {}
    for wrong in (arn.replace(THERE, "ap-south-1"), arn.replace("000000000000", "000000000001")):
        with refused("ResourceNotFoundException"):
            app.idp.list_tags_for_resource(ResourceArn=wrong)


def test_a_pool_keeps_what_its_replica_needs(app: App) -> None:
    create(app)
    at = {"UserPoolId": app.pool_id}
    with refused("TierChangeNotAllowedException"):
        app.idp.update_user_pool(**at, UserPoolTier="LITE")
    with refused("InvalidParameterException"):
        app.idp.update_user_pool(**at, KeyConfiguration={"KeyType": "AWS_OWNED_KEY"})
    with refused("InvalidParameterException"):
        app.idp.update_user_pool(**at, IssuerConfiguration={"Type": "ORIGINAL"})
    app.idp.update_user_pool(**at, PoolName="renamed", **ELIGIBLE)
    with refused("InvalidParameterException"):
        app.idp.delete_user_pool(**at)
    app.idp.delete_user_pool_replica(**at, RegionName=THERE)
    app.idp.update_user_pool(**at, IssuerConfiguration={"Type": "ORIGINAL"})
    app.idp.delete_user_pool(**at)


def test_an_inactive_secondary_reads_and_signs_nobody_in(app: App, settings: Settings) -> None:
    app.sign_up()
    token = app.sign_in()["AccessToken"]
    create(app, UserPoolTags={"site": "two"})
    at = {"UserPoolId": app.pool_id}
    with at_the_other_site(settings):
        assert app.idp.admin_get_user(**at, Username="ann")["Username"] == "ann"
        assert len(app.idp.list_users(**at)["Users"]) == 1
        described = app.idp.describe_user_pool(**at)["UserPool"]
        assert described["Arn"].split(":")[3] == THERE
        assert described["UserPoolTags"] == {"site": "two"}
        with refused("OperationNotEnabledException"):
            app.sign_in()
        with refused("OperationNotEnabledException"):
            app.idp.get_user(AccessToken=token)
        for call in (app.idp.delete_user_pool, app.idp.update_user_pool):
            with refused("OperationNotEnabledException"):
                call(**at)
        # The model lists no OperationNotEnabledException here.
        with refused("InvalidParameterException"):
            app.idp.add_user_pool_client_secret(**at, ClientId=app.client_id)
        assert Client().get(f"/{app.pool_id}/login").status_code == 404
        assert Client().get(f"/{app.pool_id}/oauth2/userInfo").status_code == 404
        assert Client().get(f"/{app.pool_id}/.well-known/jwks.json").status_code == 200
    assert "AccessToken" in app.sign_in()


def test_an_active_secondary_signs_in_and_changes_no_users(app: App, settings: Settings) -> None:
    app.sign_up()
    create(app)
    activate(app)
    at = {"UserPoolId": app.pool_id}
    with at_the_other_site(settings):
        token = app.sign_in()["AccessToken"]
        assert app.idp.get_user(AccessToken=token)["Username"] == "ann"
        refusals: tuple[Callable[[], Any], ...] = (
            lambda: app.idp.sign_up(ClientId=app.client_id, Username="bob", Password=PASSWORD),
            lambda: app.idp.forgot_password(ClientId=app.client_id, Username="ann"),
            lambda: app.idp.change_password(AccessToken=token, PreviousPassword=PASSWORD, ProposedPassword="x" * 9),
            lambda: app.idp.update_user_attributes(
                AccessToken=token, UserAttributes=[{"Name": "name", "Value": "Ann"}]
            ),
            lambda: app.idp.admin_create_user(**at, Username="bob"),
            lambda: app.idp.create_user_pool_replica(**at, RegionName=THERE),
            lambda: app.idp.delete_user_pool_replica(**at, RegionName=THERE),
        )
        for call in refusals:
            with refused("OperationNotEnabledException"):
                call()
        # It may be switched off from either site.
        activate(app, "INACTIVE")
        with refused("OperationNotEnabledException"):
            app.idp.get_user(AccessToken=token)
    assert app.idp.get_user(AccessToken=token)["Username"] == "ann"


def test_pages_of_an_active_secondary_sign_in_only(app: App, settings: Settings) -> None:
    app.sign_up()
    site = Site(app)
    create(app)
    activate(app)
    with at_the_other_site(settings):
        assert site.code()
        registered = site.submit("signup", {"username": "bob", "password": PASSWORD})
        reset = site.submit("forgotPassword", {"username": "ann"})
    assert (registered.status_code, reset.status_code) == (400, 400)
    assert b"not available in a secondary Region" in registered.content
    assert len(app.inbox.messages("ann@example.com")) == 1


def test_a_site_is_primary_for_its_own_pools_and_for_those_without_a_replica(app: App, settings: Settings) -> None:
    with at_the_other_site(settings):
        own = make_app(app.idp, app.inbox)
        assert own.pool_id.startswith(THERE)
        own.sign_up("eve")
        app.sign_up("ann")
        assert "AccessToken" in app.sign_in()


def test_a_single_site_asks_nothing_about_replicas(idp: Any, inbox: Inbox) -> None:
    app = make_app(idp, inbox)
    app.sign_up()
    with CaptureQueriesContext(connection) as captured:
        app.sign_in()
        Client().get(f"/{app.pool_id}/login")
    assert not [item for item in captured.captured_queries if "poolreplica" in item["sql"]]


def test_the_operations_of_a_secondary_exist(idp: Any) -> None:
    operations = set(model.service("cognito-idp").operations)
    assert operations >= replica_roles.ACTIVE
    refused_anywhere = operations - replica_roles.ACTIVE
    assert {"SignUp", "AdminCreateUser", "UpdateUserPool", "ChangePassword"} <= refused_anywhere
