"""Pool tokens in Django REST framework, as docs/developers has it: who may come in, and for how long."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from rest_framework.test import APIRequestFactory

from tests.conftest import App
from tests.e2e.documents import example


@pytest.fixture
def orders() -> Any:
    """The view of the example."""
    place: dict[str, Any] = {"__name__": "shop.views"}
    exec(example("drf", {}), place)
    return place["Orders"].as_view()


def ask(view: Any, token: str | None) -> Any:
    """Ask an API with a bearer token, or without one."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return view(APIRequestFactory().get("/orders", headers=headers))


def test_members_of_the_group_come_in_until_they_sign_out(app: App, orders: Any) -> None:
    app.sign_up()
    app.idp.create_group(UserPoolId=app.pool_id, GroupName="staff")
    stranger = app.sign_in()
    app.idp.admin_add_user_to_group(UserPoolId=app.pool_id, GroupName="staff", Username="ann")
    member = app.sign_in()
    answers = [ask(orders, token) for token in (None, "x.y.z", member["IdToken"], stranger["AccessToken"])]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 403]
    assert ask(orders, member["AccessToken"]).data == {"user": "ann", "groups": ["staff"]}
    app.idp.global_sign_out(AccessToken=member["AccessToken"])
    assert ask(orders, member["AccessToken"]).status_code == 401


def test_machines_come_in_by_scope(app: App, orders: Any) -> None:
    app.sign_up()
    scopes = [{"ScopeName": name, "ScopeDescription": name} for name in ("read", "write")]
    app.idp.create_resource_server(UserPoolId=app.pool_id, Identifier="shop", Name="Shop", Scopes=scopes)
    for scope, status in (("shop/read", 200), ("shop/write", 403)):
        made = app.client(
            GenerateSecret=True,
            ExplicitAuthFlows=[],
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthFlows=["client_credentials"],
            AllowedOAuthScopes=[scope],
        )
        form = urlencode(
            {
                "client_id": made["ClientId"],
                "client_secret": made["ClientSecret"],
                "grant_type": "client_credentials",
            }
        )
        kind = "application/x-www-form-urlencoded"
        answer = Client().post(f"/{app.pool_id}/oauth2/token", form, content_type=kind)
        assert ask(orders, answer.json()["access_token"]).status_code == status
