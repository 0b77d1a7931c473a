"""Groups of a pool and their members."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from cognito_app.models.pool import UserPool
from cognito_app.models.user import PoolUser


class Group(models.Model):
    """A named set of users, with an IAM role and a rank among the user's groups."""

    pool = models.ForeignKey(UserPool, on_delete=models.CASCADE, related_name="groups", db_index=False)
    name = models.CharField(max_length=128)
    description = models.CharField(max_length=2048, null=True)  # absent and empty differ on the wire
    role_arn = models.CharField(max_length=2048, null=True)
    precedence = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()
    members = models.ManyToManyField(PoolUser, through="GroupMembership", related_name="groups")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["pool", "name"], name="group_name_unique")]
        indexes: ClassVar = [models.Index(fields=["pool", "id"], name="group_by_age")]

    def __str__(self) -> str:
        return self.name


class GroupMembership(models.Model):
    """A user in a group."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, db_index=False)
    user = models.ForeignKey(PoolUser, on_delete=models.CASCADE)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["group", "user"], name="membership_unique")]
