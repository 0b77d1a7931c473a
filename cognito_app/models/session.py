"""Browser sessions of the hosted pages, and the record of sessions that users and administrators see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from django.db import connection, models

from cognito_app.models.pool import UserPool
from cognito_app.models.rows import execute
from cognito_app.models.user import PoolUser
from cognito_app.models.user_rows import uuid_value


class BrowserSession(models.Model):
    """A signed-in browser on a pool's domain; the cookie's value is stored as a hash.

    ``provider`` is the name of the provider that the user came from; ``provider_session`` what signing out there needs.
    """

    token_hash = models.BinaryField(primary_key=True)
    pool = models.ForeignKey(UserPool, on_delete=models.CASCADE, db_index=False)
    user = models.ForeignKey(PoolUser, on_delete=models.CASCADE, related_name="browser_sessions")
    provider = models.CharField(max_length=64, default="COGNITO")
    provider_session = models.JSONField(default=dict)
    methods = models.JSONField(default=list)
    authenticated_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True)


class UserSession(models.Model):
    """A tracked session: of tokens (one sign-in and its refreshes), or of a browser on the pool's domain (SSO)."""

    id = models.CharField(max_length=28, primary_key=True)
    user = models.ForeignKey(PoolUser, on_delete=models.CASCADE, related_name="sessions", db_index=False)
    client_id = models.CharField(max_length=128)
    origin_jti = models.UUIDField(null=True, unique=True)
    browser = models.OneToOneField(BrowserSession, on_delete=models.CASCADE, null=True, related_name="record")
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="children")
    device_type = models.CharField(max_length=1024, blank=True)
    last_ip = models.CharField(max_length=128, blank=True)
    created_at = models.DateTimeField()
    last_active_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["user", "last_active_at"], name="user_session_by_user")]

    @classmethod
    def serialize(cls, user_id: int) -> None:
        """Let the transactions that begin or end sessions of one user go one by one.

        It locks the user's row, weakly enough for rows that refer to it to be stored meanwhile. The order is user,
        sessions, refresh tokens everywhere: so no two transactions wait for each other. SQLite has one writer anyway.
        """
        if connection.vendor == "postgresql":
            execute("SELECT 1 FROM cognito_app_pooluser WHERE id = %s FOR NO KEY UPDATE", [user_id])

    @classmethod
    def forget_families(cls, origin_jtis: Sequence[str]) -> None:
        """Delete the records of token sessions."""
        marks = ", ".join(["%s"] * len(origin_jtis))
        sql = f"DELETE FROM cognito_app_usersession WHERE origin_jti IN ({marks})"  # noqa: S608  # only placeholders
        execute(sql, [uuid_value(jti) for jti in origin_jtis])

    @classmethod
    def forget_tokens_of(cls, user_id: int, *, but: str | None = None) -> None:
        """Delete the records of all token sessions of a user, except that of one family."""
        sql = "DELETE FROM cognito_app_usersession WHERE user_id = %s AND origin_jti IS NOT NULL"
        if but is None:
            execute(sql, [user_id])
        else:
            execute(sql + " AND origin_jti <> %s", [user_id, uuid_value(but)])
