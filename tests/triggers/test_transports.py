"""Every way to a function, and everything that may go wrong on it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from cognito_app.errors import (
    InvalidLambdaResponseException,
    ServiceError,
    UnexpectedLambdaException,
    UserLambdaValidationException,
)
from cognito_app.triggers import invoke, targets
from cognito_app.triggers.invoke import Caller
from tests.clients import endpoints
from tests.clients.endpoints import Answer, Endpoint

ARN = "arn:aws:lambda:us-east-1:000000000000:function:check"
CALLER = Caller(pool_id="us-east-1_AbCdEf123", configured={"PreSignUp": ARN}, client_id="c1")
EVENT = invoke.event(CALLER, "PreSignUp_SignUp", "ann", {"userAttributes": {}}, {})


@pytest.fixture
def registry(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Register targets, with a deadline that tests can wait for."""
    monkeypatch.setattr(invoke, "SECONDS", 0.3)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")

    def register(**functions: Any) -> None:
        entries = {ARN: functions["function"]} if "function" in functions else {}
        triggers = {
            "endpoints": functions.get("endpoints", {}),
            "functions": entries,
            "default": functions.get("default"),
        }
        settings.COGNITO = {**settings.COGNITO, "TRIGGERS": triggers}

    return register


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """A server on loopback."""
    with endpoints.running() as running:
        yield running


def run() -> dict[str, Any]:
    """Call the trigger."""
    return invoke.call(CALLER, "PreSignUp", EVENT)


def failing(error: type[ServiceError], message: str) -> None:
    """Expect AWS's error for what the function did."""
    with pytest.raises(error) as caught:
        run()
    assert caught.value.message == message


class TestLambdaApi:
    """Functions behind the Lambda Invoke API."""

    @pytest.fixture(autouse=True)
    def _registered(self, registry: Any, endpoint: Endpoint) -> None:
        registry(function={"kind": "lambda", "endpoint_url": endpoint.url})

    def test_the_whole_event_goes_signed_to_the_function(self, endpoint: Endpoint) -> None:
        assert run() == {}
        sent = endpoint.received[0]
        assert sent.path == f"/2015-03-31/functions/{ARN}/invocations"
        assert sent.event == EVENT
        assert "/us-east-1/lambda/aws4_request" in sent.headers["authorization"]
        assert sent.headers["x-amz-invocation-type"] == "RequestResponse"

    @pytest.mark.parametrize(("mode", "name"), [("name", "check"), ("fixed:function", "function"), ("arn", ARN)])
    def test_an_endpoint_takes_the_name_in_its_own_form(
        self, registry: Any, endpoint: Endpoint, mode: str, name: str
    ) -> None:
        registry(
            default="local", endpoints={"local": {"kind": "lambda", "endpoint_url": endpoint.url, "name_mode": mode}}
        )
        run()
        assert endpoint.received[0].path == f"/2015-03-31/functions/{name}/invocations"

    def test_a_function_that_raises_refuses(self, endpoint: Endpoint) -> None:
        endpoint.answer = lambda _: Answer(
            body={"errorMessage": "not today\n", "errorType": "X", "stackTrace": ["secret"]},
            headers={"X-Amz-Function-Error": "Unhandled"},
        )
        failing(UserLambdaValidationException, "PreSignUp failed with error not today .")
        assert len(endpoint.received) == 1

    @pytest.mark.parametrize("status", [400, 404, 429, 500, 502])
    def test_a_function_that_cannot_be_started_is_not_tried_again(self, endpoint: Endpoint, status: int) -> None:
        endpoint.answer = lambda _: Answer(body={}, status=status, headers={"x-amzn-ErrorType": "SomeException:x"})
        failing(UnexpectedLambdaException, "PreSignUp invocation failed due to error SomeException.")
        assert len(endpoint.received) == 1

    def test_a_silent_function_is_tried_three_times(self, endpoint: Endpoint) -> None:
        endpoint.answer = lambda _: Answer(hang=True)
        failing(
            UnexpectedLambdaException,
            "PreSignUp invocation failed due to error Socket timeout while invoking Lambda function.",
        )
        assert len(endpoint.received) == 3

    @pytest.mark.parametrize(
        "raw", [b"null", b"[]", b"{", b"", b'"text"', b'{"response": {}}', b'{"response": 5, "request": {}}']
    )
    def test_an_answer_that_is_no_event_is_unrecognizable(self, endpoint: Endpoint, raw: bytes) -> None:
        endpoint.answer = lambda _: Answer(raw=raw)
        failing(InvalidLambdaResponseException, "Unrecognizable lambda output")

    def test_a_huge_answer_is_cut_off(self, endpoint: Endpoint) -> None:
        endpoint.answer = lambda _: Answer(raw=b" " * (7 * 1024 * 1024))
        failing(InvalidLambdaResponseException, "Unrecognizable lambda output")


class TestWebhook:
    """Functions behind a URL."""

    SECRETS = ("whsec_" + base64.b64encode(b"first secret").decode(), "second secret")

    @pytest.fixture(autouse=True)
    def _registered(self, registry: Any, endpoint: Endpoint) -> None:
        registry(function={"kind": "webhook", "url": endpoint.url + "/hook", "secret": list(self.SECRETS)})

    def test_both_secrets_sign_the_event(self, endpoint: Endpoint) -> None:
        assert run() == {}
        sent = endpoint.received[0]
        signed = f"{sent.headers['webhook-id']}.{sent.headers['webhook-timestamp']}.".encode() + sent.body
        expected = [
            "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
            for key in (b"first secret", b"second secret")
        ]
        assert sent.headers["webhook-signature"].split(" ") == expected
        assert sent.event == EVENT

    @pytest.mark.parametrize("status", [400, 422])
    def test_a_refusal(self, endpoint: Endpoint, status: int) -> None:
        endpoint.answer = lambda _: Answer(body={"errorMessage": "no"}, status=status)
        failing(UserLambdaValidationException, "PreSignUp failed with error no.")
        endpoint.answer = lambda _: Answer(body={"errorMessage": "no"}, headers={"webhook-function-error": "Unhandled"})
        failing(UserLambdaValidationException, "PreSignUp failed with error no.")

    @pytest.mark.parametrize("status", [301, 429, 500, 503])
    def test_a_server_that_fails_or_sends_elsewhere(self, endpoint: Endpoint, status: int) -> None:
        endpoint.answer = lambda _: Answer(status=status, headers={"Location": endpoint.url + "/elsewhere"})
        failing(UnexpectedLambdaException, f"PreSignUp invocation failed due to error HTTP {status}.")
        assert len(endpoint.received) == 1

    def test_a_silent_server_is_tried_three_times_under_one_id(self, endpoint: Endpoint) -> None:
        endpoint.answer = lambda _: Answer(hang=True)
        with pytest.raises(UnexpectedLambdaException):
            run()
        assert len(endpoint.received) == 3
        assert len({received.headers["webhook-id"] for received in endpoint.received}) == 1

    def test_a_dead_server(self, registry: Any) -> None:
        registry(function={"kind": "webhook", "url": "http://127.0.0.1:9/hook", "secret": "s"})
        with pytest.raises(UnexpectedLambdaException):
            run()


class TestPython:
    """Functions that are Python callables."""

    @pytest.fixture(autouse=True)
    def _registry(self, registry: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(invoke, "SECONDS", 2.0)
        self.registry = registry

    def _register(self, name: str, mode: str = "worker") -> None:
        self.registry(function={"kind": "python", "target": f"tests.triggers.functions.{name}", "mode": mode})

    @pytest.mark.parametrize("mode", ["worker", "inline"])
    def test_a_handler_reads_lambdas_context_and_may_print(self, mode: str) -> None:
        self._register("noisy", mode)
        assert run() == {"name": "check"}

    @pytest.mark.parametrize("mode", ["worker", "inline"])
    def test_a_handler_that_raises_refuses(self, mode: str) -> None:
        self._register("refusing", mode)
        failing(UserLambdaValidationException, "PreSignUp failed with error no  way.")

    def test_a_worker_is_used_again(self) -> None:
        self._register("process")
        assert run() == run()

    @pytest.mark.parametrize("name", ["nothing", "renamed"])
    def test_answers_without_sense(self, name: str) -> None:
        self._register(name)
        failing(InvalidLambdaResponseException, "Unrecognizable lambda output")

    def test_a_handler_that_leaves_python_refuses(self) -> None:
        self._register("leaving")
        failing(UserLambdaValidationException, "PreSignUp failed with error gone.")

    def test_a_dead_worker_is_replaced(self) -> None:
        self._register("dying")
        failing(UnexpectedLambdaException, "PreSignUp invocation failed due to error Runtime.ExitError.")
        self._register("unchanged")
        assert run() == {}

    def test_a_hanging_handler_is_killed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._register("process")
        first = run()
        monkeypatch.setattr(invoke, "SECONDS", 0.2)
        self._register("hanging")
        with pytest.raises(UnexpectedLambdaException):
            run()
        monkeypatch.setattr(invoke, "SECONDS", 2.0)
        self._register("process")
        assert run() != first


class TestTargets:
    """Only the operator names places."""

    def test_an_unknown_function_is_not_found(self, registry: Any) -> None:
        registry()
        failing(UnexpectedLambdaException, "PreSignUp invocation failed due to error ResourceNotFoundException.")

    def test_an_alias_leads_to_its_function(self, registry: Any) -> None:
        registry(function={"kind": "python", "target": "a.b"})
        assert targets.resolve(ARN + ":live") == targets.PythonTarget(path="a.b")

    @pytest.mark.parametrize(
        "entry",
        [
            {"kind": "webhook", "url": "http://hooks.example.com/", "secret": "s"},
            {"kind": "webhook", "url": "https://hooks.example.com/"},
            {"kind": "python"},
            {"kind": "elsewhere"},
        ],
    )
    def test_settings_that_make_no_sense_are_told_at_start(self, registry: Any, entry: dict[str, Any]) -> None:
        registry(function=entry)
        assert len(targets.problems()) == 1
