"""What botocore's service models know: operations, shapes, constraints, errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from botocore.loaders import Loader

ACCESS_TOKEN_MEMBER = "AccessToken"  # noqa: S105  # a member's name
# Clients sign these, and their documentation has them do without (spec/user-pools.md 1.7).
UNSIGNED_OR_SIGNED = frozenset({"GetClientToken", "GetDerivedToken"})
# "Amazon Cognito doesn't evaluate IAM policies in requests for this API operation", though clients sign it.
WITHOUT_POLICIES = frozenset({"GetCallerIdentity", "GetClientToken"})
# These are decided by their services, which know the role's or the federated user's side too; GetSessionToken is for
# every user (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html, "Permissions").
DECIDED_BY_SERVICES = frozenset({"AssumeRole", "GetFederationToken", "GetSessionToken"})


@dataclass(frozen=True)
class Operation:
    """One operation of a service."""

    service: str
    name: str
    input_shape: str | None
    output_shape: str | None
    unsigned: bool
    errors: frozenset[str]
    model: Service = field(repr=False)

    @property
    def input_members(self) -> dict[str, Any]:
        """The request's members by wire name."""
        return self.model.shapes[self.input_shape]["members"] if self.input_shape else {}

    @property
    def authorization(self) -> str:
        """``signed``, ``token`` (an access token in the body) or ``public``; ``signed or public`` may be either."""
        if self.name in UNSIGNED_OR_SIGNED:
            return "signed or public"
        if not self.unsigned:
            return "signed"
        return "token" if ACCESS_TOKEN_MEMBER in self.input_members else "public"


@dataclass(frozen=True)
class Service:
    """One service model."""

    name: str
    target_prefix: str
    shapes: dict[str, dict[str, Any]] = field(repr=False)
    operations: dict[str, Operation] = field(repr=False)


@cache
def service(name: str) -> Service:
    """Return a service's model, read once per process."""
    raw = Loader().load_service_model(name, "service-2")
    built = Service(
        name=name,
        target_prefix=raw["metadata"].get("targetPrefix", ""),
        shapes=raw["shapes"],
        operations={},
    )
    for operation in raw["operations"].values():
        built.operations[operation["name"]] = Operation(
            service=name,
            name=operation["name"],
            input_shape=operation.get("input", {}).get("shape"),
            output_shape=operation.get("output", {}).get("shape"),
            unsigned=operation.get("authtype") == "none",
            errors=frozenset(_error_codes(raw["shapes"], operation)),
            model=built,
        )
    return built


def _error_codes(shapes: dict[str, dict[str, Any]], operation: dict[str, Any]) -> list[str]:
    names = [error["shape"] for error in operation.get("errors", [])]
    return [shapes[name].get("error", {}).get("code", name) for name in names]


@cache
def service_by_target(prefix: str) -> Service | None:
    """Return the JSON service of an ``X-Amz-Target`` prefix."""
    for name in ("cognito-idp", "cognito-identity", "kms"):
        if service(name).target_prefix == prefix:
            return service(name)
    return None
