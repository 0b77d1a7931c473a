"""Rules for the values of user attributes: schema, formats, who may write what.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from cognito_app.errors import InvalidParameterException, NotAuthorizedException
from cognito_app.services.config import AttributeRule, ClientConfig, PoolConfig
from cognito_app.services.schema import IDENTITIES

VERIFIED_FLAGS = {"email": "email_verified", "phone_number": "phone_number_verified"}
CONTACTS = ("phone_number", "email")
NOT_WRITABLE = frozenset({"sub", IDENTITIES, *VERIFIED_FLAGS.values()})
MAX_LENGTH = 2048
LONGEST_USERNAME = 128

_EMAIL = re.compile(r"[^\s@\x00-\x1f\"(),:;<>\[\\\]]+@[^\s@.\x00-\x1f]+(\.[^\s@.\x00-\x1f]+)*")
_PHONE = re.compile(r"\+[1-9][0-9]{4,14}")
_BIRTHDATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def is_email(text: str) -> bool:
    """Whether the text has the form of an e-mail address."""
    return len(text) <= MAX_LENGTH and _EMAIL.fullmatch(text) is not None


def is_phone_number(text: str) -> bool:
    """Whether the text is a telephone number in E.164 form."""
    return _PHONE.fullmatch(text) is not None


def from_wire(items: list[dict[str, str]] | None) -> dict[str, str]:
    """Turn a list of Name and Value pairs into a dict; a missing value is the empty text, the last of a name wins."""
    return {item["Name"]: item.get("Value", "") for item in items or []}


def to_wire(attributes: Mapping[str, str]) -> list[dict[str, str]]:
    """Turn stored attributes into Name and Value pairs, ``sub`` first."""
    first = [{"Name": "sub", "Value": attributes["sub"]}] if "sub" in attributes else []
    return first + [{"Name": name, "Value": value} for name, value in attributes.items() if name != "sub"]


def with_flags(attributes: Mapping[str, str]) -> dict[str, str]:
    """Return attributes in which every contact says whether it is verified."""
    flags = {flag: "false" for contact, flag in VERIFIED_FLAGS.items() if attributes.get(contact)}
    return {**flags, **attributes}


def normalized(pool: PoolConfig, given: Mapping[str, str]) -> dict[str, str]:
    """Check values against the pool's schema and return them in stored form (booleans as ``true`` and ``false``).

    An empty value means that the attribute is to be removed. Raises InvalidParameterException.
    """
    result = {}
    for name, value in given.items():
        rule = pool.attributes.get(name)
        if rule is None:
            raise InvalidParameterException(
                f"Attributes did not conform to the schema: {name}: Attribute does not exist in the schema.\n"
            )
        if name == IDENTITIES:
            raise _refused(name, "The attribute cannot be set directly")
        result[name] = _checked(rule, value)
    return result


def _checked(rule: AttributeRule, value: str) -> str:
    if value == "":
        return value
    if rule.name == "email" and not is_email(value):
        raise InvalidParameterException("Invalid email address format.")
    if rule.name == "phone_number" and not is_phone_number(value):
        raise InvalidParameterException("Invalid phone number format.")
    if rule.name == "birthdate" and not _BIRTHDATE.fullmatch(value):
        raise _refused(rule.name, "Invalid birthdate format, should be: YYYY-MM-DD")
    if rule.type == "Boolean":
        return _boolean(rule.name, value)
    if rule.type == "Number":
        return _number(rule, value)
    if rule.minimum is not None and len(value) < rule.minimum:
        raise _refused(rule.name, f"String must be at least {int(rule.minimum)} characters long")
    if len(value) > (MAX_LENGTH if rule.maximum is None else rule.maximum):
        raise _refused(rule.name, f"String must be no longer than {int(rule.maximum or MAX_LENGTH)} characters")
    return value


def _boolean(name: str, value: str) -> str:
    if value.lower() not in {"true", "false"}:
        raise _refused(name, "The attribute value must be a boolean")
    return value.lower()


def _number(rule: AttributeRule, value: str) -> str:
    if not _NUMBER.fullmatch(value) or len(value) > MAX_LENGTH:
        raise _refused(rule.name, "The attribute value must be a number")
    if rule.minimum is not None and float(value) < rule.minimum:
        raise _refused(rule.name, f"Number must be no less than {_plain(rule.minimum)}")
    if rule.maximum is not None and float(value) > rule.maximum:
        raise _refused(rule.name, f"Number must be no more than {_plain(rule.maximum)}")
    return value


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def _refused(name: str, reason: str) -> InvalidParameterException:
    return InvalidParameterException(f"Attributes did not conform to the schema: {name}: {reason}")


def require(pool: PoolConfig, present: Mapping[str, str]) -> None:
    """Check that every required attribute has a value. Raises InvalidParameterException naming all that lack one."""
    lines = [f"{name}: The attribute is required\n" for name in missing(pool, present)]
    if lines:
        raise InvalidParameterException("Attributes did not conform to the schema: " + " ".join(lines))


def missing(pool: PoolConfig, present: Mapping[str, str]) -> list[str]:
    """Return the names of the required attributes that have no value."""
    rules = pool.attributes.values()
    return [rule.name for rule in rules if rule.required and rule.name != "sub" and not present.get(rule.name)]


def check_user_may_write(pool: PoolConfig, client: ClientConfig, names: list[str]) -> None:
    """Check what a user writes through a client, at sign-up or later.

    Raises NotAuthorizedException for an attribute outside of the client's write list, a verified flag, ``sub``,
    ``identities`` or a developer-only attribute.
    """
    for name in names:
        rule = pool.attributes.get(name)
        if rule is None:
            continue  # the schema check names it
        if name in NOT_WRITABLE or rule.developer_only or not is_writable(client, rule):
            raise NotAuthorizedException("A client attempted to write unauthorized attribute")


def is_writable(client: ClientConfig, rule: AttributeRule) -> bool:
    """Whether an attribute is in a client's write list; one that names none writes the standard attributes."""
    return not rule.is_custom if client.writable is None else rule.name in client.writable


def may_read(client: ClientConfig, rule: AttributeRule) -> bool:
    """Whether a client's users see an attribute in GetUser, ID tokens and userInfo."""
    if rule.developer_only:
        return False
    if rule.name == "sub":
        return True
    return not rule.is_custom if client.readable is None else rule.name in client.readable


def readable(pool: PoolConfig, client: ClientConfig, attributes: Mapping[str, str]) -> dict[str, str]:
    """Return those of a user's attributes that a client may read, in the schema's order of storage."""
    rules = pool.attributes
    return {name: value for name, value in attributes.items() if name in rules and may_read(client, rules[name])}


def check_mutable(pool: PoolConfig, current: Mapping[str, str], changes: Mapping[str, str]) -> None:
    """Refuse a change of an immutable attribute that has a value. Raises InvalidParameterException."""
    for name in changes:
        rule = pool.attributes.get(name)
        if name == IDENTITIES:
            raise _refused(name, "The attribute cannot be set directly")
        if rule is not None and not rule.mutable and (name == "sub" or current.get(name) != changes[name]):
            raise InvalidParameterException(
                f"user.{name}: Attribute cannot be updated. (changing an immutable attribute)\n"
            )


def check_flags(attributes: Mapping[str, str]) -> None:
    """Refuse a verified flag without the contact that it speaks of. Raises InvalidParameterException."""
    if "email_verified" in attributes and not attributes.get("email"):
        raise InvalidParameterException("Email is required to verify/un-verify an email")
    if "phone_number_verified" in attributes and not attributes.get("phone_number"):
        raise InvalidParameterException("Phone Number is required to verify/un-verify a phone number")
