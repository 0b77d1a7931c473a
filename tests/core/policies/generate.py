"""Makes the corpus of policy decisions: ``python -m tests.core.policies.generate > tests/core/policies/cases.jsonl``.

Every case is a line of JSON: identity policies (``i``) and session policies (``s``) or a trust policy (``t``) with a
principal's names (``p``), action, resource, condition keys, and the decision that ``oracle.py`` came to (``e``). The
file is frozen: a decision that changes must be explained, not made anew.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from tests.core.policies import oracle

SEED = 20261124
ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "cognito-idp:AdminGetUser", "execute-api:Invoke"]
ACTION_PATTERNS = [
    *ACTIONS, "*", "s3:*", "s3:Get*", "S3:GETOBJECT", "s3:?etObject", "s3:*Object", "cognito-*:Admin*", "s3:Get",
    "s3:Get??ject", "execute-api:*", "s3:G*t*j*t", "iam:*",
]  # fmt: skip
RESOURCES = [
    "arn:aws:s3:::b/ann/x", "arn:aws:s3:::b/bob/x", "arn:aws:s3:::b", "arn:aws:s3:::c/ann/x",
    "arn:aws:execute-api:eu-west-1:111122223333:api/live/GET/notes", "arn:aws:s3:::b/a*n/x", "arn:aws:s3:::b/é:1/x",
    "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_abc", "arn:aws:s3:::b/us-east-1:1-2/x",
]  # fmt: skip
RESOURCE_PATTERNS = [
    "*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/ann/*", "arn:aws:s3:::?/ann/x", "arn:aws:s3:::*", "arn:*:*:*:*:*",
    "arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/${AWS:UserName}/x", "arn:aws:s3:::b/${none}/*",
    "arn:aws:s3:::b/${none, 'ann'}/*", "arn:aws:s3:::b/a${*}n/x", "arn:aws:s3:::b/${many}/*", "arn:aws:s3:::b",
    "arn:aws:s3:::b/${cognito-identity.amazonaws.com:sub}/*", "arn:aws:execute-api:*:111122223333:api/*/GET/*",
    "arn:aws:execute-api:eu-*:*:api/live/?ET/notes", "arn:aws:s3:*:b/*", "arn:aws:s3:::*/x", "arn:aws:s3:::b/a*n/x",
    "arn:aws:s3:::b/${aws:PrincipalTag/team}/x", "arn:aws:${none}:::b/ann/x", "arn:aws:s3:::b/*/*", "arn:aws:s3:::B/*",
    "arn:aws:s3:::b/${aws:username", "arn:aws:cognito-idp:*:*:userpool/us-east-1_???", "arn:aws:s3*",
]  # fmt: skip
CONTEXT: dict[str, Any] = {
    "aws:username": "ann",
    "aws:PrincipalTag/team": "bob",
    "cognito-identity.amazonaws.com:sub": "us-east-1:1-2",
    "many": ["ann", "bob"],
    "wild": "a*n",
}
VERSIONS = ["2012-10-17"] * 6 + ["2008-10-17", None]
# By kind: values of requests, and values of policies.
STRINGS = (
    ["ann", "Ann", "bob", "a*n", "", "ann/x", "bob/x", "straße", ["ann", "bob"], ["bob"], [], None],
    ["ann", "ANN", "bob", "a*", "?nn", "a?n", "*", "${aws:username}", "${none}", "${none, 'bob'}", "a${*}n", "${many}",
     ["ann", "bob"], ["zoe", "b*"], "${aws:username}/*", "", "STRASSE", "${wild}", "*${aws:PrincipalTag/team}*", []],
)  # fmt: skip
ARNS = (
    ["arn:aws:iam::111122223333:role/app", "arn:aws:s3:::b/ann/x", "arn:aws:sns:eu-west-1:111122223333:t:u", "ann",
     ["arn:aws:s3:::b/ann/x", "arn:aws:s3:::c"], None],
    ["arn:aws:iam::111122223333:role/*", "arn:aws:iam::*:role/app", "arn:aws:s3:::b/${aws:username}/*", "*",
     "arn:aws:*", "arn:aws:sns:*:*:t:*", "arn:aws:s3:::b/${none}/*", "arn:aws:s3:::?",
     "arn:aws:iam::${none, '111122223333'}:role/app",
     ["arn:aws:s3:::c", "arn:aws:s3:::b/*"], "ann"],
)  # fmt: skip
NUMBERS = (
    ["10", "9", "10.0", "-3", "1e1", "0", "ten", "", ["5", "10"], ["11"], ["7", "x"], None],
    [10, "10", "9.5", "-2", "1e2", ["1", "10"], 0, "ten", "${aws:username}", "11"],
)
DATES = (
    ["2026-11-24T12:00:00Z", "2026-11-24T13:00:00+01:00", "2026-11-24", "1795521600", "2026-11-24T12:00Z",
     "2026-11-24T12:00:00.500Z", "soon", ["2025-01-01", "2027-01-01"], None],
    ["2026-11-24T12:00:00Z", "2026-11-24", "2026-12-01T00:00:00-05:00", "1795521600", "2026-13-01", "soon", "2026-11",
     ["2026-11-24T12:00:00Z", "2027-01-01"], 1795521601],
)  # fmt: skip
BOOLEANS = (["true", "false", "True", "yes", ["true", "false"], None], ["true", "false", True, False, "FALSE", "yes"])
BINARIES = (["YW5u", "Ym9i", "not base64!", None], ["YW5u", ["Ym9i", "YW5u"], "?", "YW5u=="])
ADDRESSES = (
    ["10.1.2.3", "192.168.0.7", "2001:db8::7", "::1", "nowhere", ["10.1.2.3", "11.0.0.1"], None],
    ["10.0.0.0/8", "10.1.2.3", "192.168.0.0/29", "2001:db8::/32", "0.0.0.0/0", "10.0.0.0/33", "nowhere",
     ["11.0.0.0/8", "10.1.0.0/16"], "10.1.2.3/16"],
)  # fmt: skip
KINDS: dict[str, tuple[list[Any], list[Any]]] = {
    "String": STRINGS, "Arn": ARNS, "Numeric": NUMBERS, "Date": DATES, "Bool": BOOLEANS, "Binary": BINARIES,
    "IpAddress": ADDRESSES, "NotIpAddress": ADDRESSES,
}  # fmt: skip
BROKEN: list[Any] = [
    {"Effect": "Maybe", "Action": "*", "Resource": "*"},
    {"Action": "*", "Resource": "*"},
    {"Effect": "Deny", "Resource": "*"},
    {"Effect": "Allow", "Resource": "*"},
    {"Effect": "Deny", "Action": "s3:No", "Resource": "*", "Conditions": {}},
    {"Effect": "Allow", "Action": "*", "Resource": "*", "When": "now"},
    {"Effect": "Allow", "Action": "*", "NotAction": "iam:*", "Resource": "*"},
    {"Effect": "Allow", "Action": [], "Resource": "*"},
    {"Effect": "Deny", "Action": "*", "Resource": []},
    {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"},
    {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": []},
    {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringEquals": "ann"}},
    {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringMatches": {"aws:username": "ann"}}},
    {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"ForSomeValues:StringEquals": {"many": "ann"}}},
    {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"NullIfExists": {"none": "true"}}},
    {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:username": {"a": "b"}}}},
    {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"stringequals": {"aws:username": "zoe"}}},
    "allow all",
]
PRINCIPALS: list[Any] = [
    "*", {"AWS": "*"}, {"AWS": "111122223333"}, {"AWS": ["arn:aws:iam::111122223333:user/ann", "444455556666"]},
    {"Federated": "cognito-identity.amazonaws.com"}, {"Federated": ["accounts.google.com", "arn:aws:iam::1:saml/x"]},
    {"AWS": "arn:aws:iam::111122223333:role/app", "Federated": "accounts.google.com"}, {"Service": "ec2.amazonaws.com"},
    {}, "ann", {"Group": "g"}, {"AWS": []},
]  # fmt: skip
CALLERS: list[dict[str, list[str]]] = [
    {"AWS": ["arn:aws:iam::111122223333:user/ann", "111122223333"]},
    {"AWS": ["arn:aws:iam::444455556666:root", "444455556666"]},
    {"AWS": ["arn:aws:iam::111122223333:role/app", "arn:aws:sts::111122223333:assumed-role/app/s"]},
    {"Federated": ["cognito-identity.amazonaws.com"]},
    {"Federated": ["accounts.google.com"]},
]
TRUST_ACTIONS = ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:TagSession"]

Make = Callable[[random.Random], dict[str, Any]]


def document(rng: random.Random, *statements: Any) -> dict[str, Any]:
    """Return a document of a random version."""
    version = rng.choice(VERSIONS)
    body = statements[0] if len(statements) == 1 and rng.random() < 0.5 else list(statements)
    return {"Version": version, "Statement": body} if version else {"Statement": body}


def some(rng: random.Random, values: list[Any]) -> Any:
    """Return one value, or a list of two."""
    return rng.choice(values) if rng.random() < 0.7 else rng.sample(values, 2)


def statement(rng: random.Random, **fixed: Any) -> dict[str, Any]:
    """Return a random statement about actions and resources."""
    made: dict[str, Any] = {"Effect": "Deny" if rng.random() < 0.3 else "Allow"}
    made["NotAction" if rng.random() < 0.2 else "Action"] = some(rng, ACTION_PATTERNS)
    made["NotResource" if rng.random() < 0.2 else "Resource"] = some(rng, RESOURCE_PATTERNS)
    return {**made, **fixed}


def request(rng: random.Random, **context: Any) -> dict[str, Any]:
    """Return action, resource and condition keys."""
    return {"a": rng.choice(ACTIONS), "r": rng.choice(RESOURCES), "c": {**CONTEXT, **context}}


ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def about_elements(rng: random.Random) -> dict[str, Any]:
    """Actions and resources, with the opposites."""
    return {"i": [document(rng, statement(rng))], "s": None, **request(rng)}


def about_mixtures(rng: random.Random) -> dict[str, Any]:
    """Several documents and statements, with session policies."""
    own = [document(rng, *(statement(rng) for _ in range(rng.randint(1, 3)))) for _ in range(rng.randint(0, 2))]
    own += [document(rng, ALL)] if rng.random() < 0.6 else []
    session = [document(rng, *(statement(rng) for _ in range(rng.randint(1, 2)))) for _ in range(rng.randint(0, 2))]
    return {"i": own, "s": session if rng.random() < 0.7 else None, **request(rng)}


def about_broken(rng: random.Random) -> dict[str, Any]:
    """What the language does not have, beside an Allow of everything."""
    bad: Any = document(rng, rng.choice(BROKEN))
    if rng.random() < 0.25:
        bad = rng.choice(
            [None, [], {}, {"Statement": []}, {"Version": "2020-01-01", "Statement": [ALL]}, {"Statement": ALL, "X": 1}]
        )
    alone = rng.random() < 0.4
    return {"i": [bad] if alone else [{"Statement": [ALL]}, bad], "s": None, **request(rng)}


def about_condition(rng: random.Random, name: str) -> dict[str, Any]:
    """One operator in all its forms."""
    values, wanted = next(pair for prefix, pair in KINDS.items() if name.startswith(prefix))
    form = rng.choice(["{}", "{}", "{}IfExists", "ForAllValues:{}", "ForAnyValue:{}", "ForAnyValue:{}IfExists"])
    value = rng.choice(values)
    given = {} if value is None else {"key:Asked": value}
    condition: dict[str, Any] = {form.format(name): {rng.choice(["key:Asked", "KEY:asked"]): rng.choice(wanted)}}
    if rng.random() < 0.15:
        absent: list[Any] = ["true", "false", True, ["true", "false"]]
        condition["Null"] = {rng.choice(["key:Asked", "none", "many"]): rng.choice(absent)}
    deny = rng.random() < 0.35
    made = {**ALL, "Effect": "Deny" if deny else "Allow", "Condition": condition}
    documents = [document(rng, made), *([{"Statement": ALL}] if deny else [])]
    return {"i": documents, "s": None, **request(rng, **given)}


def about_null(rng: random.Random) -> dict[str, Any]:
    """Keys that must be there or not."""
    values: list[Any] = ["x", "", [], ["x"], None]
    value = rng.choice(values)
    wanted: list[Any] = ["true", "false", True, False, "TRUE", "maybe", ["true", "false"]]
    condition = {"Null": {"key:Asked": rng.choice(wanted)}}
    return {
        "i": [document(rng, {**ALL, "Condition": condition})],
        "s": None,
        **request(rng, **({} if value is None else {"key:Asked": value})),
    }


def about_trust(rng: random.Random) -> dict[str, Any]:
    """Principals and their opposite."""
    made: dict[str, Any] = {"Effect": "Deny" if rng.random() < 0.2 else "Allow"}
    made["NotPrincipal" if rng.random() < 0.2 else "Principal"] = rng.choice(PRINCIPALS)
    made["Action"] = some(rng, [*TRUST_ACTIONS, "sts:*", "sts:AssumeRole*"])
    if rng.random() < 0.5:
        made["Condition"] = rng.choice(
            [
                {"StringEquals": {"cognito-identity.amazonaws.com:aud": "pool"}},
                {"ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}},
                {"StringEquals": {"sts:ExternalId": "e1"}},
                {"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "cost"]}},
                {"StringLike": {"aws:RequestTag/team": "*"}},
            ]
        )
    if rng.random() < 0.05:
        made["Resource"] = "*"
    context = {
        "cognito-identity.amazonaws.com:aud": rng.choice(["pool", "other"]),
        "cognito-identity.amazonaws.com:amr": rng.choice([["unauthenticated"], ["authenticated", "google"]]),
        "aws:TagKeys": rng.choice([[], ["team"], ["team", "other"]]),
    }
    if rng.random() < 0.5:
        context |= {"sts:ExternalId": rng.choice(["e1", "e2"]), "aws:RequestTag/team": "a"}
    extra = [{"Effect": "Allow", "Principal": "*", "Action": "sts:*"}] if made["Effect"] == "Deny" else []
    return {
        "t": document(rng, made, *extra), "p": rng.choice(CALLERS), "a": rng.choice(TRUST_ACTIONS), "c": context,
    }  # fmt: skip


def cases() -> Iterator[dict[str, Any]]:
    """Yield the corpus, decided."""
    rng = random.Random(SEED)
    seen = set()
    plan: list[tuple[int, Make]] = [
        (420, about_elements), (420, about_mixtures), (120, about_broken), (30, about_null), (260, about_trust),
        *((52, lambda rng, name=name: about_condition(rng, name)) for name in oracle.NAMES),
    ]  # fmt: skip
    for count, make in plan:
        found = tries = 0
        while found < count and tries < 50 * count:
            tries += 1
            case = make(rng)
            line = json.dumps(case, sort_keys=True)
            if line in seen:
                continue
            seen.add(line)
            found += 1
            used = json.dumps({key: case[key] for key in ("i", "s", "t") if key in case}).lower()
            case["c"] = {key: value for key, value in case["c"].items() if key not in CONTEXT or key.lower() in used}
            yield {**case, "e": oracle.decide(case)}


if __name__ == "__main__":
    for case in cases():
        print(json.dumps(case, separators=(",", ":"), ensure_ascii=False))
