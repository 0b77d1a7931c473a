"""The IAM evaluator, statement by statement."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_app.core import policy
from cognito_app.errors import MalformedPolicyDocument

CONTEXT: dict[str, str | list[str]] = {
    "aws:username": "ann",
    "aws:SourceIp": "10.1.2.3",
    "aws:CurrentTime": "2026-11-24T12:00:00+00:00",
    "aws:SecureTransport": "false",
    "s3:max-keys": "10",
    "tags": ["a", "b"],
    "cognito-identity.amazonaws.com:sub": "us-east-1:1*",
}


def allows(action: str = "s3:GetObject", resource: str = "arn:aws:s3:::b/k", **statement: Any) -> bool:
    """Decide by one statement."""
    document = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", **statement}}
    document["Statement"] = {key: value for key, value in document["Statement"].items() if value is not None}
    return policy.evaluate([document], [], action, resource, CONTEXT).allowed


@pytest.mark.parametrize(
    ("pattern", "action", "expected"),
    [
        ("s3:GetObject", "s3:GetObject", True),
        ("S3:getobject", "s3:GetObject", True),
        ("s3:Get*", "s3:GetObject", True),
        ("s3:*", "s3:GetObject", True),
        ("*", "s3:GetObject", True),
        ("s3:Get?bject", "s3:GetObject", True),
        ("s3:Put*", "s3:GetObject", False),
        ("s3", "s3:GetObject", False),
        (["s3:Put*", "s3:GetObject"], "s3:GetObject", True),
        ([], "s3:GetObject", False),
        ("s3:Get.*", "s3:GetObject", False),
    ],
)
def test_actions(pattern: Any, action: str, expected: bool) -> None:
    assert allows(action, Action=pattern) is expected
    assert allows(action, Action=None, NotAction=pattern) is not expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("arn:aws:s3:::b/k", True),
        ("arn:aws:s3:::b/*", True),
        ("arn:aws:s3:::B/k", False),
        ("arn:aws:s3:::b", False),
        ("arn:aws:s3:::${aws:username}/k", False),
        ("arn:aws:s3:::b/${none, 'k'}", True),
        ("arn:aws:s3:::b/${none}", False),
        ("arn:aws:s3:::b/${*}", False),
    ],
)
def test_resources(pattern: str, expected: bool) -> None:
    assert allows(Resource=pattern) is expected


def test_a_wildcard_in_a_value_is_no_wildcard() -> None:
    pattern = "arn:aws:s3:::b/${cognito-identity.amazonaws.com:sub}/*"
    assert allows(resource="arn:aws:s3:::b/us-east-1:1*/note", Resource=pattern)
    assert not allows(resource="arn:aws:s3:::b/us-east-1:12/note", Resource=pattern)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"aws:username": "ann"}}, True),
        ({"StringEquals": {"AWS:UserName": "ann"}}, True),
        ({"StringEquals": {"aws:username": ["bob", "ann"]}}, True),
        ({"StringEquals": {"aws:username": "Ann"}}, False),
        ({"StringEqualsIgnoreCase": {"aws:username": "Ann"}}, True),
        ({"StringNotEquals": {"aws:username": ["bob", "ann"]}}, False),
        ({"StringNotEquals": {"none": "x"}}, True),
        ({"StringEquals": {"none": "x"}}, False),
        ({"StringEqualsIfExists": {"none": "x"}}, True),
        ({"StringLike": {"aws:username": "a*"}}, True),
        ({"StringNotLike": {"aws:username": "a*"}}, False),
        ({"NumericLessThan": {"s3:max-keys": "11"}}, True),
        ({"NumericGreaterThanEquals": {"s3:max-keys": 10}}, True),
        ({"NumericEquals": {"aws:username": "1"}}, False),
        ({"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}, True),
        ({"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}, False),
        ({"Bool": {"aws:SecureTransport": "false"}}, True),
        ({"Bool": {"aws:SecureTransport": True}}, False),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, True),
        ({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, False),
        ({"Null": {"none": "true"}}, True),
        ({"Null": {"aws:username": "true"}}, False),
        ({"ForAnyValue:StringEquals": {"tags": ["b", "c"]}}, True),
        ({"ForAnyValue:StringEquals": {"tags": ["c"]}}, False),
        ({"ForAnyValue:StringEquals": {"none": ["c"]}}, False),
        ({"ForAllValues:StringEquals": {"tags": ["a", "b", "c"]}}, True),
        ({"ForAllValues:StringEquals": {"tags": ["a"]}}, False),
        ({"ForAllValues:StringEquals": {"none": ["a"]}}, True),
        ({"StringEquals": {"aws:username": "${aws:username}"}}, True),
        ({"StringEquals": {"aws:username": "${none}"}}, False),
        ({"NoSuchOperator": {"aws:username": "ann"}}, False),
        ({"StringEquals": "ann"}, False),
        ({"StringEquals": {"aws:username": "ann"}, "Bool": {"aws:SecureTransport": "true"}}, False),
    ],
)
def test_conditions(condition: Any, expected: bool) -> None:
    assert allows(Condition=condition) is expected


def test_what_is_not_understood_denies_in_a_deny() -> None:
    documents: list[Any] = [
        {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},
        {"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"NoSuch": {"a": "b"}}}]},
    ]
    assert policy.evaluate(documents, [], "a:B", "x", {}).reason == "explicit deny"


def test_session_policies_only_narrow() -> None:
    everything = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    reading = {"Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
    assert policy.evaluate([everything], [reading], "s3:GetObject", "x", {}).allowed
    assert policy.evaluate([everything], [reading], "s3:PutObject", "x", {}).reason == "session"
    assert policy.evaluate([reading], [everything], "s3:PutObject", "x", {}).reason == "identity-based"
    assert policy.evaluate([], [everything], "s3:GetObject", "x", {}).reason == "identity-based"


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"Statement": []},
        {"Statement": ["x"]},
        {"Statement": {"Effect": "Maybe", "Action": "*", "Resource": "*"}},
        {"Statement": {"Effect": "Allow", "Action": "*"}},
        {"Statement": {"Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*"}},
        {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Extra": 1}},
        {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"NoSuch": {}}}},
    ],
)
def test_malformed_documents_are_not_stored(document: Any) -> None:
    with pytest.raises(MalformedPolicyDocument):
        policy.validate(document)
