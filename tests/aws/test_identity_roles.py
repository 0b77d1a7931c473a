"""Which role an identity gets, with which tags (spec/identity-pools.md 4)."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from cognito_app.core import clock, jose
from cognito_app.models import IdentityPool
from cognito_app.services import access_keys, identity_pools, identity_roles, roles
from cognito_app.services.actor import SYSTEM
from tests.clients import boto
from tests.clients.exchange import DEVELOPER, Pool, allow, client_of, make_role, role_of, trust
from tests.conftest import App, refused

pytestmark = pytest.mark.django_db

MISCONFIGURED = "Invalid identity pool configuration. Check assigned IAM roles for this pool."
ARN = "arn:aws:iam::000000000000:role/"


@pytest.fixture
def pool(app: App, identity: Any) -> Pool:
    """An identity pool with a user pool of one user."""
    app.sign_up("ann")
    return Pool(identity, app)


def mapped(pool: Pool, mapping: dict[str, Any]) -> dict[str, str]:
    """Give the pool its default roles and a mapping for its app client."""
    return pool.with_roles(RoleMappings={f"{pool.providers[0]}:{pool.apps[0].client_id}": mapping})


def group(pool: Pool, name: str, precedence: int | None) -> str:
    """Put the user into a new group with a role of its own; returns the role's ARN."""
    arn = make_role(name, trust(pool.id))
    at = {"UserPoolId": pool.apps[0].pool_id, "GroupName": name}
    given = {} if precedence is None else {"Precedence": precedence}
    pool.apps[0].idp.create_group(**at, RoleArn=arn, **given)
    pool.apps[0].idp.admin_add_user_to_group(**at, Username="ann")
    return arn


def keys(pool: Pool, **given: Any) -> Any:
    """Trade the user's ID token for credentials."""
    logins = pool.login()
    return pool.keys(pool.get_id(logins), logins, **given)


def test_without_a_mapping_everybody_gets_the_default_role(pool: Pool) -> None:
    group(pool, "editors", 1)
    arns = pool.with_roles()
    assert ARN + role_of(keys(pool)) == arns["authenticated"]
    assert ARN + role_of(pool.keys(pool.get_id())) == arns["unauthenticated"]
    with refused("NotAuthorizedException"):
        keys(pool, CustomRoleArn=f"{ARN}editors")
    with refused("NotAuthorizedException"):
        pool.keys(pool.get_id(), CustomRoleArn=arns["unauthenticated"])


def test_the_only_role_of_a_token_is_taken(pool: Pool) -> None:
    mapped(pool, {"Type": "Token", "AmbiguousRoleResolution": "Deny"})
    group(pool, "editors", None)
    assert role_of(keys(pool)) == "editors"


def test_of_several_roles_the_preferred_or_the_asked_for_is_taken(pool: Pool) -> None:
    arns = mapped(pool, {"Type": "Token", "AmbiguousRoleResolution": "Deny"})
    with refused("NotAuthorizedException"):
        keys(pool)
    group(pool, "first", 1)
    second = group(pool, "second", 2)
    assert role_of(keys(pool)) == "first"
    assert role_of(keys(pool, CustomRoleArn=second)) == "second"
    with refused("NotAuthorizedException"):
        keys(pool, CustomRoleArn=arns["authenticated"])


@pytest.mark.parametrize("resolution", ["Deny", "AuthenticatedRole"])
def test_a_tie_of_groups_is_ambiguous(pool: Pool, resolution: str) -> None:
    arns = mapped(pool, {"Type": "Token", "AmbiguousRoleResolution": resolution})
    group(pool, "first", 1)
    group(pool, "second", 1)
    if resolution == "Deny":
        with refused("NotAuthorizedException"):
            keys(pool)
    else:
        assert ARN + role_of(keys(pool)) == arns["authenticated"]


@pytest.mark.parametrize(
    ("match", "value", "fits"),
    [
        ("Equals", "sales", True),
        ("Equals", "sale", False),
        ("Contains", "ale", True),
        ("Contains", "x", False),
        ("StartsWith", "sal", True),
        ("StartsWith", "ales", False),
        ("NotEqual", "x", True),
        ("NotEqual", "sales", False),
        ("Equals", "SALES", False),
    ],
)
def test_rules_match_claims(pool: Pool, match: str, value: str, fits: bool) -> None:
    rule = {"Claim": "nickname", "MatchType": match, "Value": value, "RoleARN": make_role("ruled", trust(pool.id))}
    rules = {"Type": "Rules", "AmbiguousRoleResolution": "Deny", "RulesConfiguration": {"Rules": [rule]}}
    mapped(pool, rules)
    app = pool.apps[0]
    given = [{"Name": "nickname", "Value": "sales"}]
    app.idp.admin_update_user_attributes(UserPoolId=app.pool_id, Username="ann", UserAttributes=given)
    if fits:
        assert role_of(keys(pool)) == "ruled"
    else:
        with refused("NotAuthorizedException"):
            keys(pool)


@pytest.mark.parametrize("match", ["Equals", "Contains", "StartsWith", "NotEqual"])
def test_a_rule_on_an_absent_claim_is_skipped(pool: Pool, match: str) -> None:
    rule = {"Claim": "nickname", "MatchType": match, "Value": "x", "RoleARN": make_role("ruled", trust(pool.id))}
    rules = {"Type": "Rules", "AmbiguousRoleResolution": "AuthenticatedRole", "RulesConfiguration": {"Rules": [rule]}}
    arns = mapped(pool, rules)
    assert ARN + role_of(keys(pool)) == arns["authenticated"]


def test_the_first_rule_that_fits_wins_and_others_may_be_asked_for(pool: Pool) -> None:
    made = [make_role(name, trust(pool.id)) for name in ("one", "two", "three")]
    rules = [
        {"Claim": "email", "MatchType": "Contains", "Value": "@nowhere", "RoleARN": made[0]},
        {"Claim": "email_verified", "MatchType": "Equals", "Value": "true", "RoleARN": made[1]},
        {"Claim": "token_use", "MatchType": "Equals", "Value": "id", "RoleARN": made[2]},
    ]
    mapped(pool, {"Type": "Rules", "AmbiguousRoleResolution": "Deny", "RulesConfiguration": {"Rules": rules}})
    assert role_of(keys(pool)) == "two"
    assert role_of(keys(pool, CustomRoleArn=made[2])) == "three"
    with refused("NotAuthorizedException"):
        keys(pool, CustomRoleArn=made[0])


@pytest.mark.parametrize(
    ("claim", "match", "value", "fits"),
    [
        (["a", "bc"], "Equals", "bc", True),
        (["a", "bc"], "Equals", "b", False),
        (["a", "bc"], "Contains", "b", True),
        (["a", "bc"], "StartsWith", "b", True),
        (["a", "bc"], "NotEqual", "bc", False),
        (["a", "bc"], "NotEqual", "x", True),
        (True, "Equals", "true", True),
        (1.5, "Equals", "1.5", True),
        (7, "StartsWith", "7", True),
        (None, "NotEqual", "x", False),
    ],
)
def test_rules_read_lists_flags_and_numbers(claim: Any, match: str, value: str, fits: bool) -> None:
    assert identity_roles.matches({"Claim": "c", "MatchType": match, "Value": value}, {"c": claim}) is fits


def test_a_mapping_is_for_its_own_client(pool: Pool) -> None:
    app = pool.apps[0]
    other = app.client()["ClientId"]
    entries = [{"ProviderName": pool.providers[0], "ClientId": client} for client in (app.client_id, other)]
    pool.change(CognitoIdentityProviders=entries)
    arns = mapped(pool, {"Type": "Token", "AmbiguousRoleResolution": "Deny"})
    group(pool, "editors", 1)
    assert role_of(keys(pool)) == "editors"
    logins = {pool.providers[0]: app.sign_in(client_id=other)["IdToken"]}
    assert ARN + role_of(pool.keys(pool.get_id(logins), logins)) == arns["authenticated"]


RULE = {"Claim": "a", "MatchType": "Equals", "Value": "b", "RoleARN": f"{ARN}some"}


@pytest.mark.parametrize(
    "mapping",
    [
        {"Type": "Token"},
        {"Type": "Rules", "RulesConfiguration": {"Rules": [RULE]}},
        {"Type": "Rules", "AmbiguousRoleResolution": "Deny"},
        {"Type": "Rules", "AmbiguousRoleResolution": "Deny", "RulesConfiguration": {"Rules": [RULE] * 26}},
        {
            "Type": "Rules",
            "AmbiguousRoleResolution": "Deny",
            "RulesConfiguration": {"Rules": [{**RULE, "RoleARN": "arn:aws:s3:::a-bucket-not-a-role"}]},
        },
    ],
)
def test_incomplete_mappings_are_refused(pool: Pool, mapping: dict[str, Any]) -> None:
    arns = pool.with_roles()
    with refused("InvalidParameterException"):
        pool.admin.set_identity_pool_roles(**pool.at, Roles=arns, RoleMappings={"accounts.google.com": mapping})
    assert "RoleMappings" not in pool.admin.get_identity_pool_roles(**pool.at)


def test_roles_and_mappings_are_replaced_as_a_whole(pool: Pool) -> None:
    arns = mapped(pool, {"Type": "Token", "AmbiguousRoleResolution": "Deny"})
    found = pool.admin.get_identity_pool_roles(**pool.at)
    assert found["Roles"] == arns
    assert list(found["RoleMappings"]) == [f"{pool.providers[0]}:{pool.apps[0].client_id}"]
    pool.admin.set_identity_pool_roles(**pool.at, Roles={"authenticated": arns["authenticated"]})
    found = pool.admin.get_identity_pool_roles(**pool.at)
    assert found["Roles"] == {"authenticated": arns["authenticated"]}
    assert "RoleMappings" not in found
    with refused("InvalidIdentityPoolConfigurationException", MISCONFIGURED):
        pool.keys(pool.get_id())


def test_who_sets_roles_must_be_allowed_to_pass_every_one(pool: Pool) -> None:
    may = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "cognito-identity:*", "Resource": "*"},
            {"Effect": "Allow", "Action": "iam:PassRole", "Resource": f"{ARN}small"},
        ],
    }
    row, secret = access_keys.create(SYSTEM, user_name="deployer", document=may)
    client = boto.client("cognito-identity", (row.id, secret))
    client.set_identity_pool_roles(**pool.at, Roles={"authenticated": f"{ARN}small"})
    rule = {"Claim": "a", "MatchType": "Equals", "Value": "b", "RoleARN": f"{ARN}big"}
    rules = {"Type": "Rules", "AmbiguousRoleResolution": "Deny", "RulesConfiguration": {"Rules": [rule]}}
    for given in (
        {"Roles": {"authenticated": f"{ARN}big"}},
        {"Roles": {"authenticated": f"{ARN}small"}, "RoleMappings": {"accounts.google.com": rules}},
    ):
        with refused("NotAuthorizedException", f"Access to Role '{ARN}big' is forbidden."):
            client.set_identity_pool_roles(**pool.at, **given)
    assert pool.admin.get_identity_pool_roles(**pool.at)["Roles"] == {"authenticated": f"{ARN}small"}


def test_policies_name_the_pool(pool: Pool, identity: Any) -> None:
    arn = identity_pools.arn_of(pool.id)
    row, secret = access_keys.create(SYSTEM, user_name="one", document=allow("cognito-identity:*", arn))
    client = boto.client("cognito-identity", (row.id, secret))
    assert client.list_identities(**pool.at, MaxResults=1)["Identities"] == []
    other = Pool(identity)
    mine = pool.get_id()
    with refused("AccessDeniedException"):
        client.list_identities(**other.at, MaxResults=1)
    with refused("AccessDeniedException"):
        client.list_identity_pools(MaxResults=1)
    with refused("AccessDeniedException"):
        client.describe_identity(IdentityId=mine)
    with refused("AccessDeniedException"):
        client.delete_identities(IdentityIdsToDelete=[mine])


def test_every_refusal_of_a_role_has_one_text(pool: Pool) -> None:
    """Trust of another pool, of another kind of identity, a role that is gone, a role of another account."""
    cases = [
        make_role("foreign", trust("us-east-1:00000000-0000-4000-8000-000000000000")),
        make_role("guests", trust(pool.id, "unauthenticated")),
        f"{ARN}none",
        "arn:aws:iam::123456789012:role/other",
    ]
    for arn in cases:
        pool.admin.set_identity_pool_roles(**pool.at, Roles={"authenticated": arn})
        with refused("InvalidIdentityPoolConfigurationException", MISCONFIGURED):
            keys(pool)
    pool.admin.set_identity_pool_roles(**pool.at, Roles={})
    with refused("InvalidIdentityPoolConfigurationException", MISCONFIGURED):
        keys(pool)


def test_trust_may_name_the_provider_and_the_subject(pool: Pool) -> None:
    logins = pool.login()
    mine = pool.get_id(logins)
    amr = jose.peek(pool.token(mine, logins)["Token"])[1]["amr"]
    for index, entry in enumerate(amr):
        arn = make_role(f"by-{index}", trust(pool.id, entry))
        pool.admin.set_identity_pool_roles(**pool.at, Roles={"authenticated": arn})
        assert role_of(pool.keys(mine, logins)) == f"by-{index}"
    arn = make_role("of-another", trust(pool.id, f"{amr[2][:-1]}x"))
    pool.admin.set_identity_pool_roles(**pool.at, Roles={"authenticated": arn})
    with refused("InvalidIdentityPoolConfigurationException"):
        pool.keys(mine, logins)


def test_guests_are_scoped_down_in_the_enhanced_flow_only(pool: Pool) -> None:
    """IAM is not in the scope of guests: they may not, though their role allows everything."""
    arns = pool.with_roles()
    guest = pool.get_id()
    issued = pool.keys(guest)
    assert client_of(issued).list_identity_pools(MaxResults=1)["IdentityPools"]
    with pytest.raises(ClientError) as caught:
        client_of(issued).set_identity_pool_roles(**pool.at, Roles=arns)
    assert caught.value.response["Error"]["Message"] == f"Access to Role '{arns['authenticated']}' is forbidden."
    answer = pool.sts.assume_role_with_web_identity(
        RoleArn=arns["unauthenticated"], RoleSessionName="session", WebIdentityToken=pool.token(guest)["Token"]
    )["Credentials"]
    classic = {"Credentials": {**answer, "SecretKey": answer["SecretAccessKey"]}}
    client_of(classic).set_identity_pool_roles(**pool.at, Roles=arns)


def test_enhanced_credentials_live_an_hour(pool: Pool) -> None:
    pool.with_roles()
    answer = keys(pool)
    left = (answer["Credentials"]["Expiration"] - clock.now()).total_seconds()
    assert 3590 <= left <= 3600


def test_a_disabled_driver_gives_no_credentials(pool: Pool) -> None:
    pool.with_roles()
    IdentityPool.objects.filter(pk=pool.id).update(driver="disabled")
    with refused("InvalidIdentityPoolConfigurationException", MISCONFIGURED):
        keys(pool)
    assert pool.token(pool.get_id())["Token"]


def test_an_edited_role_acts_at_once(pool: Pool) -> None:
    pool.with_roles()
    client = client_of(keys(pool))
    assert client.list_identity_pools(MaxResults=1)["IdentityPools"]
    name = f"authenticated-{pool.id[-8:]}"
    role = roles.by_name(name)
    assert role is not None
    role.policies = {"inline": allow("s3:*")}
    roles.update(SYSTEM, role)
    with pytest.raises(ClientError):
        client.list_identity_pools(MaxResults=1)


def test_classic_flow_is_on_unless_switched_off(pool: Pool) -> None:
    """AllowClassicFlow left out and false are not the same."""
    guest = pool.get_id()
    assert "AllowClassicFlow" not in pool.admin.describe_identity_pool(**pool.at)
    assert pool.token(guest)["Token"]
    pool.change(AllowClassicFlow=False)
    assert pool.admin.describe_identity_pool(**pool.at)["AllowClassicFlow"] is False
    with refused("InvalidParameterException", "Basic (classic) flow is not enabled, please use enhanced flow."):
        pool.token(guest)
    pool.change(AllowClassicFlow=True)
    assert pool.token(guest)["Token"]


@pytest.mark.parametrize(
    "given",
    [
        {"DeveloperProviderName": "accounts.google.com"},
        {"SupportedLoginProviders": {"login.example.com": "x"}},
        {"CognitoIdentityProviders": [{"ProviderName": "cognito-idp.us-east-1.amazonaws.com/us-east-1_a"}]},
        {"CognitoIdentityProviders": [{"ClientId": "abc"}]},
        {"OpenIdConnectProviderARNs": ["arn:aws:iam::123456789012:oidc-provider/idp.example.com"]},
        {"OpenIdConnectProviderARNs": ["arn:aws:iam::000000000000:saml-provider/name"]},
        {"SamlProviderARNs": ["arn:aws:iam::000000000000:oidc-provider/name"]},
        {"CognitoIdentityProviders": [{"ProviderName": "a/b", "ClientId": "c"}] * 51},
    ],
)
def test_settings_that_cannot_work_are_refused(identity: Any, given: dict[str, Any]) -> None:
    with refused("InvalidParameterException"):
        identity.create_identity_pool(IdentityPoolName="p", AllowUnauthenticatedIdentities=False, **given)
    assert not IdentityPool.objects.exists()


def test_an_update_replaces_all_but_the_developer_provider(pool: Pool) -> None:
    at = {**pool.at, "IdentityPoolName": "new", "AllowUnauthenticatedIdentities": False}
    with refused("InvalidParameterException"):
        pool.admin.update_identity_pool(**at, DeveloperProviderName="other.example.app")
    changed = pool.admin.update_identity_pool(**at)
    assert changed["DeveloperProviderName"] == DEVELOPER
    assert "CognitoIdentityProviders" not in changed
