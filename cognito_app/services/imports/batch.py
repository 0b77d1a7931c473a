"""A batch of rows: judged without a transaction, stored in one, together with how far the job is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import structlog
from django.db import DatabaseError, DataError, IntegrityError, transaction

from cognito_app.core import csv_rows
from cognito_app.models import PoolUser, UserAlias, UserImportLog, import_rows
from cognito_app.services import users
from cognito_app.services.config import PoolConfig
from cognito_app.services.imports import rows
from cognito_app.services.imports.columns import Layout

EXISTS = "The user already exists."
INTERNAL_ERROR = "The user could not be imported due to an internal error."

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A user that a row describes, with the sign-in names that must be free."""

    line: int
    user: PoolUser
    aliases: dict[str, str]
    keys: frozenset[str]


@dataclass(slots=True)
class Batch:
    """What became of some lines; ``offset`` and ``line`` are those of the last."""

    offset: int
    line: int
    candidates: list[Candidate] = field(default_factory=list)
    imported: int = 0
    skipped: list[int] = field(default_factory=list)
    failed: list[tuple[int, str]] = field(default_factory=list)

    def log_rows(self, job_id: str) -> list[UserImportLog]:
        """Return the rows of the job's log."""
        outcomes = [(line, "SKIPPED", EXISTS) for line in self.skipped]
        outcomes += [(line, "FAILED", reason[:512]) for line, reason in self.failed]
        return [UserImportLog(job_id=job_id, line=n, outcome=outcome, reason=why) for n, outcome, why in outcomes]


def judge(pool: PoolConfig, layout: Layout, password_algorithm: str, lines: Iterable[csv_rows.Line]) -> Batch:
    """Apply the rules of a row to lines, of which there is at least one."""
    batch = Batch(offset=0, line=0)
    for line in lines:
        batch.offset, batch.line = line.end, line.number
        try:
            text = rows.text_of(line)
            if text:
                user = rows.user_of(pool, layout, password_algorithm, text)
                batch.candidates.append(_candidate(pool, line.number, user))
        except rows.RowError as error:
            batch.failed.append((line.number, str(error)))
        except Exception as error:
            # One row that finds a fault of ours must not hold up all others. Its text stays out of the log.
            log.error("user_import_row_failed", line=line.number, error=type(error).__name__)
            batch.failed.append((line.number, INTERNAL_ERROR))
    return batch


def _candidate(pool: PoolConfig, line: int, user: PoolUser) -> Candidate:
    aliases = {kind: users.alias_key(pool, name) for kind, name in users.active_aliases(pool, user).items()}
    names = {users.alias_key(pool, user.username), *aliases.values()}
    return Candidate(line=line, user=user, aliases=aliases, keys=frozenset(names))


def store(pool: PoolConfig, batch: Batch) -> None:
    """Insert the batch's users, in the running transaction; those who exist are skipped."""
    occupied = import_rows.taken(pool.id, {key for candidate in batch.candidates for key in candidate.keys})
    accepted = []
    for candidate in batch.candidates:
        if occupied.isdisjoint(candidate.keys):
            occupied |= candidate.keys
            accepted.append(candidate)
        else:
            batch.skipped.append(candidate.line)
    if not accepted:
        return
    try:
        with transaction.atomic():
            _insert(pool, accepted)
        batch.imported += len(accepted)
    except (IntegrityError, DataError):
        # Somebody signed up under one of the names meanwhile, or a value does not fit its column.
        for candidate in accepted:
            _store_alone(pool, batch, candidate)


def _insert(pool: PoolConfig, candidates: list[Candidate]) -> None:
    ids = import_rows.insert_users(pool.id, [candidate.user for candidate in candidates])
    aliases = [
        UserAlias(pool_id=pool.id, kind=kind, key=key, user_id=ids[candidate.user.username_key])
        for candidate in candidates
        for kind, key in candidate.aliases.items()
    ]
    if aliases:
        import_rows.insert_aliases(aliases)


def _store_alone(pool: PoolConfig, batch: Batch, candidate: Candidate) -> None:
    try:
        with transaction.atomic():
            _insert(pool, [candidate])
        batch.imported += 1
    except IntegrityError:
        batch.skipped.append(candidate.line)
    except DatabaseError:
        batch.failed.append((candidate.line, INTERNAL_ERROR))
