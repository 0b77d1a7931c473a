"""IAM policies: reading documents once, and deciding by them.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from cognito_app.core.policy.documents import Policy, Statement, as_list, compiled, parse
from cognito_app.core.policy.evaluation import Decision, evaluate, trust_verdict
from cognito_app.core.policy.patterns import Context
from cognito_app.core.policy.validation import read_text, validate, validate_trust

__all__ = [
    "Context",
    "Decision",
    "Policy",
    "Statement",
    "as_list",
    "compiled",
    "evaluate",
    "parse",
    "read_text",
    "trust_verdict",
    "validate",
    "validate_trust",
]
