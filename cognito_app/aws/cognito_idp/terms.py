"""Terms of use and privacy policies."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.registry import operation
from cognito_app.models import Terms
from cognito_app.services import terms


def summary(row: Terms) -> dict[str, Any]:
    """Return a TermsDescriptionType."""
    return {
        "TermsId": str(row.id),
        "TermsName": row.name,
        "Enforcement": row.enforcement,
        "CreationDate": row.created_at,
        "LastModifiedDate": row.modified_at,
    }


def present(row: Terms) -> dict[str, Any]:
    """Return a TermsType."""
    return {
        **summary(row),
        "UserPoolId": row.pool_id,
        "ClientId": row.client_id,
        "TermsSource": row.source,
        "Links": row.links,
    }


@operation("CreateTerms")
def create_terms(
    call: Call,
    *,
    UserPoolId: str,
    ClientId: str,
    TermsName: str,
    TermsSource: str,
    Enforcement: str,
    Links: dict[str, str] | None = None,
) -> dict[str, Any]:
    created = terms.create(
        call.pool,
        call.actor,
        client_id=call.client.id,
        name=TermsName,
        source=TermsSource,
        enforcement=Enforcement,
        links=Links,
    )
    return {"Terms": present(created)}


@operation("DescribeTerms")
def describe_terms(call: Call, *, TermsId: str, UserPoolId: str) -> dict[str, Any]:
    return {"Terms": present(terms.find(call.pool, TermsId))}


@operation("DescribeTermsByClient")
def describe_terms_by_client(call: Call, *, ClientId: str, UserPoolId: str, TermsName: str) -> dict[str, Any]:
    return {"Terms": present(terms.find_of_client(call.pool, call.client.id, TermsName))}


@operation("UpdateTerms")
def update_terms(
    call: Call,
    *,
    TermsId: str,
    UserPoolId: str,
    TermsName: str | None = None,
    TermsSource: str | None = None,
    Enforcement: str | None = None,
    Links: dict[str, str] | None = None,
) -> dict[str, Any]:
    changed = terms.update(
        call.pool,
        call.actor,
        TermsId,
        name=TermsName,
        source=TermsSource,
        enforcement=Enforcement,
        links=Links,
    )
    return {"Terms": present(changed)}


@operation("DeleteTerms")
def delete_terms(call: Call, *, TermsId: str, UserPoolId: str) -> None:
    terms.delete(call.pool, call.actor, TermsId)


@operation("ListTerms")
def list_terms(
    call: Call, *, UserPoolId: str, MaxResults: int | None = None, NextToken: str | None = None
) -> dict[str, Any]:
    found, token = terms.page(call.pool, limit=MaxResults, token=NextToken)
    return {"Terms": [summary(row) for row in found], "NextToken": token}
