"""GetObjectTagging, PutObjectTagging, DeleteObjectTagging."""

from __future__ import annotations

from django.http import HttpResponse

from cognito_app.contrib.object_storage import access, answers, descriptions, store, xml
from cognito_app.contrib.object_storage.bodies import Body
from cognito_app.contrib.object_storage.errors import S3Error
from cognito_app.contrib.object_storage.models import StoredObject
from cognito_app.contrib.object_storage.requests import S3Request


def _permitted(request: S3Request, action: str, extra: access.Extra | None = None) -> StoredObject:
    name, key = request.bucket_name(), request.object_key()
    row = store.find(name, key)
    access.on_object(request, action, {**access.existing_tags(row.tags if row else None), **(extra or {})})
    if row is None:
        access.missing_key(request, name, key)
    return row


def get_object_tagging(request: S3Request) -> HttpResponse:
    """Return an object's tags."""
    row = _permitted(request, "s3:GetObjectTagging")
    tags: list[xml.Node] = [("Tag", [("Key", name), ("Value", value)]) for name, value in row.tags.items()]
    return answers.document("Tagging", [("TagSet", tags)])


def put_object_tagging(request: S3Request) -> HttpResponse:
    """Replace an object's tags."""
    tags = _read(xml.parse(Body(request).whole(), "Tagging"))
    _permitted(request, "s3:PutObjectTagging", access.request_tags(tags))
    store.set_tags(request.bucket_name(), request.object_key(), tags)
    return answers.empty(200)


def _read(given: xml.Element) -> dict[str, str]:
    sets = given.children("TagSet")
    if len(sets) != 1:
        raise S3Error("MalformedXML")
    tags: dict[str, str] = {}
    for element in sets[0].children("Tag"):
        name, value = element.value("Key"), element.value("Value")
        if name is None or value is None:
            raise S3Error("MalformedXML")
        if name in tags:
            raise S3Error("InvalidTag", "Cannot provide multiple Tags with the same key", TagKey=name)
        tags[name] = value
    return descriptions.checked_tags(tags)


def delete_object_tagging(request: S3Request) -> HttpResponse:
    """Take an object's tags away."""
    _permitted(request, "s3:DeleteObjectTagging")
    store.set_tags(request.bucket_name(), request.object_key(), {})
    return answers.empty(204)
