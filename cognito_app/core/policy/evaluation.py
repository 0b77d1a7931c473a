"""The decision: explicit deny, then what the identity's policies allow, then what the session's leave of it.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-session.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cognito_app.core.policy.documents import Policy, Principals, Statement
from cognito_app.core.policy.patterns import Context, Folded, fold

ALLOW, DENY, NONE = "Allow", "Deny", ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome; a refusal's ``reason`` is ``explicit deny``, ``session deny``, ``identity-based`` or ``session``."""

    allowed: bool
    reason: str = ""


def evaluate(
    identity: Iterable[Policy], session: Iterable[Policy] | None, action: str, resource: str, context: Context
) -> Decision:
    """Decide by a principal's own policies and by those of its session, which only narrow; None is no session policy.

    A session may have several policies: what any of them allows, the session allows.
    """
    folded, lowered = fold(context), action.lower()
    own = _verdict(identity, lowered, resource, folded)
    if own == DENY:
        return Decision(False, "explicit deny")
    narrowed = ALLOW if session is None else _verdict(session, lowered, resource, folded)
    if narrowed == DENY:
        return Decision(False, "session deny")
    if own != ALLOW:
        return Decision(False, "identity-based")
    return Decision(True) if narrowed == ALLOW else Decision(False, "session")


def trust_verdict(policy: Policy, names: Principals, action: str, context: Context) -> str:
    """Return what a role's trust policy says of a principal with these names: ``Allow``, ``Deny`` or nothing."""
    folded, lowered = fold(context), action.lower()
    verdict = NONE
    for statement in policy.statements:
        if _trusts(statement, names, lowered, folded):
            if statement.deny:
                return DENY
            verdict = ALLOW
    return verdict


def _trusts(statement: Statement, names: Principals, action: str, context: Folded) -> bool:
    if not statement.understood or statement.principals is None or statement.resources:
        return statement.deny
    return statement.covers_action(action) and statement.covers_principal(names) and statement.holds(context)


def _verdict(policies: Iterable[Policy], action: str, resource: str, context: Folded) -> str:
    verdict = NONE
    for policy in policies:
        for statement in policy.statements:
            if _applies(statement, action, resource, context):
                if statement.deny:
                    return DENY
                verdict = ALLOW
    return verdict


def _applies(statement: Statement, action: str, resource: str, context: Folded) -> bool:
    if not statement.understood or statement.principals is not None or not statement.resources:
        return statement.deny
    return statement.covers_action(action) and statement.covers_resource(resource, context) and statement.holds(context)
