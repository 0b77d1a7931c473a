"""The form of a policy document, checked before it is stored, with IAM's texts.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from cognito_app.core.policy import conditions, patterns
from cognito_app.core.policy.conditions import NotUnderstoodError
from cognito_app.core.policy.documents import (
    MEMBERS,
    PRINCIPAL_KINDS,
    STATEMENT_MEMBERS,
    VERSIONS,
    as_list,
)
from cognito_app.errors import MalformedPolicyDocument

MAX_STATEMENTS = 200
TRUST_ACTIONS = (
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:tagsession",
    "sts:setsourceidentity",
    "sts:setcontext",
)
INVALID_JSON = "This policy contains invalid Json"
_SID = re.compile(r"[0-9A-Za-z]*")
_ACTION = re.compile(r"\*|[\w*-]+:[\w*?]+", re.ASCII)
_AWS_PRINCIPAL = re.compile(r"\*|\d{12}|[A-Z0-9]{16,128}|arn:aws[\w-]*:(iam|sts)::\d{12}:(root|[\w+-]+/.+)")


def read_text(text: str, *, trust: bool = False) -> dict[str, Any]:
    """Return the document of a JSON text. Raises MalformedPolicyDocument."""
    try:
        document = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        raise MalformedPolicyDocument(INVALID_JSON) from None
    (validate_trust if trust else validate)(document)
    assert isinstance(document, dict)
    return document


def validate(document: Any) -> None:
    """Check the form of an identity or session policy. Raises MalformedPolicyDocument."""
    for statement in _statements(document):
        if "Principal" in statement or "NotPrincipal" in statement:
            raise MalformedPolicyDocument("Policy document should not specify a principal.")
        _check_actions(statement)
        if ("Resource" in statement) == ("NotResource" in statement):
            raise MalformedPolicyDocument("Policy statement must contain resources.")
        variables = document.get("Version") == VERSIONS[0]
        for text in _texts(statement, "Resource", "NotResource", "Policy statement must contain resources."):
            _check_resource(text, variables)
        _check_condition(statement, variables)


def validate_trust(document: Any) -> None:
    """Check the form of a role's trust policy. Raises MalformedPolicyDocument."""
    for statement in _statements(document):
        for name in ("Resource", "NotResource"):
            if name in statement:
                raise MalformedPolicyDocument(f"Has prohibited field {name}")
        if "NotPrincipal" in statement:
            raise MalformedPolicyDocument("AssumeRole policy must contain no NotPrincipal")
        if "Principal" not in statement:
            raise MalformedPolicyDocument("Missing required field Principal")
        _check_actions(statement)
        if not all(_may_be_trusted(text) for text in as_list(statement.get("Action"))):
            raise MalformedPolicyDocument("AssumeRole policy may only specify STS AssumeRole actions.")
        _check_principal(statement["Principal"])
        _check_condition(statement, document.get("Version") == VERSIONS[0])


def _may_be_trusted(action: str) -> bool:
    pattern = patterns.glob(action.lower(), variables=False)
    return any(pattern.matches(known, {}) for known in TRUST_ACTIONS)


def _statements(document: Any) -> list[Mapping[str, Any]]:
    if not isinstance(document, dict):
        raise MalformedPolicyDocument(INVALID_JSON)
    if document.get("Version", VERSIONS[1]) not in VERSIONS:
        raise MalformedPolicyDocument("The policy must contain a valid version string")
    statements = as_list(document.get("Statement"))
    if set(document) - MEMBERS or not statements or len(statements) > MAX_STATEMENTS:
        raise MalformedPolicyDocument("Syntax errors in policy.")
    for statement in statements:
        if not isinstance(statement, dict) or set(statement) - STATEMENT_MEMBERS:
            raise MalformedPolicyDocument("Syntax errors in policy.")
        if statement.get("Effect") not in ("Allow", "Deny"):
            raise MalformedPolicyDocument("Syntax errors in policy.")
    _check_sids([statement["Sid"] for statement in statements if "Sid" in statement])
    return statements


def _check_sids(sids: list[Any]) -> None:
    if not all(isinstance(sid, str) and _SID.fullmatch(sid) for sid in sids):
        raise MalformedPolicyDocument(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
            "[0-9A-Za-z]*"
        )
    named = [sid for sid in sids if sid]
    if len(set(named)) != len(named):
        raise MalformedPolicyDocument("Statement IDs (SID) in a single policy must be unique.")


def _check_actions(statement: Mapping[str, Any]) -> None:
    missing = "Policy statement must contain actions."
    if ("Action" in statement) == ("NotAction" in statement):
        raise MalformedPolicyDocument(missing)
    for text in _texts(statement, "Action", "NotAction", missing):
        if not _ACTION.fullmatch(text):
            raise MalformedPolicyDocument("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")


def _texts(statement: Mapping[str, Any], name: str, negated: str, missing: str) -> list[str]:
    texts = as_list(statement.get(name, statement.get(negated)))
    if not texts:
        raise MalformedPolicyDocument(missing)
    if not all(isinstance(text, str) for text in texts):
        raise MalformedPolicyDocument("Syntax errors in policy.")
    return texts


def _check_resource(text: str, variables: bool) -> None:
    parts = patterns.arn_parts(text, variables=variables)
    if text != "*" and (parts is None or not text.startswith("arn:")):
        raise MalformedPolicyDocument(f'Resource {text[:256]} must be in ARN format or "*".')
    if parts is not None and any(part.has_variables for part in parts[:-1]):
        raise MalformedPolicyDocument(f"Resource {text[:256]} has a variable before its fifth colon.")


def _check_principal(principal: Any) -> None:
    if principal == "*":
        return
    if not isinstance(principal, dict) or not principal or set(principal) - PRINCIPAL_KINDS:
        raise MalformedPolicyDocument("Invalid principal in policy.")
    for kind, names in principal.items():
        for name in as_list(names) or [None]:
            fits = isinstance(name, str) and (
                _AWS_PRINCIPAL.fullmatch(name) if kind == "AWS" else name not in ("", "*")
            )
            if not fits:
                raise MalformedPolicyDocument(f'Invalid principal in policy: "{kind}":"{str(name)[:256]}"')


def _check_condition(statement: Mapping[str, Any], variables: bool) -> None:
    condition = statement.get("Condition", {})
    for operator in condition if isinstance(condition, dict) else ():
        try:
            conditions.parse_operator(operator)
        except NotUnderstoodError:
            raise MalformedPolicyDocument(f"Invalid Condition type : {operator[:128]}.") from None
    try:
        conditions.parse(condition, variables=variables)
    except NotUnderstoodError:
        raise MalformedPolicyDocument("Syntax errors in policy.") from None
