"""User pools."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class UserPool(models.Model):
    """A directory of users.

    ``configuration`` is the stored form of what CreateUserPool and UpdateUserPool take, with AWS's member names, so
    that Describe can echo it; rules read it through ``services.config.PoolConfig``. ``schema`` lists the attributes
    in AWS's form and order. ``extras`` holds what operations of its own set: MFA, sessions, log delivery.
    """

    id = models.CharField(max_length=55, primary_key=True)
    name = models.CharField(max_length=128)
    configuration = models.JSONField(default=dict, blank=True)
    schema = models.JSONField(default=list)
    extras = models.JSONField(default=dict, blank=True)
    tags = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(db_index=True)
    modified_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["created_at", "id"]
        verbose_name = "user pool"

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"
