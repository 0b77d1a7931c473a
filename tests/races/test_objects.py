"""The object storage under parallel requests: whole objects only, uploads completed once, nothing leaks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pytest_django import Settings

from cognito_app.contrib.object_storage import files
from cognito_app.contrib.object_storage.models import Bucket, Leftover, Part, StoredObject, Upload
from cognito_app.services import access_keys
from cognito_app.services.actor import SYSTEM
from tests.clients import s3 as clients
from tests.clients.parallel import in_parallel

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def keys(tmp_path: Path, settings: Settings) -> Sequence[str]:
    """An administrator's key; there is a bucket ``photos``."""
    settings.COGNITO_OBJECT_STORAGE = {"LOCATION": str(tmp_path / "objects")}
    row, secret = access_keys.create(SYSTEM, user_name="admin", document=access_keys.ADMINISTRATOR)
    clients.client((row.id, secret)).create_bucket(Bucket="photos")
    return row.id, secret


def outcome(call: Any) -> str:
    """Return the error's code of a call, empty for a good one."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def check_files(folder: Path) -> None:
    """Each file is part of an object or an upload, or is noted for removal; and each of these has its file."""
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    used = {name for row in StoredObject.objects.all() for name in files.names_of(row.segments)}
    used |= set(Part.objects.values_list("file", flat=True))
    noted = set(Leftover.objects.values_list("pk", flat=True))
    assert not used & noted
    assert found == used | noted


def test_parallel_puts_leave_one_whole_object(keys: Sequence[str], tmp_path: Path) -> None:
    bodies = [bytes([number]) * (number * 1000 + 1) for number in range(24)]

    def put(number: int) -> str:
        client = clients.client(keys)
        return outcome(lambda: client.put_object(Bucket="photos", Key="o", Body=bodies[number]))

    assert in_parallel(put, len(bodies)) == [""] * len(bodies)
    got = clients.client(keys).get_object(Bucket="photos", Key="o")
    body = got["Body"].read()
    assert body in bodies
    assert StoredObject.objects.get().size == len(body)
    check_files(tmp_path / "objects")
    assert Leftover.objects.count() == len(bodies) - 1


def test_of_parallel_first_puts_one_wins(keys: Sequence[str], tmp_path: Path) -> None:
    def put(number: int) -> str:
        client = clients.client(keys)
        return outcome(lambda: client.put_object(Bucket="photos", Key="o", Body=b"x" * number, IfNoneMatch="*"))

    assert sorted(in_parallel(put, 24)) == ["", *["PreconditionFailed"] * 23]
    check_files(tmp_path / "objects")


def test_an_upload_is_completed_once(keys: Sequence[str], tmp_path: Path) -> None:
    client = clients.client(keys)
    given = {"Bucket": "photos", "Key": "o"}
    upload = client.create_multipart_upload(**given)["UploadId"]
    etag = client.upload_part(**given, UploadId=upload, PartNumber=1, Body=b"part")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}

    def complete(number: int) -> str:
        mine = clients.client(keys)
        if number % 4 == 3:
            return outcome(lambda: mine.abort_multipart_upload(**given, UploadId=upload)) and "aborted late"
        return outcome(lambda: mine.complete_multipart_upload(**given, UploadId=upload, MultipartUpload=parts))

    outcomes = in_parallel(complete, 24)
    completed = [code for number, code in enumerate(outcomes) if number % 4 != 3]
    aborted = [code for number, code in enumerate(outcomes) if number % 4 == 3]
    assert completed.count("") + aborted.count("") == 1
    assert set(completed) <= {"", "NoSuchUpload"}
    assert StoredObject.objects.count() == completed.count("")
    assert Upload.objects.count() == Part.objects.count() == 0
    check_files(tmp_path / "objects")


def test_parts_that_arrive_while_an_upload_ends_are_not_lost_from_sight(keys: Sequence[str], tmp_path: Path) -> None:
    client = clients.client(keys)
    given = {"Bucket": "photos", "Key": "o"}
    upload = client.create_multipart_upload(**given)["UploadId"]

    def attempt(number: int) -> str:
        mine = clients.client(keys)
        if number == 6:
            return outcome(lambda: mine.abort_multipart_upload(**given, UploadId=upload))
        return outcome(lambda: mine.upload_part(**given, UploadId=upload, PartNumber=number + 1, Body=b"x"))

    assert set(in_parallel(attempt, 16)) <= {"", "NoSuchUpload"}
    assert Part.objects.count() == 0
    check_files(tmp_path / "objects")


def test_a_reader_gets_a_whole_object_whatever_happens(keys: Sequence[str], tmp_path: Path) -> None:
    client = clients.client(keys)
    old, new = b"o" * 3_000_000, b"n" * 2_000_000
    client.put_object(Bucket="photos", Key="o", Body=old)

    def attempt(number: int) -> bool:
        mine = clients.client(keys)
        if number % 3 == 0:
            mine.put_object(Bucket="photos", Key="o", Body=new)
            return True
        if number % 3 == 1:
            mine.delete_object(Bucket="photos", Key="o")
            return True
        try:
            return mine.get_object(Bucket="photos", Key="o")["Body"].read() in (old, new)
        except ClientError as error:
            return error.response["Error"]["Code"] == "NoSuchKey"

    assert all(in_parallel(attempt, 24))
    check_files(tmp_path / "objects")


def test_no_object_is_left_without_a_bucket(keys: Sequence[str], tmp_path: Path) -> None:
    client = clients.client(keys)
    for _ in range(5):

        def attempt(number: int) -> str:
            mine = clients.client(keys)
            if number == 2:
                return outcome(lambda: mine.delete_bucket(Bucket="photos"))
            return outcome(lambda: mine.put_object(Bucket="photos", Key=str(number), Body=b"x"))

        outcomes = in_parallel(attempt, 6)
        assert set(outcomes) <= {"", "NoSuchBucket", "BucketNotEmpty"}
        exists = Bucket.objects.filter(pk="photos").exists()
        assert exists is (outcomes[2] != "")
        if exists:
            assert StoredObject.objects.exists()
            for row in StoredObject.objects.all():
                client.delete_object(Bucket="photos", Key=bytes(row.key).decode())
        else:
            assert not StoredObject.objects.exists()
            client.create_bucket(Bucket="photos")
        check_files(tmp_path / "objects")
