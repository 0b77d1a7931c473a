"""The wire: framing, errors, validation, signatures, CORS."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.model import ServiceModel
from django.test import Client

from cognito_app.aws import model, registry
from cognito_app.services import access_keys
from cognito_app.services.actor import SYSTEM
from tests.clients import boto
from tests.conftest import App, refused

pytestmark = pytest.mark.django_db

PREFIX = "AWSCognitoIdentityProviderService"


def post(target: str, body: bytes | str, **headers: Any) -> Any:
    """Send a raw request."""
    return Client().post("/", body, content_type="application/x-amz-json-1.1", HTTP_X_AMZ_TARGET=target, **headers)


def wire(answer: Any) -> Any:
    """Read a body whose type Django's test client does not take for JSON."""
    return json.loads(answer.content)


def test_a_success_has_a_body_a_type_and_a_request_id(app: App) -> None:
    answer = post(f"{PREFIX}.RevokeToken", json.dumps({"ClientId": app.client_id, "Token": "x"}))
    assert answer.status_code == 200
    assert answer.content == b"{}"
    assert answer["Content-Type"] == "application/x-amz-json-1.1"
    assert len(answer["x-amzn-RequestId"]) == 36
    assert answer["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"5",
        b"{",
        b"\xff\xfe",
        b'{"ClientId":"\\ud800"}',
        b"[" * 5000,
        b'{"a":' * 5000,
        b'{"ClientId": 5}',
        b'{"ClientId": {"a": 1}}',
        b'{"ClientId": ["a"]}',
        b'{"AuthParameters": "text"}',
        b'{"AuthParameters": {"A": 1}}',
    ],
)
def test_what_is_no_request_is_a_serialization_error(body: bytes) -> None:
    answer = post(f"{PREFIX}.InitiateAuth", body)
    assert answer.status_code == 400
    assert wire(answer)["__type"] == "SerializationException"
    assert answer["x-amzn-ErrorType"] == "SerializationException:"


def test_a_body_over_a_mebibyte_is_refused() -> None:
    answer = post(f"{PREFIX}.InitiateAuth", b'{"ClientId":"' + b"x" * (1024 * 1024) + b'"}')
    assert (answer.status_code, wire(answer)["__type"]) == (400, "SerializationException")


@pytest.mark.parametrize(
    "target", ["", "Nonsense", f"{PREFIX}.Nothing", "Other.InitiateAuth", f"{PREFIX}.initiateAuth"]
)
def test_an_unknown_operation_is_json(target: str) -> None:
    answer = post(target, b"{}")
    assert (answer.status_code, wire(answer)) == (400, {"__type": "UnknownOperationException"})


def test_an_operation_without_a_handler_says_so() -> None:
    body = b"Action=DecodeAuthorizationMessage&Version=2011-06-15&EncodedMessage=x"
    answer = Client().post("/", body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 501
    assert b"<Code>NotImplemented</Code>" in answer.content


def test_other_methods_are_json_too() -> None:
    for method in ("put", "delete", "patch"):
        assert wire(getattr(Client(), method)("/"))["__type"] == "MethodNotAllowedException"
    assert wire(Client().get("/"))["service"] == "cognito"


def test_preflight_of_browsers_comes_before_everything() -> None:
    asked = "authorization,content-type,x-amz-target,x-amz-user-agent,cache-control,amz-sdk-invocation-id"
    answer = Client().options("/", HTTP_ORIGIN="http://app.example", HTTP_ACCESS_CONTROL_REQUEST_HEADERS=asked)
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["Access-Control-Allow-Headers"] == asked


def test_nulls_count_as_absent(app: App) -> None:
    body: dict[str, Any] = {"ClientId": app.client_id, "AuthFlow": "USER_PASSWORD_AUTH", "ClientMetadata": None}
    body["AuthParameters"] = {"USERNAME": "ann", "PASSWORD": "x", "DEVICE_KEY": None}
    answer = post(f"{PREFIX}.InitiateAuth", json.dumps(body))
    assert wire(answer)["__type"] == "UserNotFoundException"


def test_all_violations_come_in_one_message(app: App) -> None:
    with refused("InvalidParameterException"):
        app.idp.create_user_pool(PoolName="")
    body = {"UserPoolId": "bad id", "Limit": 61, "Filter": "x" * 257}
    key = access_keys.create(SYSTEM, user_name="a", document=access_keys.ADMINISTRATOR)
    client = boto.client("cognito-idp", (key[0].id, key[1]))
    message = (
        "3 validation errors detected: "
        "Value 'bad id' at 'userPoolId' failed to satisfy constraint: Member must satisfy regular expression pattern: "
        r"[\w-]+_[0-9a-zA-Z]+; "
        "Value '61' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 60; "
        f"Value '{'x' * 257}' at 'filter' failed to satisfy constraint: "
        "Member must have length less than or equal to 256"
    )
    with refused("InvalidParameterException", message):
        client.list_users(**body)


def test_values_of_secrets_are_not_shown(app: App) -> None:
    message = (
        "2 validation errors detected: Value at 'username' failed to satisfy constraint: Member must have length less "
        "than or equal to 128; Value at 'password' failed to satisfy constraint: Member must have length less than or "
        "equal to 256"
    )
    with refused("InvalidParameterException", message):
        app.idp.sign_up(ClientId=app.client_id, Username="u" * 129, Password="Aa1!" * 65)
    with refused(
        "InvalidParameterException",
        "1 validation error detected: Value at 'accessToken' failed to satisfy constraint: Member must not be null",
    ):
        app.idp.get_user()


def test_identity_pools_call_it_validation_exception(identity: Any) -> None:
    message = (
        "1 validation error detected: Value 'us-east-2:mock' at 'identityPoolId' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w-]+:[0-9a-f-]+"
    )
    with refused("ValidationException", message):
        identity.describe_identity_pool(IdentityPoolId="us-east-2:mock")


def _violations(shape: Any, depth: int = 0) -> list[Any]:
    """Return values that break one constraint of a shape each."""
    facts = shape.metadata
    if shape.type_name == "string":
        bad: list[Any] = [5]
        if "max" in facts and facts["max"] < 5000:
            bad.append("a" * (facts["max"] + 1))
        if shape.enum:
            bad.append("no-such-value")
        if "pattern" in facts:
            bad.append("\n\x01")
        return bad
    if shape.type_name in ("integer", "long"):
        return [
            "text",
            *([facts["max"] + 1] if "max" in facts else []),
            *([facts["min"] - 1] if "min" in facts else []),
        ]
    if shape.type_name == "boolean":
        return ["maybe"]
    if shape.type_name == "list":
        return ["text", *([[value] for value in _violations(shape.member, depth + 1)[:1]] if depth < 2 else [])]
    if shape.type_name == "blob":
        return ["no base64"]
    # A document is any JSON.
    return [] if facts.get("document") else ["text"]


def _cases() -> list[Any]:
    cases = []
    for service in ("cognito-idp", "cognito-identity"):
        loaded: ServiceModel = boto3.client(service, region_name="us-east-1").meta.service_model
        for name in sorted(registry.implemented(service)):
            shape = loaded.operation_model(name).input_shape
            for member, inner in shape.members.items() if shape else ():
                cases += [
                    pytest.param(service, name, member, bad, id=f"{name}-{member}-{n}")
                    for n, bad in enumerate(_violations(inner))
                ]
            cases += [
                pytest.param(service, name, member, None, id=f"{name}-{member}-absent")
                for member in (shape.required_members if shape else ())
            ]
    return cases


@pytest.mark.parametrize(("service", "name", "member", "bad"), _cases())
def test_each_broken_constraint_is_a_400(
    admin_key: tuple[str, str], service: str, name: str, member: str, bad: Any
) -> None:
    facts = model.service(service)
    body = json.dumps({} if bad is None else {member: bad})
    request = AWSRequest("POST", "http://localhost:8000/", data=body)
    request.headers["X-Amz-Target"] = f"{facts.target_prefix}.{name}"
    request.headers["Content-Type"] = "application/x-amz-json-1.1"
    SigV4Auth(Credentials(*admin_key), service, "us-east-1").add_auth(request)
    meta: dict[str, Any] = {"HTTP_" + key.upper().replace("-", "_"): value for key, value in request.headers.items()}
    answer = Client().post("/", body, content_type=meta.pop("HTTP_CONTENT_TYPE"), HTTP_HOST="localhost:8000", **meta)
    assert answer.status_code == 400, answer.content
    expected = {"cognito-idp": "InvalidParameterException", "cognito-identity": "ValidationException"}[service]
    assert wire(answer)["__type"] in {expected, "SerializationException"}
    if wire(answer)["__type"] == expected:
        camel = member[0].lower() + member[1:]
        assert f"'{camel}" in wire(answer)["message"]


class TestSignatures:
    """Signature Version 4 in headers and in the query."""

    def test_an_unsigned_call_is_missing_its_token(self) -> None:
        answer = post(f"{PREFIX}.ListUserPools", b'{"MaxResults": 1}')
        assert wire(answer) == {
            "__type": "MissingAuthenticationTokenException",
            "message": "Missing Authentication Token",
        }

    def test_unknown_keys_and_wrong_secrets(self, admin_key: tuple[str, str]) -> None:
        with refused("UnrecognizedClientException", "The security token included in the request is invalid."):
            boto.client("cognito-idp", ("AKIAUNKNOWN", "x")).list_user_pools(MaxResults=1)
        with refused("InvalidSignatureException"):
            boto.client("cognito-idp", (admin_key[0], "wrong")).list_user_pools(MaxResults=1)
        with refused("UnrecognizedClientException"):
            boto.client("cognito-idp", admin_key, token="x").list_user_pools(MaxResults=1)

    def test_public_operations_do_not_look_at_authorization(self, app: App) -> None:
        body = json.dumps({"ClientId": app.client_id, "Token": "x"})
        assert post(f"{PREFIX}.RevokeToken", body, HTTP_AUTHORIZATION="Bearer nonsense").status_code == 200

    @pytest.mark.parametrize(
        ("header", "code"),
        [
            ("Bearer x", "IncompleteSignatureException"),
            ("AWS4-HMAC-SHA256 Credential=a/b", "IncompleteSignatureException"),
            ("AWS4-HMAC-SHA256 nonsense", "IncompleteSignatureException"),
            (
                "AWS4-HMAC-SHA256 Credential=A/20200101/us-east-1/cognito-idp/aws4_request, SignedHeaders=host, "
                "Signature=0",
                "InvalidSignatureException",
            ),
        ],
    )
    def test_malformed_authorization(self, header: str, code: str) -> None:
        headers = {"HTTP_AUTHORIZATION": header, "HTTP_X_AMZ_DATE": "20200101T000000Z"}
        assert wire(post(f"{PREFIX}.ListUserPools", b"{}", **headers))["__type"] == code

    def _signed(self, key: tuple[str, str], body: str, service: str = "cognito-idp") -> dict[str, Any]:
        request = AWSRequest("POST", "http://localhost:8000/", data=body)
        request.headers["X-Amz-Target"] = f"{PREFIX}.ListUserPools"
        SigV4Auth(Credentials(*key), service, "us-east-1").add_auth(request)
        headers = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in request.headers.items()}
        headers.pop("HTTP_X_AMZ_TARGET")
        return {**headers, "HTTP_HOST": "localhost:8000"}

    def test_altered_requests_are_refused(self, admin_key: tuple[str, str]) -> None:
        body = '{"MaxResults": 1}'
        target = f"{PREFIX}.ListUserPools"
        good = self._signed(admin_key, body)
        assert post(target, body, **good).status_code == 200
        assert wire(post(target, '{"MaxResults": 2}', **good))["__type"] == "InvalidSignatureException"
        assert wire(post(target, body, **good, HTTP_X_AMZ_NEW="1"))["__type"] == "InvalidSignatureException"
        moved = {**good, "HTTP_HOST": "elsewhere:8000"}
        assert wire(post(target, body, **moved))["__type"] == "InvalidSignatureException"
        other = self._signed(admin_key, body, service="s3")
        assert "correct service" in wire(post(target, body, **other))["message"]

    def test_presigned_requests_work_until_they_expire(self, admin_key: tuple[str, str]) -> None:
        url = "http://localhost:8000/?Action=GetCallerIdentity&Version=2011-06-15"
        request = AWSRequest("GET", url)
        SigV4QueryAuth(Credentials(*admin_key), "sts", "us-east-1", expires=60).add_auth(request)
        answer = Client().get(str(request.url).removeprefix("http://localhost:8000"), HTTP_HOST="localhost:8000")
        assert answer.status_code == 200, answer.content
        assert b":user/admin</Arn>" in answer.content
        forged = str(request.url).removeprefix("http://localhost:8000")[:-4] + "0000"
        assert Client().get(forged, HTTP_HOST="localhost:8000").status_code == 403

    def test_a_key_does_what_its_policy_allows(self, app: App) -> None:
        arn = f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{app.pool_id}"
        document = {"Statement": [{"Effect": "Allow", "Action": "cognito-idp:Describe*", "Resource": arn}]}
        row, secret = access_keys.create(SYSTEM, user_name="reader", document=document)
        reader = boto.client("cognito-idp", (row.id, secret))
        assert reader.describe_user_pool(UserPoolId=app.pool_id)["UserPool"]["Id"] == app.pool_id
        with refused(
            "AccessDeniedException",
            "User: arn:aws:iam::000000000000:user/reader is not authorized to perform: cognito-idp:DeleteUserPool on "
            f"resource: {arn} because no identity-based policy allows the cognito-idp:DeleteUserPool action",
        ):
            reader.delete_user_pool(UserPoolId=app.pool_id)
        access_keys.set_active(SYSTEM, row.id, False)
        with refused("UnrecognizedClientException"):
            reader.describe_user_pool(UserPoolId=app.pool_id)
