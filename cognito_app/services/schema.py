"""The attributes of a pool: the standard ones, and what operators change or add.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cognito_app.errors import InvalidParameterException

STANDARD = (
    "sub",
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "email",
    "email_verified",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone_number",
    "phone_number_verified",
    "address",
    "updated_at",
)
TYPES = ("String", "Number", "DateTime", "Boolean")
MAX_CUSTOM = 50
MAX_NAME = 20
LONGEST = 2048
IDENTITIES = "identities"


def _standard(name: str) -> dict[str, Any]:
    attribute: dict[str, Any] = {
        "Name": name,
        "AttributeDataType": "String",
        "DeveloperOnlyAttribute": False,
        "Mutable": name != "sub",
        "Required": name == "sub",
    }
    if name in ("email_verified", "phone_number_verified"):
        attribute["AttributeDataType"] = "Boolean"
    elif name == "updated_at":
        attribute["AttributeDataType"] = "Number"
        attribute["NumberAttributeConstraints"] = {"MinValue": "0"}
    else:
        low, high = {"sub": ("1", "2048"), "birthdate": ("10", "10")}.get(name, ("0", "2048"))
        attribute["StringAttributeConstraints"] = {"MinLength": low, "MaxLength": high}
    return attribute


def build(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the schema of a new pool: the standard attributes with the overrides in ``given``, then custom ones.

    Raises InvalidParameterException.
    """
    overrides = {item.get("Name"): item for item in given if item.get("Name") in STANDARD}
    schema = [
        _override(_standard(name), overrides[name]) if name in overrides else _standard(name) for name in STANDARD
    ]
    return extend(schema, [item for item in given if item.get("Name") not in STANDARD])


def _override(attribute: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    name = attribute["Name"]
    kind = given.get("AttributeDataType", attribute["AttributeDataType"])
    if kind != attribute["AttributeDataType"] or given.get("DeveloperOnlyAttribute"):
        raise InvalidParameterException(
            f"You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute {name}"
        )
    for member in ("Required", "Mutable"):
        if given.get(member) is not None:
            attribute[member] = given[member]
    for member in ("StringAttributeConstraints", "NumberAttributeConstraints"):
        if given.get(member) is not None:
            attribute[member] = _constraints(name, member, {**attribute.get(member, {}), **given[member]})
    return attribute


def extend(schema: list[dict[str, Any]], given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the schema with custom attributes added.

    Raises InvalidParameterException.
    """
    names = {item["Name"] for item in schema}
    result = list(schema)
    for item in given:
        attribute = _custom(item)
        if attribute["Name"] in names:
            name = attribute["Name"]
            raise InvalidParameterException(f"{name}: Existing attribute already has name {name}.")
        names.add(attribute["Name"])
        result.append(attribute)
    if sum(1 for item in result if item["Name"] not in (*STANDARD, IDENTITIES)) > MAX_CUSTOM:
        raise InvalidParameterException(f"A user pool can have at most {MAX_CUSTOM} custom attributes.")
    return result


def with_identities(schema: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the schema with the attribute that lists a user's identities at providers, behind the standard ones."""
    if any(item["Name"] == IDENTITIES for item in schema):
        return schema
    attribute = {
        "Name": IDENTITIES,
        "AttributeDataType": "String",
        "DeveloperOnlyAttribute": False,
        "Mutable": True,
        "Required": False,
        "StringAttributeConstraints": {},
    }
    position = sum(1 for item in schema if item["Name"] in STANDARD)
    return [*schema[:position], attribute, *schema[position:]]


def _custom(given: Mapping[str, Any]) -> dict[str, Any]:
    plain = given.get("Name")
    if not plain:
        raise InvalidParameterException("The attribute name is required.")
    plain = plain.removeprefix("custom:")
    if len(plain) > MAX_NAME:
        raise InvalidParameterException(f"custom:{plain}: Attribute name cannot have more than {MAX_NAME} characters.")
    if given.get("Required"):
        raise InvalidParameterException("Required custom attributes are not supported currently.")
    kind = given.get("AttributeDataType", "String")
    if kind not in TYPES:
        raise InvalidParameterException(
            "Invalid AttributeDataType input, consider using the provided AttributeDataType enum."
        )
    developer_only = bool(given.get("DeveloperOnlyAttribute"))
    name = f"dev:custom:{plain}" if developer_only else f"custom:{plain}"
    attribute: dict[str, Any] = {
        "Name": name,
        "AttributeDataType": kind,
        "DeveloperOnlyAttribute": developer_only,
        "Mutable": given.get("Mutable", True),
        "Required": False,
    }
    member = {"String": "StringAttributeConstraints", "Number": "NumberAttributeConstraints"}.get(kind)
    if member:
        attribute[member] = _constraints(name, member, given.get(member) or {})
    return attribute


def _constraints(name: str, member: str, given: Mapping[str, str]) -> dict[str, str]:
    low_name, high_name = (
        ("MinLength", "MaxLength") if member == "StringAttributeConstraints" else ("MinValue", "MaxValue")
    )
    try:
        low = int(given[low_name]) if low_name in given else None
        high = int(given[high_name]) if high_name in given else None
    except ValueError:
        raise InvalidParameterException(f"Invalid {member} for schema attribute {name}") from None
    if member == "StringAttributeConstraints" and ((low or 0) < 0 or (high or 0) > LONGEST or (low or 0) > LONGEST):
        raise InvalidParameterException(f"user.{name}: String attributes cannot have a length of more than {LONGEST}")
    if low is not None and high is not None and high < low:
        text = (
            "Max length cannot be less than min length."
            if low_name == "MinLength"
            else "Max value cannot be less than min value."
        )
        raise InvalidParameterException(f"user.{name}: {text}")
    return dict(given)
