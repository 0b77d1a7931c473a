"""Tables: buckets, objects, uploads in parts, and contents that wait for their removal.

Keys are bytes, so that both databases compare them as S3 orders them: by the bytes of their UTF-8 form.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

KEY_BYTES = 1024


class Bucket(models.Model):
    """A bucket; ``cors`` are its rules in S3's shape, None where there is no configuration."""

    name = models.CharField(max_length=63, primary_key=True)
    region = models.CharField(max_length=64)
    cors = models.JSONField(null=True, default=None)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Described(models.Model):
    """What a client says of an object when it stores or announces it.

    ``headers`` are those that come back as they were (Content-Type and its like), ``metadata`` the client's own.
    """

    headers = models.JSONField(default=dict)
    metadata = models.JSONField(default=dict)
    tags = models.JSONField(default=dict)

    class Meta:
        abstract = True


class StoredObject(Described):
    """An object; ``segments`` are the files that make up its content, each with name and size.

    ``checksum`` is empty or ``{"algorithm", "value", "type"}``.
    """

    bucket = models.ForeignKey(Bucket, on_delete=models.PROTECT, db_index=False)
    key = models.BinaryField(max_length=KEY_BYTES)
    segments = models.JSONField()
    size = models.BigIntegerField()
    etag = models.CharField(max_length=64)
    checksum = models.JSONField(default=dict)
    modified_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["bucket", "key"], name="object_key_unique")]
        verbose_name = "object"

    def __str__(self) -> str:
        return bytes(self.key).decode("utf-8", "replace")


class Upload(Described):
    """An upload in parts that is neither completed nor aborted."""

    id = models.CharField(max_length=64, primary_key=True)
    bucket = models.ForeignKey(Bucket, on_delete=models.PROTECT, db_index=False)
    key = models.BinaryField(max_length=KEY_BYTES)
    initiator = models.CharField(max_length=2048)
    algorithm = models.CharField(max_length=16, blank=True)
    checksum_type = models.CharField(max_length=16, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["bucket", "key", "id"], name="upload_by_key")]

    def __str__(self) -> str:
        return self.id


class Part(models.Model):
    """A part of an upload."""

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, db_index=False)
    number = models.PositiveIntegerField()
    file = models.CharField(max_length=200)
    size = models.BigIntegerField()
    etag = models.CharField(max_length=64)
    checksum = models.CharField(max_length=100, blank=True)
    modified_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["upload", "number"], name="upload_part_unique")]

    def __str__(self) -> str:
        return f"{self.upload_id}:{self.number}"


class Leftover(models.Model):
    """A file that no row refers to, or not yet; it is removed after ``due_at``."""

    file = models.CharField(max_length=200, primary_key=True)
    due_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.file
