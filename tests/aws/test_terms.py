"""Terms of use and privacy policies of app clients."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_app.models import Terms
from cognito_app.services import access_keys, terms
from cognito_app.services.actor import SYSTEM
from tests.clients import boto
from tests.conftest import App, make_app, refused

pytestmark = pytest.mark.django_db

LINKS = {"cognito:default": "https://example.com/terms", "cognito:french": "https://example.com/fr/terms"}


def create(app: App, name: str = "terms-of-use", **members: Any) -> Any:
    """Give the app's client a document."""
    given = {
        "UserPoolId": app.pool_id,
        "ClientId": app.client_id,
        "TermsName": name,
        "TermsSource": "LINK",
        "Enforcement": "NONE",
        "Links": LINKS,
        **members,
    }
    return app.idp.create_terms(**{key: value for key, value in given.items() if value is not None})["Terms"]


def describe(app: App, document: Any) -> Any:
    """Return a document as it is stored."""
    return app.idp.describe_terms(UserPoolId=app.pool_id, TermsId=document["TermsId"])["Terms"]


def update(app: App, document: Any, **members: Any) -> Any:
    """Change a document."""
    return app.idp.update_terms(UserPoolId=app.pool_id, TermsId=document["TermsId"], **members)["Terms"]


@pytest.mark.operation("CreateTerms")
@pytest.mark.operation("DescribeTerms")
@pytest.mark.operation("DescribeTermsByClient")
def test_a_document_is_found_by_its_id_and_by_client_and_name(app: App) -> None:
    created = create(app)
    assert {name: created[name] for name in ("ClientId", "TermsName", "TermsSource", "Enforcement", "Links")} == {
        "ClientId": app.client_id,
        "TermsName": "terms-of-use",
        "TermsSource": "LINK",
        "Enforcement": "NONE",
        "Links": LINKS,
    }
    assert describe(app, created) == created
    found = app.idp.describe_terms_by_client(UserPoolId=app.pool_id, ClientId=app.client_id, TermsName="terms-of-use")
    assert found["Terms"] == created


def test_a_client_has_one_document_of_each_name(app: App) -> None:
    created = create(app)
    with refused("TermsExistsException"):
        create(app)
    policy = create(app, "privacy-policy")
    with refused("TermsExistsException"):
        update(app, policy, TermsName="terms-of-use")
    assert describe(app, policy) == policy
    app.idp.delete_terms(UserPoolId=app.pool_id, TermsId=created["TermsId"])
    assert update(app, policy, TermsName="terms-of-use")["TermsName"] == "terms-of-use"
    create(app, ClientId=app.client()["ClientId"])


@pytest.mark.operation("UpdateTerms")
def test_an_update_keeps_what_it_does_not_name_and_replaces_links_together(app: App) -> None:
    created = create(app)
    same = update(app, created)
    assert same["LastModifiedDate"] > created["LastModifiedDate"]
    assert {**same, "LastModifiedDate": None} == {**created, "LastModifiedDate": None}
    links = {"cognito:default": "http://example.com/new"}
    assert update(app, created, Links=links)["Links"] == describe(app, created)["Links"] == links


@pytest.mark.parametrize(
    "links",
    [
        None,
        {},
        {"cognito:french": "https://example.com/fr"},
        {"cognito:default": "javascript:alert(1)"},
        {"cognito:default": "//example.com/terms"},
        {"cognito:default": "https://"},
        {"cognito:default": "ftp://example.com/terms"},
        {"cognito:default": "https://example.com:port/"},
        {"cognito:default": "https://[::1/"},
        {"cognito:default": "https://example.com/a b"},
        {"cognito:default": "https://example.com", "cognito:klingon": "https://example.com"},
        {"cognito:default": "https://example.com/" + "x" * 1024},
    ],
)
def test_links_are_urls_by_language_with_a_default(app: App, links: Any) -> None:
    with refused("InvalidParameterException"):
        create(app, Links=links)
    assert not Terms.objects.exists()
    if links is not None:
        created = create(app)
        with refused("InvalidParameterException"):
            update(app, created, Links=links)
        assert describe(app, created) == created


def test_names_source_and_enforcement_are_those_of_the_model(app: App) -> None:
    for members in ({"name": "cookies"}, {"TermsSource": "TEXT"}, {"Enforcement": "REQUIRED"}):
        with refused("InvalidParameterException"):
            create(app, **members)


@pytest.mark.operation("DeleteTerms")
def test_a_deleted_document_is_gone(app: App) -> None:
    created = create(app)
    app.idp.delete_terms(UserPoolId=app.pool_id, TermsId=created["TermsId"])
    for call in (describe, update):
        with refused("ResourceNotFoundException"):
            call(app, created)
    with refused("ResourceNotFoundException"):
        app.idp.delete_terms(UserPoolId=app.pool_id, TermsId=created["TermsId"])
    with refused("ResourceNotFoundException"):
        app.idp.describe_terms_by_client(UserPoolId=app.pool_id, ClientId=app.client_id, TermsName="terms-of-use")


def test_documents_belong_to_their_pool(app: App, idp: Any, inbox: Any) -> None:
    created, other = create(app), make_app(idp, inbox)
    for call in (describe, update):
        with refused("ResourceNotFoundException"):
            call(other, created)
    with refused("ResourceNotFoundException"):
        idp.delete_terms(UserPoolId=other.pool_id, TermsId=created["TermsId"])
    for client_id in (app.client_id, "unknown"):
        with refused("ResourceNotFoundException", f"User pool client {client_id} does not exist."):
            create(other, ClientId=client_id)
        with refused("ResourceNotFoundException", f"User pool client {client_id} does not exist."):
            idp.describe_terms_by_client(UserPoolId=other.pool_id, ClientId=client_id, TermsName="terms-of-use")
    assert idp.list_terms(UserPoolId=other.pool_id)["Terms"] == []
    assert describe(app, created) == created


@pytest.mark.operation("ListTerms")
def test_the_list_has_pages(app: App, idp: Any, inbox: Any) -> None:
    clients = [app.client_id, *(app.client()["ClientId"] for _ in range(2))]
    made = [
        create(app, name, ClientId=client_id)["TermsId"]
        for client_id in clients
        for name in ("terms-of-use", "privacy-policy")
    ]
    first = app.idp.list_terms(UserPoolId=app.pool_id, MaxResults=4)
    assert set(first["Terms"][0]) == {"TermsId", "TermsName", "Enforcement", "CreationDate", "LastModifiedDate"}
    second = app.idp.list_terms(UserPoolId=app.pool_id, MaxResults=4, NextToken=first["NextToken"])
    assert "NextToken" not in second
    assert [item["TermsId"] for page in (first, second) for item in page["Terms"]] == made
    other = make_app(idp, inbox)
    for pool_id, token in ((other.pool_id, first["NextToken"]), (app.pool_id, "made-up")):
        with refused("InvalidParameterException"):
            app.idp.list_terms(UserPoolId=pool_id, NextToken=token)
    assert len(app.idp.list_terms(UserPoolId=app.pool_id)["Terms"]) == 6


def test_a_pool_has_forty_documents_at_most(app: App) -> None:
    create(app)
    row = Terms.objects.get()
    for number in range(terms.MAX_TERMS - 1):
        row.pk, row.client_id = f"00000000-0000-4000-8000-{number:012}", f"client{number}"
        row.save(force_insert=True)
    with refused("LimitExceededException"):
        create(app, "privacy-policy")


def test_a_deleted_client_leaves_no_documents(app: App) -> None:
    create(app)
    app.idp.delete_user_pool_client(UserPoolId=app.pool_id, ClientId=app.client_id)
    assert not Terms.objects.exists()


def test_who_may_not_describe_terms_may_not_describe_those_of_a_client(app: App) -> None:
    create(app)
    statements = [
        {"Effect": "Allow", "Action": "cognito-idp:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "cognito-idp:DescribeTerms", "Resource": "*"},
    ]
    document = {"Version": "2012-10-17", "Statement": statements}
    row, secret = access_keys.create(SYSTEM, user_name="reader", document=document)
    reader = boto.client("cognito-idp", (row.id, secret))
    assert reader.list_terms(UserPoolId=app.pool_id)["Terms"]
    with refused("AccessDeniedException"):
        reader.describe_terms_by_client(UserPoolId=app.pool_id, ClientId=app.client_id, TermsName="terms-of-use")
