"""What may be tried or used only so often: codes, one-time values, counters."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import connection, models

from cognito_app.models.rows import execute
from cognito_app.models.user import PoolUser


class VerificationCode(models.Model):
    """The code in force for one purpose of one user; a new request replaces it."""

    class Purpose(models.TextChoices):
        SIGN_UP = "sign_up"
        PASSWORD = "password"  # noqa: S105  # a purpose
        EMAIL = "email"
        PHONE_NUMBER = "phone_number"

    user = models.ForeignKey(PoolUser, on_delete=models.CASCADE, related_name="codes", db_index=False)
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    code_hash = models.BinaryField()
    attribute = models.CharField(max_length=20)
    value = models.CharField(max_length=2048)
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "purpose"], name="code_per_purpose")]

    def put_in_force(self) -> None:
        """Store the code; it takes the place of an earlier one for the same purpose of the same user."""
        sql = (
            "INSERT INTO cognito_app_verificationcode (user_id, purpose, code_hash, attribute, value, expires_at) "
            "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (user_id, purpose) DO UPDATE SET "
            "code_hash = excluded.code_hash, attribute = excluded.attribute, value = excluded.value, "
            "expires_at = excluded.expires_at, used_at = NULL"
        )
        expires = connection.ops.adapt_datetimefield_value(self.expires_at)
        execute(sql, [self.user_id, self.purpose, self.code_hash, self.attribute, self.value, expires])

    def spend(self, now: datetime) -> bool:
        """Use this very code up; True for exactly one of any number of parallel callers."""
        sql = (
            "UPDATE cognito_app_verificationcode SET used_at = %s WHERE id = %s AND code_hash = %s AND used_at IS NULL"
        )
        return execute(sql, [connection.ops.adapt_datetimefield_value(now), self.pk, self.code_hash]) == 1


class SpentNonce(models.Model):
    """The mark that a sealed one-time value (Session, SECRET_BLOCK) has been used."""

    nonce = models.CharField(max_length=64, primary_key=True)
    expires_at = models.DateTimeField(db_index=True)

    @classmethod
    def spend(cls, nonce: str, expires_at: datetime) -> bool:
        """Use the value up; True for exactly one of any number of parallel callers."""
        sql = "INSERT INTO cognito_app_spentnonce (nonce, expires_at) VALUES (%s, %s) ON CONFLICT DO NOTHING"
        return execute(sql, [nonce, connection.ops.adapt_datetimefield_value(expires_at)]) == 1


class AttemptCounter(models.Model):
    """How often a subject did an action in the present window."""

    key = models.CharField(max_length=64, primary_key=True)
    count = models.PositiveIntegerField()
    window_started_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    @classmethod
    def count_up(cls, key: str, limit: int, now: datetime, window: timedelta) -> bool:
        """Count one try of a key in its window; False, uncounted, if the window has had its limit.

        One statement: of any number of parallel callers no more than the limit get True.
        """
        started, expires, ended = (
            connection.ops.adapt_datetimefield_value(at) for at in (now, now + window, now - window)
        )
        sql = (
            "INSERT INTO cognito_app_attemptcounter AS c (key, count, window_started_at, expires_at) "
            "VALUES (%s, 1, %s, %s) ON CONFLICT (key) DO UPDATE SET "
            "count = CASE WHEN c.window_started_at > %s THEN c.count + 1 ELSE 1 END, "
            "expires_at = CASE WHEN c.window_started_at > %s THEN c.expires_at ELSE excluded.expires_at END, "
            "window_started_at = CASE WHEN c.window_started_at > %s THEN c.window_started_at "
            "ELSE excluded.window_started_at END "
            "WHERE c.window_started_at <= %s OR c.count < %s"
        )
        return execute(sql, [key, started, expires, ended, ended, ended, ended, limit]) == 1


class SignInThrottle(models.Model):
    """Failed sign-ins in a row of one name in one pool, whether or not such a user exists."""

    key = models.CharField(max_length=64, primary_key=True)
    failures = models.PositiveIntegerField()
    last_attempt_at = models.DateTimeField(db_index=True)
    locked_until = models.DateTimeField()

    @classmethod
    def begin(cls, key: str, now: datetime) -> bool:
        """Store the first failure of a name; False if it has some already."""
        instant = connection.ops.adapt_datetimefield_value(now)
        sql = (
            "INSERT INTO cognito_app_signinthrottle (key, failures, last_attempt_at, locked_until) "
            "VALUES (%s, 1, %s, %s) ON CONFLICT DO NOTHING"
        )
        return execute(sql, [key, instant, instant]) == 1

    def count_up(self, failures: int, now: datetime, locked_until: datetime) -> bool:
        """Store one more failure unless another request did so since this row was read."""
        adapt = connection.ops.adapt_datetimefield_value
        sql = (
            "UPDATE cognito_app_signinthrottle SET failures = %s, last_attempt_at = %s, locked_until = %s "
            "WHERE key = %s AND failures = %s AND last_attempt_at = %s"
        )
        seen = [self.key, self.failures, adapt(self.last_attempt_at)]
        return execute(sql, [failures, adapt(now), adapt(locked_until), *seen]) == 1

    @classmethod
    def forget(cls, key: str) -> None:
        """Delete the failures of a name."""
        execute("DELETE FROM cognito_app_signinthrottle WHERE key = %s", [key])
