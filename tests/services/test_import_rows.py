"""The rules of one row of a CSV file."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_app.core.csv_rows import Line
from cognito_app.models import PoolUser, UserPool
from cognito_app.services import config, pool_rules, schema
from cognito_app.services.config import PoolConfig
from cognito_app.services.imports import columns, rows

HASH = "$pbkdf2-sha256$1000$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43
ADDRESS = {"email": "ann@example.com", "email_verified": "true"}
PHONE = {"phone_number": "+12345550100", "phone_number_verified": "true"}


def pool(attributes: list[dict[str, Any]] | None = None, **settings: Any) -> PoolConfig:
    """Return the settings of a pool that is not stored."""
    given = {"AutoVerifiedAttributes": ["email"], **settings}
    row = UserPool(
        id="us-east-1_abcdefghi",
        name="pool",
        configuration=pool_rules.normalize(given, creating=True),
        schema=schema.build(attributes or []),
    )
    return config.build_pool(row, 1)


def imported(of: PoolConfig, /, username: str = "ann", algorithm: str = "", **values: str) -> PoolUser:
    """Return the user that a row makes."""
    names = columns.header(of) + (["password_hash"] if algorithm else [])
    given = {"cognito:username": username, **{name.replace("__", ":"): value for name, value in values.items()}}
    text = ",".join(given.get(name, "") for name in names)
    return rows.user_of(of, columns.layout(of, names, algorithm), algorithm, text)


def reason(of: PoolConfig, /, username: str = "ann", algorithm: str = "", **values: str) -> str:
    """Return why a row is not imported."""
    with pytest.raises(rows.RowError) as caught:
        imported(of, username, algorithm, **values)
    return str(caught.value)


def test_a_row_makes_a_user_who_resets_the_password() -> None:
    user = imported(pool(), **ADDRESS, name="Ann")
    assert (user.username, user.status, user.password_hash, user.enabled) == ("ann", "RESET_REQUIRED", None, True)
    assert user.attributes == {"sub": user.sub, "name": "Ann", "email": "ann@example.com", "email_verified": "true"}
    assert user.email_key == "ann@example.com"


@pytest.mark.parametrize("name", ["a b", "a\tb", "a\u00a0b", "a\u200bb\u2028", "a\x07b"])
def test_a_username_has_no_spaces_or_control_characters(name: str) -> None:
    assert reason(pool(), name, **ADDRESS) == "The username contains a space, a tab or a control character."


def test_a_username_is_there_and_has_128_characters_at_most() -> None:
    assert reason(pool(), "", **ADDRESS) == "The username is missing."
    assert reason(pool(), "a" * 129, **ADDRESS) == "The username is longer than 128 characters."
    assert imported(pool(), "é" * 128, **ADDRESS).username == "é" * 128


def test_a_username_is_no_alias() -> None:
    of = pool(AliasAttributes=["email"])
    assert reason(of, "ann@example.com", **ADDRESS).startswith("Username cannot be of email format")


@pytest.mark.parametrize(
    ("kinds", "name", "wanted"),
    [
        (["email"], "ann", "Username should be an email."),
        (["phone_number"], "ann@example.com", "Username should be a phone number."),
        (["email", "phone_number"], "ann", "Username should be either an email or a phone number."),
    ],
)
def test_a_username_is_an_address_where_the_pool_says_so(kinds: list[str], name: str, wanted: str) -> None:
    of = pool(UsernameAttributes=kinds, AutoVerifiedAttributes=["email", "phone_number"])
    assert reason(of, name, **PHONE) == wanted


def test_a_verified_address_is_not_taken_for_another_one() -> None:
    of = pool(UsernameAttributes=["email"])
    assert reason(of, "bob@example.com", **ADDRESS) == "The username and the email differ."
    user = imported(of, "ann@example.com", email_verified="true")
    assert (user.username, user.attributes["email"]) == (user.sub, "ann@example.com")


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"email": "ann@example.com"},
        {"email": "ann@example.com", "email_verified": "false"},
        PHONE,
    ],
)
def test_an_auto_verified_attribute_is_true(values: dict[str, str]) -> None:
    assert reason(pool(), **values) == (
        "The User Record does not set any of the auto verified attributes to true. (Example: email_verified to true)."
    )


def test_one_of_two_auto_verified_attributes_is_enough() -> None:
    of = pool(AutoVerifiedAttributes=["email", "phone_number"])
    assert imported(of, **PHONE).attributes["phone_number_verified"] == "true"
    assert imported(of, **ADDRESS, phone_number_verified="false").attributes.get("phone_number_verified") is None


def test_a_verified_contact_is_there() -> None:
    assert reason(pool(), email_verified="true") == "Email is required to verify/un-verify an email"
    assert reason(pool(), **ADDRESS, phone_number_verified="TRUE").startswith("Phone Number is required")


@pytest.mark.parametrize("value", ["1985-02-01", "2/1/1985", "02/30/1985", "13/01/1985", "02/01/85", "x"])
def test_a_birthdate_is_month_day_year(value: str) -> None:
    assert reason(pool(), **ADDRESS, birthdate=value) == "The birthdate is not in the format mm/dd/yyyy."


def test_a_birthdate_is_stored_as_the_api_takes_it() -> None:
    assert imported(pool(), **ADDRESS, birthdate="12/31/1985").attributes["birthdate"] == "1985-12-31"


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("updated_at", "yesterday", "updated_at: The attribute value must be a number"),
        ("updated_at", "-1", "updated_at: Number must be no less than 0"),
        ("email", "no address", "Invalid email address format."),
        ("phone_number", "12345", "Invalid phone number format."),
        ("phone_number_verified", "yes", "phone_number_verified: The attribute value must be a boolean"),
        ("name", "x" * 2049, "name: String must be no longer than 2048 characters"),
        ("custom__grade", "7", "custom:grade: Number must be no more than 5"),
    ],
)
def test_values_conform_to_the_schema(name: str, value: str, wanted: str) -> None:
    grade = {"Name": "grade", "AttributeDataType": "Number", "NumberAttributeConstraints": {"MaxValue": "5"}}
    given = reason(pool([grade]), **{**ADDRESS, name: value})
    assert given.removeprefix("Attributes did not conform to the schema: ") == wanted
    assert value not in given or len(value) < 2


def test_required_attributes_are_there() -> None:
    of = pool([{"Name": "given_name", "Required": True}])
    assert reason(of, **ADDRESS) == "Attributes did not conform to the schema: given_name: The attribute is required"
    assert imported(of, **ADDRESS, given_name="Ann").attributes["given_name"] == "Ann"


@pytest.mark.parametrize(
    ("mode", "value", "good"),
    [
        ("OFF", "", True),
        ("OFF", "FALSE", True),
        ("OFF", "true", False),
        ("ON", "", True),
        ("ON", "true", True),
        ("ON", "false", False),
        ("OPTIONAL", "", True),
        ("OPTIONAL", "true", True),
        ("OPTIONAL", "False", True),
        ("OPTIONAL", "maybe", False),
    ],
)
def test_mfa_follows_the_pool(mode: str, value: str, good: bool) -> None:
    of = pool(MfaConfiguration=mode, SmsConfiguration={"SnsCallerArn": "arn:aws:iam::000000000000:role/sms"})
    if good:
        user = imported(of, **ADDRESS, **PHONE, cognito__mfa_enabled=value)
        assert user.mfa == ({"enabled": ["SMS_MFA"]} if (mode, value) == ("OPTIONAL", "true") else {})
    else:
        assert reason(of, **ADDRESS, cognito__mfa_enabled=value).startswith("The value of cognito:mfa_enabled")


def test_a_second_factor_needs_its_contact() -> None:
    of = pool(MfaConfiguration="OPTIONAL", SmsConfiguration={"SnsCallerArn": "arn:aws:iam::000000000000:role/sms"})
    assert reason(of, **ADDRESS, cognito__mfa_enabled="true") == rows.NO_FACTOR


@pytest.mark.parametrize(
    ("factors", "values", "status"),
    [
        (["PASSWORD"], ADDRESS, "RESET_REQUIRED"),
        (["PASSWORD", "EMAIL_OTP"], ADDRESS, "CONFIRMED"),
        (["PASSWORD", "SMS_OTP"], ADDRESS, "RESET_REQUIRED"),
        (["PASSWORD", "SMS_OTP"], {**ADDRESS, **PHONE}, "CONFIRMED"),
    ],
)
def test_users_with_a_one_time_password_need_no_reset(factors: list[str], values: dict[str, str], status: str) -> None:
    of = pool(Policies={"SignInPolicy": {"AllowedFirstAuthFactors": factors}})
    assert imported(of, **values).status == status


def test_users_with_a_password_need_no_reset() -> None:
    user = imported(pool(), "ann", "PBKDF2_SHA256", **ADDRESS, password_hash=HASH)
    assert user.status == "CONFIRMED"
    assert str(user.password_hash).startswith("imported$PBKDF2_SHA256$1000,32$")
    user = imported(pool(), "ann", "PBKDF2_SHA256", **ADDRESS)
    assert (user.status, user.password_hash) == ("RESET_REQUIRED", None)


def test_a_bad_hash_makes_no_user() -> None:
    assert reason(pool(), "ann", "BCRYPT", **ADDRESS, password_hash=HASH).startswith("The password hash is malformed")
    high = HASH.replace("$1000$", "$600001$")
    assert reason(pool(), "ann", "PBKDF2_SHA256", **ADDRESS, password_hash=high).startswith("A parameter of")


def test_a_row_has_as_many_values_as_the_header() -> None:
    of = pool()
    layout = columns.layout(of, columns.header(of), "")
    for text in ("ann", "," * 21, "," * 19):
        with pytest.raises(rows.RowError, match="The number of values does not match the header"):
            rows.user_of(of, layout, "", text)


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"a\xffb", "The row is not in UTF-8 format."),
        (b"a\x00b", "The row contains a null character."),
        ("é".encode() * 16_001, "The row is longer than 16000 characters."),
    ],
)
def test_lines_that_are_no_rows(content: bytes, wanted: str) -> None:
    with pytest.raises(rows.RowError) as caught:
        rows.text_of(Line(2, 0, content, False))
    assert str(caught.value) == wanted


def test_a_row_of_16000_characters_is_one() -> None:
    assert len(rows.text_of(Line(2, 0, "é".encode() * 16_000, False))) == 16_000
    assert rows.text_of(Line(2, 0, b" \t\r", False)) == ""
    with pytest.raises(rows.RowError, match="longer than 16000"):
        rows.text_of(Line(2, 0, b"", True))


@pytest.mark.parametrize("algorithm", ["", "BCRYPT"])
def test_columns_of_a_file(algorithm: str) -> None:
    of = pool()
    names = columns.header(of)
    for hash_column in columns.HASHES:
        given = [*names[::-1], hash_column]
        layout = columns.layout(of, given, algorithm)
        assert given[layout.username] == "cognito:username"
        assert layout.password_hash == (21 if algorithm else None)
    for bad in (
        [*names, "x", "password_hash"],
        [*names, "name", "password_hash"],
        [*names, *columns.HASHES],
        names[:-1],
    ):
        with pytest.raises(columns.HeaderError):
            columns.layout(of, bad, algorithm)


def test_a_file_with_hashes_may_leave_columns_out() -> None:
    of, few = pool(), ["cognito:username", "email", "email_verified", "password_hash"]
    assert columns.layout(of, few, "BCRYPT").mfa_enabled is None
    with pytest.raises(columns.HeaderError, match="does not match"):
        columns.layout(of, few, "")
    with pytest.raises(columns.HeaderError, match="no password_hash column"):
        columns.layout(of, columns.header(of), "BCRYPT")
