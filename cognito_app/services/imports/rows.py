"""The rules of one row: from a line of the file to a user, or to the reason why not.

A reason goes to the job's log and holds nothing of the user.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import regex

from cognito_app.core import csv_rows, imported_hashes
from cognito_app.errors import InvalidParameterException
from cognito_app.models import PoolUser
from cognito_app.services import attributes, new_users, users
from cognito_app.services.attributes import VERIFIED_FLAGS
from cognito_app.services.config import PoolConfig
from cognito_app.services.imports.columns import Layout

LONGEST_USERNAME = 128
NOT_VERIFIED = (
    "The User Record does not set any of the auto verified attributes to true. (Example: email_verified to true)."
)
WRONG_MFA = "The value of cognito:mfa_enabled does not match the MFA setting of the user pool."
NO_FACTOR = "The user has no attribute for the second factor that cognito:mfa_enabled turns on."
SECOND_FACTORS = {"SMS_MFA": "phone_number", "EMAIL_OTP": "email"}
OTP_FACTORS = {"EMAIL_OTP": "email", "SMS_OTP": "phone_number"}

_USERNAME = regex.compile(r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+")


class RowError(Exception):
    """A row that is not imported; the text is the reason in the log."""


def text_of(line: csv_rows.Line) -> str:
    """Return the row in a line, the empty text for a blank one. Raises RowError."""
    try:
        text = "" if line.too_long else line.content.decode().strip()
    except UnicodeDecodeError:
        raise RowError("The row is not in UTF-8 format.") from None
    if line.too_long or len(text) > csv_rows.LONGEST_ROW:
        raise RowError("The row is longer than 16000 characters.")
    if "\x00" in text:
        raise RowError("The row contains a null character.")
    return text


def user_of(pool: PoolConfig, layout: Layout, password_algorithm: str, text: str) -> PoolUser:
    """Return the unsaved user that a row describes. Raises RowError."""
    row = csv_rows.fields(text)
    if len(row) != layout.width:
        raise RowError("The number of values does not match the header.")
    given = {name: row[place] for name, place in layout.attributes if row[place]}
    username = _username(row[layout.username])
    wants_mfa = layout.mfa_enabled is not None and _wants_mfa(pool, row[layout.mfa_enabled])
    try:
        values = _values(pool, username, given)
        user = new_users.build(pool, username, values)
        attributes.require(pool, user.attributes)
    except InvalidParameterException as error:
        raise RowError(" ".join(error.message.split())) from None
    if layout.password_hash is not None and row[layout.password_hash]:
        user.password_hash = _wrapped(password_algorithm, row[layout.password_hash])
    if wants_mfa:
        user.mfa = {"enabled": [_second_factor(pool, user)]}
    user.status = _status(pool, user)
    return user


def _username(name: str) -> str:
    if not name:
        raise RowError("The username is missing.")
    if len(name) > LONGEST_USERNAME:
        raise RowError("The username is longer than 128 characters.")
    if not _USERNAME.fullmatch(name):
        raise RowError("The username contains a space, a tab or a control character.")
    return name


def _wants_mfa(pool: PoolConfig, value: str) -> bool:
    """Whether a second factor is to be turned on: only where the pool leaves it to the user."""
    folded = value.lower()
    if folded not in ("", "true", "false"):
        raise RowError("The value of cognito:mfa_enabled is not true or false.")
    if (pool.mfa_mode == "ON" and folded == "false") or (pool.mfa_mode == "OFF" and folded == "true"):
        raise RowError(WRONG_MFA)
    return pool.mfa_mode == "OPTIONAL" and folded == "true"


def _second_factor(pool: PoolConfig, user: PoolUser) -> str:
    for factor, contact in SECOND_FACTORS.items():
        if factor in pool.mfa_factors and user.attributes.get(contact):
            return factor
    raise RowError(NO_FACTOR)


def _values(pool: PoolConfig, username: str, given: dict[str, str]) -> dict[str, str]:
    if "birthdate" in given:
        given["birthdate"] = _birthdate(given["birthdate"])
    values = attributes.normalized(pool, given)
    contacts = {**values, **_from_username(pool, username, values)}
    for contact, flag in VERIFIED_FLAGS.items():
        if values.get(flag) == "false" and not contacts.get(contact):
            del values[flag], contacts[flag]
    attributes.check_flags(contacts)
    if not any(values.get(VERIFIED_FLAGS[contact]) == "true" for contact in pool.auto_verified):
        raise RowError(NOT_VERIFIED)
    return values


def _from_username(pool: PoolConfig, username: str, values: Mapping[str, str]) -> dict[str, str]:
    """In a pool with username attributes the name is the contact: a second one must not pass for verified."""
    kind = users.contact_kind(username)
    if kind is None or kind not in pool.username_attributes:
        return {}
    if kind in values and pool.fold(values[kind]) != pool.fold(username):
        raise RowError(f"The username and the {kind} differ.")
    return {kind: username}


def _birthdate(value: str) -> str:
    month, _, rest = value.partition("/")
    day, _, year = rest.partition("/")
    if [len(part) for part in (month, day, year)] == [2, 2, 4] and (month + day + year).isdecimal():
        try:
            return date(int(year), int(month), int(day)).isoformat()
        except ValueError:
            pass
    raise RowError("The birthdate is not in the format mm/dd/yyyy.")


def _wrapped(algorithm: str, text: str) -> str:
    try:
        return imported_hashes.wrap(algorithm, text)
    except imported_hashes.HashError as error:
        raise RowError(str(error)) from None


def _status(pool: PoolConfig, user: PoolUser) -> str:
    """Users who can sign in by a password of old or a one-time password need no new password."""
    by_otp = any(factor in pool.first_factors and user.attributes.get(name) for factor, name in OTP_FACTORS.items())
    return PoolUser.Status.CONFIRMED if user.password_hash or by_otp else PoolUser.Status.RESET_REQUIRED
