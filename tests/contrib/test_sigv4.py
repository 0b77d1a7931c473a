"""Signed requests in Django REST framework: who may come in, by which policy, at which cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from django.db import connection
from django.http import HttpRequest
from django.test.utils import CaptureQueriesContext
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from cognito_app.contrib.rest_framework import IAMPermission, SigV4Authentication
from cognito_app.models import Identity
from cognito_app.services import access_keys, identities, identity_pools, roles, sts
from cognito_app.services.actor import SYSTEM

pytestmark = pytest.mark.django_db

ORDERS = "arn:aws:execute-api:us-east-1:000000000000:shop/live"
Keys = tuple[str, ...]


class Orders(APIView):
    """A view of a host project."""

    authentication_classes: Any = (SigV4Authentication,)
    permission_classes: Any = (IAMPermission,)

    def iam_resource(self, request: Request) -> str:
        """Return the ARN of the request."""
        return f"{ORDERS}/{request.method}{request.path}"

    def get(self, request: Request, **unused: str) -> Response:
        """Say who asks."""
        return Response({"caller": str(request.user), "key": request.user.pk})

    def post(self, request: Request, **unused: str) -> Response:
        """Say what came."""
        return Response({"body": request.data})


class ByStore(Orders):
    """A view with an action and condition keys of its own."""

    iam_action = "shop:ReadOrder"

    def iam_context(self, request: Request) -> Mapping[str, str]:
        """Return the store that the order belongs to."""
        return {"shop:Store": request.query_params.get("store", "")}


class Bearer(BaseAuthentication):
    """Another way in."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        """Take one token."""
        if request.META.get("HTTP_AUTHORIZATION") != "Bearer t":
            return None
        return type("Someone", (), {"is_authenticated": True, "pk": "someone"})(), None


class Either(Orders):
    """A view for signatures and bearer tokens."""

    authentication_classes: Any = (SigV4Authentication, Bearer)
    permission_classes: Any = (IsAuthenticated,)


def signed(
    path: str, keys: Keys, method: str = "GET", body: bytes = b"", service: str = "execute-api", query: str = ""
) -> HttpRequest:
    """Return a request as a WSGI server hands it on."""
    address = f"http://localhost:8000{path}" + (f"?{query}" if query else "")
    request = AWSRequest(method, address, data=body)
    SigV4Auth(Credentials(*keys), service, "us-east-1").add_auth(request)
    meta: dict[str, Any] = {
        f"HTTP_{name.upper().replace('-', '_')}": value
        for name, value in request.headers.items()
        if name.lower() != "content-length"
    }
    factory: Any = APIRequestFactory()
    made: HttpRequest = factory.generic(
        method,
        path,
        body,
        content_type="application/json",
        QUERY_STRING=query,
        **{**meta, "HTTP_HOST": "localhost:8000"},
    )
    return made


def may(action: str, resource: str, **more: Any) -> dict[str, Any]:
    """Return a policy of one statement."""
    return {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": action, "Resource": resource, **more},
    }


def user(document: dict[str, Any]) -> Keys:
    """Return a user's key."""
    row, secret = access_keys.create(SYSTEM, user_name="ann", document=document)
    return row.id, secret


@pytest.fixture
def identity() -> tuple[str, Keys]:
    """An identity that may do what it likes below its own path."""
    pool = identity_pools.create(SYSTEM, name="pool", settings={"AllowUnauthenticatedIdentities": True})
    identity_id = identities.get_id(pool.pk, {}, None)
    pools = roles.IDENTITY_PROVIDER
    trust = {
        "Effect": "Allow",
        "Principal": {"Federated": pools},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{pools}:aud": pool.pk}},
    }
    role = roles.create(
        SYSTEM,
        name="app",
        trust_policy={"Version": "2012-10-17", "Statement": [trust]},
        policies={"own": may("execute-api:Invoke", f"{ORDERS}/GET/${{{pools}:sub}}/*")},
    )
    claims = {"aud": pool.pk, "sub": identity_id, "amr": ["unauthenticated"]}
    issued = sts.assume(role, claims, session_name="s", seconds=3600)
    assert issued is not None
    return identity_id, (issued.access_key_id, issued.secret, issued.session_token)


def call(view: type[APIView], request: HttpRequest) -> Any:
    """Call a view."""
    return view.as_view()(request)


def test_policies_decide(identity: tuple[str, Keys]) -> None:
    identity_id, keys = identity
    answer = call(Orders, signed(f"/{identity_id}/1", keys))
    assert answer.status_code == 200
    assert answer.data["caller"] == "arn:aws:sts::000000000000:assumed-role/app/s"
    refusal = call(Orders, signed("/us-east-1:other/1", keys))
    assert refusal.status_code == 403
    assert refusal.data["message"] == (
        "User: arn:aws:sts::000000000000:assumed-role/app/s is not authorized to perform: execute-api:Invoke on "
        f"resource: {ORDERS}/GET/us-east-1:other/1 because no identity-based policy allows the execute-api:Invoke "
        "action"
    )
    assert call(Orders, signed(f"/{identity_id}/1", keys, "POST", b"{}")).status_code == 403


def test_a_warm_request_asks_the_database_once(identity: tuple[str, Keys]) -> None:
    identity_id, keys = identity
    call(Orders, signed(f"/{identity_id}/1", keys))
    with CaptureQueriesContext(connection) as queries:
        assert call(Orders, signed(f"/{identity_id}/2", keys)).status_code == 200
    assert len(queries) == 1
    long_term = user(may("execute-api:Invoke", "*"))
    call(Orders, signed("/x", long_term))
    with CaptureQueriesContext(connection) as queries:
        assert call(Orders, signed("/x", long_term)).status_code == 200
    assert len(queries) <= 1


def test_the_one_question_is_whether_the_credentials_still_stand(identity: tuple[str, Keys]) -> None:
    identity_id, keys = identity
    assert call(Orders, signed(f"/{identity_id}/1", keys)).status_code == 200
    Identity.objects.update(state=Identity.State.DISABLED)
    assert call(Orders, signed(f"/{identity_id}/1", keys)).status_code == 403
    Identity.objects.update(state=Identity.State.GUEST)
    assert call(Orders, signed(f"/{identity_id}/1", keys)).status_code == 200
    roles.put_policy(SYSTEM, "app", "own", '{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}')
    assert call(Orders, signed(f"/{identity_id}/1", keys)).status_code == 403
    roles.delete(SYSTEM, "app")
    answer = call(Orders, signed(f"/{identity_id}/1", keys))
    assert answer.data["message"] == "The security token included in the request is invalid."


def test_the_body_and_the_query_are_signed() -> None:
    keys = user(may("execute-api:Invoke", "*"))
    request = signed("/x", keys, "POST", b'{"a":1}', query="b=%20c&a=")
    assert call(Orders, request).data == {"body": {"a": 1}}
    tampered = signed("/x", keys, "POST", b'{"a":1}')
    tampered._stream = APIRequestFactory().post("/x", b'{"a":2}', content_type="application/json")._stream
    assert call(Orders, tampered).status_code == 403
    moved = signed("/x", keys)
    moved.path = "/y"
    assert call(Orders, moved).status_code == 403
    assert call(Orders, signed("/x", keys, service="s3")).status_code == 403


def test_a_view_may_have_its_own_action_and_condition_keys() -> None:
    keys = user(may("shop:ReadOrder", "*", Condition={"StringEquals": {"shop:Store": "berlin"}}))
    assert call(ByStore, signed("/x", keys, query="store=berlin")).status_code == 200
    assert call(ByStore, signed("/x", keys, query="store=paris")).status_code == 403
    assert call(Orders, signed("/x", keys)).status_code == 403


def test_requests_without_a_signature_are_left_to_others() -> None:
    factory = APIRequestFactory()
    assert call(Either, factory.get("/x", HTTP_AUTHORIZATION="Bearer t")).status_code == 200
    assert call(Either, signed("/x", user(may("s3:*", "*")))).status_code == 200
    assert call(Either, factory.get("/x")).status_code == 403
    missing = call(Orders, factory.get("/x"))
    assert (missing.status_code, missing.data["message"]) == (403, "Missing Authentication Token")
    bad = factory.get("/x", HTTP_AUTHORIZATION="AWS4-HMAC-SHA256 nonsense")
    assert call(Either, bad).status_code == 403
