"""AssumeRole: one principal's credentials for those of a role.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
In one account a trust policy that names the principal is enough; one that names the account leaves it to the
principal's own policies: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-single-account.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cognito_app.core import policy
from cognito_app.errors import AccessDenied, ValidationError
from cognito_app.services import principals, roles
from cognito_app.services.principals import Principal
from cognito_app.services.roles import LoadedRole
from cognito_app.services.sts import minting
from cognito_app.services.sts.minting import Minted, Wish
from cognito_app.services.sts.narrowing import Asked

ASSUME = "sts:AssumeRole"
CHAIN_SECONDS = 3600
CHAIN_TOO_LONG = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"


def assume(
    principal: Principal,
    asked: Asked,
    *,
    role_arn: str,
    session_name: str,
    tags: Sequence[tuple[str, str]] = (),
    transitive: Sequence[str] = (),
    external_id: str | None = None,
    source_identity: str | None = None,
) -> Minted:
    """Return credentials of a role for a signed request.

    Raises AccessDenied, MalformedPolicyDocument, PackedPolicyTooLarge or ValidationError.
    """
    held = asked.narrowing(tags=tags, transitive=transitive)
    context = principals.context_of(principal, ip=asked.ip)
    if external_id is not None:
        context["sts:ExternalId"] = external_id
    wish = Wish(
        action=ASSUME,
        names={"AWS": _names(principal) | _account(principal)},
        session_name=session_name,
        seconds=asked.seconds or minting.DEFAULT_SECONDS,
        context=context,
        narrowing=held,
        inherited=_inherited(principal, held.tags),
        source_identity=_source_identity(principal, source_identity),
        identity_id=principal.session.grant.identity_id if principal.session else None,
        minimum_size=asked.minimum_size,
    )
    role = roles.loaded_by_arn(role_arn)
    if role is None or not _may_assume(principal, role, wish):
        raise AccessDenied(f"User: {principal.arn} is not authorized to perform: {ASSUME} on resource: {role_arn}")
    _check_duration(principal, role, wish.seconds)
    return minting.mint(role, wish)


def _names(principal: Principal) -> set[str]:
    """Return the names that mean the principal and nobody else but its sessions."""
    names = {principal.arn, principal.user_id}
    if principal.role is not None:
        names |= {principal.role.arn, principal.role.row.role_id}
    return names


def _account(principal: Principal) -> set[str]:
    return {principal.account_id, f"arn:aws:iam::{principal.account_id}:root"}


def _may_assume(principal: Principal, role: LoadedRole, wish: Wish) -> bool:
    if principal.session is not None and principal.session.grant.federated:
        return False
    return minting.is_trusted(role, wish) and all(_own_part(principal, role, wish, action) for action in wish.actions)


def _own_part(principal: Principal, role: LoadedRole, wish: Wish, action: str) -> bool:
    """Whether the principal's side allows what the trust policy allows."""
    asked = wish.asked
    decision = policy.evaluate(principal.policies, principal.session_policies, action, role.arn, asked)
    if decision.allowed or decision.reason.endswith("deny"):
        return decision.allowed
    by_name = policy.trust_verdict(role.trust, {"AWS": _names(principal)}, action, asked) == "Allow"
    return by_name and not _is_narrowed(principal, action, role, asked)


def _is_narrowed(principal: Principal, action: str, role: LoadedRole, asked: minting.Values) -> bool:
    if principal.session_policies is None:
        return False
    return not policy.evaluate(principal.session_policies, None, action, role.arn, asked).allowed


def _check_duration(principal: Principal, role: LoadedRole, seconds: int) -> None:
    if principal.role is not None and seconds > CHAIN_SECONDS:
        raise ValidationError(CHAIN_TOO_LONG)
    minting.check_duration(role, seconds)


def _inherited(principal: Principal, given: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that the caller's session passes on. Raises ValidationError if one is given anew."""
    if principal.session is None:
        return {}
    kept = set(principal.session.grant.transitive)
    inherited = {key: value for key, value in principal.session.grant.tags.items() if key in kept}
    if {key.lower() for key in inherited} & {key.lower() for key in given}:
        raise ValidationError("One of the specified transitive tag keys can't be set because it conflicts with a "
                              "transitive tag key from the calling session.")  # fmt: skip
    return inherited


def _source_identity(principal: Principal, given: str | None) -> str | None:
    """Once set, a source identity stays for the whole chain. Raises AccessDenied for another one."""
    held = principal.session.grant.source_identity if principal.session else None
    if held and given and held != given:
        raise AccessDenied("SourceIdentity cannot be changed by a session that has one.")
    if given and given.lower().startswith("aws:"):
        raise ValidationError("SourceIdentity must not begin with aws:.")
    return held or given
