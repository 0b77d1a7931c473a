"""Identity pools, their identities, and the logins and developer users that lead to these."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class IdentityPool(models.Model):
    """A pool that trades logins for AWS credentials; ``configuration`` has AWS's member names.

    ``principal_tags`` has an attribute map by provider name; ``driver_settings`` tell where the ``sts`` driver asks.
    """

    class Driver(models.TextChoices):
        BUILTIN = "builtin"
        STS = "sts"
        DISABLED = "disabled"

    id = models.CharField(max_length=55, primary_key=True)
    name = models.CharField(max_length=128)
    configuration = models.JSONField(default=dict, blank=True)
    roles = models.JSONField(default=dict, blank=True)
    role_mappings = models.JSONField(default=dict, blank=True)
    principal_tags = models.JSONField(default=dict, blank=True)
    tags = models.JSONField(default=dict, blank=True)
    driver = models.CharField(max_length=10, choices=Driver.choices, default=Driver.BUILTIN)
    driver_settings = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(db_index=True)
    modified_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["created_at", "id"]
        verbose_name = "identity pool"

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"


class Identity(models.Model):
    """One person or device in an identity pool."""

    class State(models.TextChoices):
        GUEST = "guest"
        LINKED = "linked"
        DISABLED = "disabled"

    id = models.CharField(max_length=55, primary_key=True)
    pool = models.ForeignKey(IdentityPool, on_delete=models.CASCADE, related_name="identities", db_index=False)
    state = models.CharField(max_length=10, choices=State.choices)
    merged_into = models.CharField(max_length=55, blank=True)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["pool", "created_at", "id"], name="identity_by_age"),
            models.Index(
                fields=["pool", "created_at", "id"], name="live_identity_by_age", condition=~models.Q(state="disabled")
            ),
        ]
        verbose_name_plural = "identities"

    def __str__(self) -> str:
        return self.id


class Login(models.Model):
    """A subject at a provider; the unique key is what makes GetId idempotent."""

    pool = models.ForeignKey(IdentityPool, on_delete=models.CASCADE, db_index=False)
    provider = models.CharField(max_length=128)
    subject = models.CharField(max_length=256)
    identity = models.ForeignKey(Identity, on_delete=models.CASCADE, related_name="logins", db_index=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["pool", "provider", "subject"], name="login_unique"),
            models.UniqueConstraint(fields=["identity", "provider"], name="one_login_per_provider"),
        ]


class DeveloperUser(models.Model):
    """A user of the pool's developer provider; the digest stands for the identifier, too long for a unique key."""

    pool = models.ForeignKey(IdentityPool, on_delete=models.CASCADE, db_index=False)
    digest = models.CharField(max_length=64)
    identifier = models.CharField(max_length=1024)
    identity = models.ForeignKey(Identity, on_delete=models.CASCADE, related_name="developer_users", db_index=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["pool", "digest"], name="developer_user_unique")]
        indexes: ClassVar = [models.Index(fields=["identity", "id"], name="developer_user_by_identity")]
