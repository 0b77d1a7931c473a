"""The address that takes an import job's file."""

from __future__ import annotations

import io
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from cognito_app.models import PoolUser, UserImportChunk, UserImportJob
from cognito_app.services.imports import uploads, worker
from tests.clients.csv_import import counters, create, csv, described, person, put, ready, start
from tests.conftest import App

pytestmark = pytest.mark.django_db


def test_upload_is_sealed_and_in_pieces(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "PIECE", 100)
    content = csv(*(person(f"user{n}") for n in range(20)))
    job_id = ready(app, content)
    stored = [bytes(row.content_sealed) for row in UserImportChunk.objects.order_by("number")]
    assert len(stored) == -(-len(content) // 100)
    assert not any(b"user" in piece for piece in stored)
    assert b"".join(uploads.pieces(UserImportJob.objects.get())) == content
    for offset in (0, 99, 100, 101, 555, len(content) - 1, len(content)):
        assert b"".join(uploads.pieces(UserImportJob.objects.get(), offset)) == content[offset:]
    start(app, job_id)
    assert worker.work()
    assert counters(described(app, job_id)) == (20, 0, 0)


def test_a_later_upload_replaces_the_first_until_the_start(app: App) -> None:
    job = create(app)
    put(job["PreSignedUrl"], csv(person("ann")))
    put(job["PreSignedUrl"], csv(person("bob")))
    assert UserImportChunk.objects.count() == 1
    start(app, job["JobId"])
    late = put(job["PreSignedUrl"], csv(person("eve")))
    assert (late.status_code, b"<Code>AccessDenied</Code>" in late.content) == (403, True)
    assert worker.work()
    assert PoolUser.objects.get().username == "bob"


def test_an_upload_that_breaks_off_changes_nothing(app: App) -> None:
    job_id = ready(app, csv(person("ann")))
    parts = iter([b"only this", b""])
    with pytest.raises(uploads.UploadRefused) as caught:
        uploads.receive(job_id, lambda _: next(parts), 5000)
    assert caught.value.code == "IncompleteBody"
    start(app, job_id)
    assert worker.work()
    assert counters(described(app, job_id)) == (1, 0, 0)


def test_of_two_uploads_at_once_the_later_wins(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "PIECE", 100)
    job_id = str(create(app)["JobId"])
    first, second = io.BytesIO(csv(person("ann"))), io.BytesIO(csv(person("bob")))
    size = len(first.getvalue())

    def read(wanted: int) -> bytes:
        if first.tell() == 200:
            uploads.receive(job_id, second.read, size)
        return first.read(wanted)

    with pytest.raises(uploads.UploadRefused) as caught:
        uploads.receive(job_id, read, size)
    assert caught.value.code == "OperationAborted"
    start(app, job_id)
    assert worker.work()
    assert PoolUser.objects.get().username == "bob"


def test_bad_urls_and_bodies_get_s3s_errors(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    url = create(app)["PreSignedUrl"]
    other = create(app)["PreSignedUrl"]
    assert url.startswith("http://localhost:8000/user-import/import-")
    signature = url.rpartition("=")[2]

    def code(address: str, content: bytes = b"x", **headers: str) -> tuple[int, str]:
        answer = put(address, content, **headers)
        assert answer["Content-Type"] == "application/xml"
        assert answer["Access-Control-Allow-Origin"] == "*"
        return answer.status_code, answer.content.decode().split("<Code>")[1].split("</Code>")[0]

    wrong = (403, "SignatureDoesNotMatch")
    assert code(url.replace(signature, "0" * 64)) == wrong
    assert code(url.replace(signature, other.rpartition("=")[2])) == wrong
    assert code(url.replace("Expires=", "Expires=9")) == wrong
    assert code(url.replace("Expires=", "Expires=x")) == (403, "AccessDenied")
    assert code(url.partition("?")[0]) == (403, "AccessDenied")
    assert code(url + "%C3%A9") == wrong
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert code(url) == (403, "AccessDenied")
        assert b"Request has expired" in put(url, b"x").content
    assert code(url, CONTENT_LENGTH="") == (411, "MissingContentLength")
    assert code(url, CONTENT_LENGTH=str(100 * 1024 * 1024 + 1)) == (400, "EntityTooLarge")
    assert not UserImportChunk.objects.exists()
    parts = urlsplit(url)
    posted = Client().post(f"{parts.path}?{parts.query}", b"x", content_type="text/csv")
    assert (posted.status_code, posted["Allow"]) == (405, "PUT, OPTIONS")
    app.idp.delete_user_pool(UserPoolId=app.pool_id)
    assert code(url) == (403, "AccessDenied")


def test_pages_may_upload(app: App) -> None:
    parts = urlsplit(create(app)["PreSignedUrl"])
    answer = Client().options(
        f"{parts.path}?{parts.query}",
        HTTP_ORIGIN="https://app.example.com",
        HTTP_ACCESS_CONTROL_REQUEST_METHOD="PUT",
        HTTP_ACCESS_CONTROL_REQUEST_HEADERS="x-amz-server-side-encryption",
    )
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["Access-Control-Allow-Methods"] == "PUT, OPTIONS"
    assert answer["Access-Control-Allow-Headers"] == "x-amz-server-side-encryption"
