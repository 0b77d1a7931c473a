"""The portal's pages for buckets and objects."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from cognito_app.contrib.object_storage.models import Bucket, StoredObject
from cognito_app.models import AuditEvent
from tests.portal.test_iam_pages import browser

pytestmark = pytest.mark.django_db

__all__ = ["browser"]

BUCKETS, OBJECTS = "/portal/cognito_objects/bucket/", "/portal/cognito_objects/storedobject/"
RULE = {"AllowedOrigins": ["*"], "AllowedMethods": ["GET"], "MaxAgeSeconds": 5}


def test_a_bucket_is_made_changed_and_deleted(browser: Client, objects_dir: object) -> None:
    browser.post(f"{BUCKETS}add/", {"name": "made-here", "cors": ""})
    assert Bucket.objects.get().cors is None
    bad = browser.post(f"{BUCKETS}made-here/change/", {"cors": json.dumps([{**RULE, "AllowedMethods": ["PATCH"]}])})
    assert b"Unsupported method is PATCH" in bad.content
    shapes: list[Any] = [{"a": 1}, ["x"], [{"AllowedOrigins": "*"}], [{"Other": []}]]
    for shape in shapes:
        assert browser.post(f"{BUCKETS}made-here/change/", {"cors": json.dumps(shape)}).status_code == 200
    browser.post(f"{BUCKETS}made-here/change/", {"cors": json.dumps([RULE])})
    assert Bucket.objects.get().cors == [RULE]
    refused = browser.post(f"{BUCKETS}add/", {"name": "Not_Good", "cors": ""}, follow=True)
    assert b"The specified bucket is not valid" in refused.content
    assert b"made-here" in browser.get(BUCKETS).content
    browser.post(f"{BUCKETS}made-here/delete/", {"post": "yes"})
    assert Bucket.objects.count() == 0
    assert list(AuditEvent.objects.filter(subject="made-here").order_by("pk").values_list("action", flat=True)) == [
        "CreateBucket",
        "PutBucketCors",
        "DeleteBucket",
    ]


def test_objects_are_listed_read_and_deleted(browser: Client, s3: Any, bucket: str) -> None:
    for key in ("a/1", "a/2", "b/ü<script>"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode(), ContentType="text/html")
    s3.create_bucket(Bucket="other")
    everything = browser.get(OBJECTS, {"bucket": bucket}).content.decode()
    assert all(key in everything for key in ("a/1", "a/2", "b/ü&lt;script&gt;"))
    assert "a/1" not in browser.get(OBJECTS, {"bucket": "other"}).content.decode()
    found = browser.get(OBJECTS, {"bucket": bucket, "q": "a/"}).content.decode()
    assert "a/1" in found
    assert "b/ü" not in found
    row = StoredObject.objects.get(key="b/ü<script>".encode())
    assert b"Download" in browser.get(f"{OBJECTS}{row.pk}/change/").content
    content: Any = browser.get(f"{OBJECTS}{row.pk}/content/")
    assert b"".join(content.streaming_content) == "b/ü<script>".encode()
    assert (content["Content-Type"], content["Content-Security-Policy"]) == ("application/octet-stream", "sandbox")
    assert content["Content-Disposition"].startswith("attachment;")
    assert browser.post(f"{BUCKETS}{bucket}/delete/", {"post": "yes"}, follow=True).status_code == 200
    assert Bucket.objects.filter(pk=bucket).exists()
    browser.post(f"{OBJECTS}{row.pk}/delete/", {"post": "yes"})
    assert StoredObject.objects.count() == 2
    assert AuditEvent.objects.filter(action="DeleteObject", subject=f"{bucket}/b/ü<script>").exists()


def test_strangers_see_nothing(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="o", Body=b"x")
    row = StoredObject.objects.get()
    for page in (BUCKETS, OBJECTS, f"{OBJECTS}{row.pk}/content/"):
        assert Client().get(page).status_code == 302
