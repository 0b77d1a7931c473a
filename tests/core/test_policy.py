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
    body = {"Effect": "Allow", "Action": "*", "Resource": "*", **statement}
    document = {"Version": "2012-10-17", "Statement": {key: value for key, value in body.items() if value is not None}}
    return policy.evaluate([policy.parse(document)], None, action, resource, CONTEXT).allowed


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
    read = [policy.parse(document) for document in documents]
    assert policy.evaluate(read, None, "a:B", "x", {}).reason == "explicit deny"


def test_session_policies_only_narrow() -> None:
    everything = policy.parse({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    reading = policy.parse({"Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]})
    no_reading = policy.parse({"Statement": [{"Effect": "Deny", "Action": "s3:Get*", "Resource": "*"}]})
    assert policy.evaluate([everything], [reading], "s3:GetObject", "x", {}).allowed
    assert policy.evaluate([everything], [reading, everything], "s3:PutObject", "x", {}).allowed
    assert policy.evaluate([everything], [reading], "s3:PutObject", "x", {}).reason == "session"
    assert policy.evaluate([everything], [], "s3:GetObject", "x", {}).reason == "session"
    assert policy.evaluate([everything], [everything, no_reading], "s3:GetObject", "x", {}).reason == "session deny"
    assert policy.evaluate([reading], [everything], "s3:PutObject", "x", {}).reason == "identity-based"
    assert policy.evaluate([], None, "s3:GetObject", "x", {}).reason == "identity-based"


def test_variables_are_plain_text_before_version_2012() -> None:
    body = {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b/${aws:username}"}
    for document in ({"Statement": body}, {"Version": "2008-10-17", "Statement": body}):
        read = [policy.parse(document)]
        assert not policy.evaluate(read, None, "s3:GetObject", "arn:aws:s3:::b/ann", CONTEXT).allowed
        assert policy.evaluate(read, None, "s3:GetObject", "arn:aws:s3:::b/${aws:username}", CONTEXT).allowed


def test_a_wildcard_does_not_reach_over_the_parts_of_an_arn() -> None:
    assert not allows(resource="arn:aws:s3:eu:1:b/k", Resource="arn:aws:s3:*:b/k")
    assert not allows(resource="arn:aws:s3:eu:1:b/k", Resource="arn:aws:*:*:b/k:*")
    assert allows(resource="arn:aws:s3:eu:1:b/k:v", Resource="arn:aws:s3:*:*:b/*")


def test_a_long_row_of_wildcards_is_quick() -> None:
    assert not allows(resource="arn:aws:s3:::" + "a" * 2000, Resource="arn:aws:s3:::" + "*a" * 200 + "b")


def test_a_document_is_read_once() -> None:
    text = b'{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    assert policy.compiled(text) is policy.compiled(bytes(bytearray(text)))


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
        {
            "Statement": {
                "Effect": "Allow",
                "Action": "*",
                "Resource": "*",
                "Condition": {"NullIfExists": {"a": "true"}},
            }
        },
        {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"a": "b"}}}},
        {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"}},
        {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "bucket"}},
        {"Statement": {"Effect": "Allow", "Action": "*", "Resource": []}},
        {"Statement": {"Effect": "Allow", "Action": "getobject", "Resource": "*"}},
        {"Statement": {"Effect": "Allow", "Action": [1], "Resource": "*"}},
        {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Sid": "a b"}},
        {"Version": "2012-10-18", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}},
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:${aws:username}::b"},
        },
        {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}, "Extra": 1},
    ],
)
def test_malformed_documents_are_not_stored(document: Any) -> None:
    with pytest.raises(MalformedPolicyDocument):
        policy.validate(document)


TRUST: dict[str, Any] = {"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "sts:AssumeRole"}


@pytest.mark.parametrize(
    "change",
    [
        {"Principal": None},
        {"Principal": {"AWS": "ann"}},
        {"Principal": {"Federated": "*"}},
        {"Principal": {"Group": "g"}},
        {"Principal": {}},
        {"Principal": None, "NotPrincipal": "*"},
        {"Resource": "*"},
        {"Action": "s3:GetObject"},
        {"Action": ["sts:AssumeRole", "sts:GetCallerIdentity"]},
        {"Action": None},
    ],
)
def test_malformed_trust_policies_are_not_stored(change: dict[str, Any]) -> None:
    body = {key: value for key, value in {**TRUST, **change}.items() if value is not None}
    with pytest.raises(MalformedPolicyDocument):
        policy.validate_trust({"Version": "2012-10-17", "Statement": body})


def test_a_good_trust_policy_is_taken() -> None:
    policy.validate_trust({"Version": "2012-10-17", "Statement": TRUST})
    policy.validate_trust({"Statement": [{**TRUST, "Action": "sts:AssumeRole*", "Principal": "*"}]})
