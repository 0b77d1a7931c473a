"""Setting passwords: the policy, the hash, the sealed SRP verifier, the end of older sessions.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cognito_app.core import clock, imported_hashes, keyring, passwords, secrets, srp
from cognito_app.errors import InvalidPasswordException, TooManyRequestsException
from cognito_app.models import PoolUser
from cognito_app.services.config import PoolConfig

SYMBOLS = frozenset("^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+-")
LONGEST = 256


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password made ready to be stored; making it is slow, so it is done before the transaction opens."""

    password_hash: str = field(repr=False)
    srp_verifier: bytes = field(repr=False)
    temporary_until: datetime | None

    def put_on(self, user: PoolUser) -> None:
        """Set the user's password fields (does not save)."""
        user.password_hash = self.password_hash
        user.srp_verifier = self.srp_verifier
        user.temporary_password_expires_at = self.temporary_until


def check_policy(pool: PoolConfig, password: str, *, prefix: str = "Password does not conform to policy: ") -> None:
    """Check a new password against the pool's policy; the first failure is reported.

    Raises InvalidPasswordException.
    """
    policy = pool.password_policy
    failures = (
        (len(password) < policy.minimum_length, "Password not long enough"),
        (
            policy.uppercase and not any("A" <= char <= "Z" for char in password),
            "Password must have uppercase characters",
        ),
        (
            policy.lowercase and not any("a" <= char <= "z" for char in password),
            "Password must have lowercase characters",
        ),
        (policy.numbers and not any("0" <= char <= "9" for char in password), "Password must have numeric characters"),
        (policy.symbols and not _has_symbol(password), "Password must have symbol characters"),
        (len(password) > LONGEST, "Password too long"),
    )
    for failed, reason in failures:
        if failed:
            raise InvalidPasswordException(prefix + reason)


def _has_symbol(password: str) -> bool:
    return any(char in SYMBOLS for char in password) or " " in password.strip(" ")


def prepare(pool: PoolConfig, username: str, password: str, *, temporary: bool = False) -> NewPassword:
    """Hash a password and make its SRP verifier for the internal username that SRP clients hash.

    Raises TooManyRequestsException when too many hashes wait already.
    """
    until = clock.now() + timedelta(days=pool.password_policy.temporary_days) if temporary else None
    return NewPassword(
        password_hash=passwords.hash_password(password),
        srp_verifier=seal_verifier(pool, username, password),
        temporary_until=until,
    )


def adopt_imported(pool: PoolConfig, user: PoolUser, password: str) -> None:
    """Replace a hash that was made elsewhere by ours, and make the SRP verifier, from a password that was right."""
    if not imported_hashes.is_wrapped(user.password_hash):
        return
    try:
        new = prepare(pool, user.username, password)
    except TooManyRequestsException:
        return  # the next sign-in does it
    unchanged = PoolUser.objects.filter(pk=user.pk, password_hash=user.password_hash)
    if unchanged.update(password_hash=new.password_hash, srp_verifier=new.srp_verifier):
        new.put_on(user)


def generate_temporary(pool: PoolConfig) -> str:
    """Make a random password that satisfies the policy."""
    policy = pool.password_policy
    return secrets.temporary_password(
        minimum_length=policy.minimum_length,
        uppercase=policy.uppercase,
        lowercase=policy.lowercase,
        numbers=policy.numbers,
        symbols=policy.symbols,
    )


def seal_verifier(pool: PoolConfig, username: str, password: str) -> bytes:
    """Make a new salt and SRP verifier, sealed for this user."""
    verifier = srp.make_verifier(pool.srp_name, username, password)
    return keyring.seal(verifier.to_bytes(), aad=_context(pool.id, username))


def open_verifier(pool: PoolConfig, user: PoolUser) -> srp.Verifier | None:
    """Return the user's salt and SRP verifier, or None for a user without a password."""
    if user.srp_verifier is None:
        return None
    return srp.Verifier.from_bytes(keyring.unseal(bytes(user.srp_verifier), aad=_context(pool.id, user.username)))


def _context(pool_id: str, username: str) -> bytes:
    return f"srp:{pool_id}:{username}".encode("utf-8", "surrogatepass")
