"""Codes for the custom senders: encrypted here, opened by the AWS Encryption SDK as a sender's function would."""

from __future__ import annotations

import base64
from typing import Any

import aws_encryption_sdk as sdk
import pytest
from aws_encryption_sdk.key_providers.kms import KMSMasterKey, KMSMasterKeyConfig

from cognito_app.services import access_keys
from cognito_app.services.actor import SYSTEM
from cognito_app.triggers import sender_codes
from tests.clients import boto
from tests.conftest import refused

pytestmark = pytest.mark.django_db

KEY = "arn:aws:kms:us-east-1:000000000000:key/0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
POLICIES = list(sdk.CommitmentPolicy)


@pytest.fixture
def kms(admin_key: tuple[str, str]) -> Any:
    """A KMS client."""
    return boto.client("kms", admin_key)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_function_opens_the_code_under_every_commitment_policy(kms: Any, policy: Any) -> None:
    message = base64.b64decode(sender_codes.encrypt("123456", KEY, "us-east-1_AbCdEf123", "CustomEmailSender"))
    client = sdk.EncryptionSDKClient(commitment_policy=policy)
    plain, header = client.decrypt(
        source=message, key_provider=KMSMasterKey(config=KMSMasterKeyConfig(key_id=KEY, client=kms))
    )
    assert plain == b"123456"
    assert header.encryption_context["userpool-id"] == "us-east-1_AbCdEf123"


def test_a_data_key_opens_only_in_its_context(kms: Any) -> None:
    made = kms.generate_data_key(KeyId=KEY, KeySpec="AES_256", EncryptionContext={"a": "1"})
    opened = kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext={"a": "1"})
    assert (opened["Plaintext"], opened["KeyId"]) == (made["Plaintext"], KEY)
    with refused("InvalidCiphertextException"):
        kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext={"a": "2"})
    altered = made["CiphertextBlob"][:-1] + bytes([made["CiphertextBlob"][-1] ^ 1])
    with refused("InvalidCiphertextException"):
        kms.decrypt(CiphertextBlob=altered, EncryptionContext={"a": "1"})
    with refused("IncorrectKeyException"):
        kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext={"a": "1"}, KeyId=KEY[:-1] + "e")


def test_texts_are_encrypted_and_opened(kms: Any) -> None:
    sealed = kms.encrypt(KeyId=KEY, Plaintext=b"secret")
    assert b"secret" not in sealed["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"], KeyId=KEY)["Plaintext"] == b"secret"


def test_keys_of_other_accounts_are_not_here(kms: Any) -> None:
    with refused("NotFoundException"):
        kms.generate_data_key(KeyId=KEY.replace("000000000000", "111111111111"), KeySpec="AES_256")
    with refused("ValidationException"):
        kms.generate_data_key(KeyId=KEY)


def test_a_key_opens_for_those_whom_a_policy_allows(kms: Any) -> None:
    sealed = kms.encrypt(KeyId=KEY, Plaintext=b"secret")["CiphertextBlob"]
    document = {"Statement": [{"Effect": "Allow", "Action": "kms:Encrypt", "Resource": KEY}]}
    row, secret = access_keys.create(SYSTEM, user_name="sealer", document=document)
    sealer = boto.client("kms", (row.id, secret))
    assert sealer.encrypt(KeyId=KEY, Plaintext=b"x")["KeyId"] == KEY
    with refused("AccessDeniedException"):
        sealer.decrypt(CiphertextBlob=sealed, KeyId=KEY)
