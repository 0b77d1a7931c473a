"""ListBuckets, CreateBucket, HeadBucket, DeleteBucket, GetBucketLocation."""

from __future__ import annotations

import re

from django.http import HttpResponse

from cognito_app.conf import app_settings
from cognito_app.contrib.object_storage import access, answers, descriptions, store, xml
from cognito_app.contrib.object_storage.bodies import Body
from cognito_app.contrib.object_storage.errors import S3Error
from cognito_app.contrib.object_storage.models import Bucket
from cognito_app.contrib.object_storage.requests import S3Request
from cognito_app.core import numbers, paging
from cognito_app.errors import ServiceError

MAX_LISTED = 10_000
_REGION = re.compile(r"[A-Za-z0-9-]{1,63}", re.ASCII)


def owner() -> list[xml.Node]:
    """Return the element of the owner of everything: the account."""
    return [("ID", app_settings.account_id), ("DisplayName", app_settings.account_id)]


def list_buckets(request: S3Request) -> HttpResponse:
    """List the account's buckets, in pages if asked for."""
    access.require(request, "s3:ListAllMyBuckets", "arn:aws:s3:::*")
    prefix = request.query.get("prefix", "").replace("\0", "")
    limit = numbers.whole(request.query.get("max-buckets", str(MAX_LISTED)), MAX_LISTED)
    if not limit:
        raise S3Error("InvalidArgument", "max-buckets must be between 1 and 10000", ArgumentName="max-buckets")
    rows = Bucket.objects.filter(name__startswith=prefix) if prefix else Bucket.objects.all()
    scope = f"s3:ListBuckets:{prefix}"
    token = request.query.get("continuation-token")
    if token:
        try:
            rows = rows.filter(name__gt=paging.decode(scope, token)["after"])
        except ServiceError:
            raise S3Error("InvalidArgument", "The continuation token provided is incorrect") from None
    found = list(rows.order_by("name")[: limit + 1])
    shown = found[:limit]
    listed: list[xml.Node] = [
        ("Bucket", [("Name", row.name), ("CreationDate", row.created_at), ("BucketRegion", row.region)])
        for row in shown
    ]
    more = paging.encode(scope, {"after": shown[-1].name}) if len(found) > len(shown) else None
    nodes: list[xml.Node] = [("Owner", owner()), ("Buckets", listed), ("ContinuationToken", more)]
    return answers.document("ListAllMyBucketsResult", [*nodes, ("Prefix", prefix or None)])


def create_bucket(request: S3Request) -> HttpResponse:
    """Create a bucket."""
    access.on_bucket(request, "s3:CreateBucket")
    descriptions.check(request.headers)
    if request.headers.get("x-amz-bucket-object-lock-enabled", "").lower() == "true":
        raise S3Error("NotImplemented", Header="x-amz-bucket-object-lock-enabled")
    content = Body(request).whole()
    region = app_settings.region
    if content:
        given = xml.parse(content, "CreateBucketConfiguration")
        region = given.value("LocationConstraint") or region
        if not _REGION.fullmatch(region):
            raise S3Error("InvalidLocationConstraint", "The specified location-constraint is not valid", 400)
    store.create_bucket(access.actor_of(request), request.bucket_name(), region)
    return answers.empty(200, {"Location": f"/{request.bucket_name()}"})


def head_bucket(request: S3Request) -> HttpResponse:
    """Tell whether a bucket is there."""
    access.on_bucket(request, "s3:ListBucket")
    row = store.bucket(request.bucket_name())
    return answers.empty(200, {"x-amz-bucket-region": row.region, "x-amz-access-point-alias": "false"})


def delete_bucket(request: S3Request) -> HttpResponse:
    """Delete an empty bucket."""
    access.on_bucket(request, "s3:DeleteBucket")
    store.delete_bucket(access.actor_of(request), request.bucket_name())
    return answers.empty(204)


def get_bucket_location(request: S3Request) -> HttpResponse:
    """Tell a bucket's region; that of us-east-1 is empty."""
    access.on_bucket(request, "s3:GetBucketLocation")
    region = store.bucket(request.bucket_name()).region
    content = "" if region == "us-east-1" else region
    return HttpResponse(xml.leaf("LocationConstraint", content), content_type="application/xml")
