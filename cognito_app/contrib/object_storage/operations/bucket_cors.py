"""PutBucketCors, GetBucketCors, DeleteBucketCors."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from cognito_app.contrib.object_storage import access, answers, cors, store, xml
from cognito_app.contrib.object_storage.bodies import Body
from cognito_app.contrib.object_storage.errors import S3Error
from cognito_app.contrib.object_storage.requests import S3Request
from cognito_app.core import numbers

LISTS = {
    "AllowedHeader": "AllowedHeaders",
    "AllowedMethod": "AllowedMethods",
    "AllowedOrigin": "AllowedOrigins",
    "ExposeHeader": "ExposeHeaders",
}


def put_bucket_cors(request: S3Request) -> HttpResponse:
    """Replace a bucket's rules."""
    access.on_bucket(request, "s3:PutBucketCORS")
    given = xml.parse(Body(request).whole(), "CORSConfiguration")
    rules = [_rule(element) for element in given.children("CORSRule")]
    cors.check(rules)
    store.set_cors(access.actor_of(request), request.bucket_name(), rules)
    return answers.empty(200)


def _rule(element: xml.Element) -> dict[str, Any]:
    rule: dict[str, Any] = {}
    if (name := element.value("ID")) is not None:
        rule["ID"] = name[:255]
    for single, several in LISTS.items():
        texts = [child.text for child in element.children(single)]
        if texts:
            rule[several] = texts
    age = element.value("MaxAgeSeconds")
    if age is not None:
        rule["MaxAgeSeconds"] = numbers.whole(age, 2**31 - 1)
        if rule["MaxAgeSeconds"] is None:
            raise S3Error("MalformedXML")
    return rule


def get_bucket_cors(request: S3Request) -> HttpResponse:
    """Return a bucket's rules."""
    access.on_bucket(request, "s3:GetBucketCORS")
    rules = store.bucket(request.bucket_name()).cors
    if not rules:
        raise S3Error("NoSuchCORSConfiguration", BucketName=request.bucket_name())
    return answers.document("CORSConfiguration", [("CORSRule", _nodes(rule)) for rule in rules])


def _nodes(rule: dict[str, Any]) -> list[xml.Node]:
    nodes: list[xml.Node] = [("ID", rule.get("ID"))]
    for single, several in LISTS.items():
        nodes += [(single, text) for text in rule.get(several, ())]
    return [*nodes, ("MaxAgeSeconds", rule.get("MaxAgeSeconds"))]


def delete_bucket_cors(request: S3Request) -> HttpResponse:
    """Take a bucket's rules away."""
    access.on_bucket(request, "s3:PutBucketCORS")
    store.set_cors(access.actor_of(request), request.bucket_name(), None)
    return answers.empty(204)
