"""Users of a pool and the sign-in names that lead to them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from cognito_app.models.base import SHORT_KEY
from cognito_app.models.pool import UserPool

SEARCH_KEYS = {
    "email": "email_key",
    "phone_number": "phone_key",
    "preferred_username": "preferred_username_key",
    "name": "name_key",
    "given_name": "given_name_key",
    "family_name": "family_name_key",
}
"""Attributes that ListUsers may search, and the column that holds their folded value."""


def search_key(value: str) -> str:
    """Fold a value for case-insensitive search, cut to what an index takes."""
    return value.casefold()[:SHORT_KEY]


class PoolUser(models.Model):
    """A user; ``attributes`` holds every value as the API takes it, the ``*_key`` columns follow from it.

    ``mfa`` holds the second factors in use (``services.mfa_preferences``), read with the user at every sign-in.
    """

    class Status(models.TextChoices):
        UNCONFIRMED = "UNCONFIRMED"
        CONFIRMED = "CONFIRMED"
        FORCE_CHANGE_PASSWORD = "FORCE_CHANGE_PASSWORD"  # noqa: S105  # a status
        RESET_REQUIRED = "RESET_REQUIRED"
        EXTERNAL_PROVIDER = "EXTERNAL_PROVIDER"

    pool = models.ForeignKey(UserPool, on_delete=models.CASCADE, related_name="users", db_index=False)
    username = models.CharField(max_length=128)
    username_key = models.CharField(max_length=SHORT_KEY)
    sub = models.CharField(max_length=36)
    status = models.CharField(max_length=24, choices=Status.choices)
    enabled = models.BooleanField(default=True)
    attributes = models.JSONField(default=dict)
    pending_attributes = models.JSONField(default=dict)
    mfa = models.JSONField(default=dict)
    email_key = models.CharField(max_length=SHORT_KEY, blank=True)
    phone_key = models.CharField(max_length=SHORT_KEY, blank=True)
    preferred_username_key = models.CharField(max_length=SHORT_KEY, blank=True)
    name_key = models.CharField(max_length=SHORT_KEY, blank=True)
    given_name_key = models.CharField(max_length=SHORT_KEY, blank=True)
    family_name_key = models.CharField(max_length=SHORT_KEY, blank=True)
    password_hash = models.CharField(max_length=256, null=True)  # null: no password, not an empty one
    srp_verifier = models.BinaryField(null=True)
    temporary_password_expires_at = models.DateTimeField(null=True)
    signed_out_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()

    class Meta:
        verbose_name = "user"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["pool", "username_key"], name="user_username_unique"),
            models.UniqueConstraint(fields=["pool", "sub"], name="user_sub_unique"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["pool", "id"], name="user_by_age"),
            models.Index(fields=["pool", "status", "id"], name="user_by_status"),
            models.Index(fields=["pool", "enabled", "id"], name="user_by_enabled"),
            *[
                models.Index(
                    fields=["pool", column, "id"],
                    name=f"user_by_{column}"[:30],
                    opclasses=["varchar_pattern_ops", "varchar_pattern_ops", "int8_ops"],
                )
                for column in (*SEARCH_KEYS.values(), "username")
            ],
        ]

    def __str__(self) -> str:
        return self.username

    def set_attributes(self, attributes: dict[str, str]) -> None:
        """Replace the attributes and the search keys that follow from them (does not save)."""
        self.attributes = attributes
        for name, column in SEARCH_KEYS.items():
            setattr(self, column, search_key(attributes.get(name, "")))


class UserAlias(models.Model):
    """A sign-in name beside the username: an e-mail address, phone number or preferred user name in force."""

    pool = models.ForeignKey(UserPool, on_delete=models.CASCADE, db_index=False)
    kind = models.CharField(max_length=20)
    key = models.CharField(max_length=SHORT_KEY)
    user = models.ForeignKey(PoolUser, on_delete=models.CASCADE, related_name="aliases")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["pool", "key", "kind"], name="alias_unique")]
