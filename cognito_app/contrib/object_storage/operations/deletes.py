"""DeleteObjects: up to a thousand keys, each checked and deleted by itself."""

from __future__ import annotations

from django.http import HttpResponse

from cognito_app.contrib.object_storage import access, answers, files, store, xml
from cognito_app.contrib.object_storage.bodies import Body
from cognito_app.contrib.object_storage.errors import S3Error
from cognito_app.contrib.object_storage.models import KEY_BYTES
from cognito_app.contrib.object_storage.requests import S3Request

MOST = 1000


def delete_objects(request: S3Request) -> HttpResponse:
    """Delete the keys of a document; what may not be deleted is listed with its error."""
    if "content-md5" not in request.headers and not any(n.startswith("x-amz-checksum-") for n in request.headers):
        raise S3Error("InvalidRequest", "Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
    given = xml.parse(Body(request).whole(), "Delete")
    elements = given.children("Object")
    if not 1 <= len(elements) <= MOST:
        raise S3Error("MalformedXML")
    quiet = (given.value("Quiet") or "").lower() == "true"
    keys = [element.value("Key") for element in elements]
    if not all(keys) or any(element.value("VersionId") not in (None, "null") for element in elements):
        raise S3Error("MalformedXML")
    nodes = [node for key in keys if key and (node := _delete(request, key, quiet)) is not None]
    files.sweep()
    return answers.document("DeleteResult", nodes)


def _delete(request: S3Request, text: str, quiet: bool) -> xml.Node | None:
    name, key = request.bucket_name(), text.encode()
    try:
        if len(key) > KEY_BYTES:
            raise S3Error("KeyTooLongError")
        row = store.find(name, key)
        tags = access.existing_tags(row.tags if row else None)
        access.require(request, "s3:DeleteObject", access.arn(name, key), tags)
        store.bucket(name)
    except S3Error as error:
        if error.code == "NoSuchBucket":
            raise
        return "Error", [("Key", text), ("Code", error.code), ("Message", error.message)]
    store.delete(name, key)
    return None if quiet else ("Deleted", [("Key", text)])
