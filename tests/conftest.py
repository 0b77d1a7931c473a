"""What every test starts from: an administrator's clients, a pool, an app client, an inbox."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from pytest_django import Settings

from cognito_app.aws import model
from cognito_app.core import jose, passwords
from cognito_app.services import access_keys, identity_tokens, issuer_keys, keys
from cognito_app.services.actor import SYSTEM
from tests.clients import boto

PASSWORD = "Correct-Horse-9!"


# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/CommonErrors.html and identity pools'.
COMMON_ERRORS = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "SerializationException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
        "ValidationError",
        "ValidationException",
    }
)


def listed_errors(operation: str) -> frozenset[str]:
    """Return the errors that the models list for an operation."""
    services = [model.service(name) for name in ("cognito-idp", "cognito-identity", "sts", "kms")]
    found = [s.operations[operation].errors for s in services if operation in s.operations]
    # IAM has operations of the same names as user pools (CreateGroup, GetUser).
    return frozenset().union(*(found or [model.service("iam").operations[operation].errors]))


@contextmanager
def refused(code: str, message: str | None = None) -> Iterator[None]:
    """Expect AWS's error with this code and, if given, exactly this message; it must be one that the model lists."""
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    assert code in COMMON_ERRORS | listed_errors(caught.value.operation_name), (caught.value.operation_name, error)
    if message is not None:
        assert error["Message"] == message


class Inbox:
    """The messages that were sent during a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def messages(self, to: str) -> list[str]:
        """Return the messages to an address, oldest first."""
        texts = [path.read_text() for path in sorted(self.folder.glob("*.log"))]
        return [text for text in texts if f"To: {to}\n" in text]

    def code(self, to: str) -> str:
        """Return the code in the last message to an address."""
        found = re.findall(r"code is (\d{6,8})", self.messages(to)[-1])
        return str(found[-1])


@pytest.fixture(autouse=True)
def _fresh_memory() -> Iterator[None]:
    """Keys of rows that a test rolled back must not live on in this process."""
    yield
    keys.forget()
    identity_tokens.forget()
    issuer_keys.forget()


_make_key = jose.generate_private_key
_keys: list[RSAPrivateKey] = []
_turn = count()
DIFFERENT_KEYS = 64
"""More than the pools, providers and issuers of any test that compares keys."""


def _next_key() -> RSAPrivateKey:
    number = next(_turn)
    if number < DIFFERENT_KEYS:
        _keys.append(_make_key())
    return _keys[number % DIFFERENT_KEYS]


@pytest.fixture(autouse=True)
def _keys_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making a key of RSA takes longer than most tests: real keys, each used again when 64 others were."""
    monkeypatch.setattr(jose, "generate_private_key", _next_key)


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes of passwords that take no time, for tests with hundreds of sign-ins."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


@pytest.fixture
def inbox(tmp_path: Path, settings: Settings) -> Inbox:
    """Send messages to a folder of the test."""
    folder = tmp_path / "outbox"
    settings.COGNITO = {**settings.COGNITO, "OUTBOX_DIR": str(folder)}
    return Inbox(folder)


@pytest.fixture
def admin_key(db: None) -> tuple[str, str]:
    """An administrator's access key."""
    row, secret = access_keys.create(SYSTEM, user_name="admin", document=access_keys.ADMINISTRATOR)
    return row.id, secret


@pytest.fixture
def idp(admin_key: tuple[str, str]) -> Any:
    """A cognito-idp client with an administrator's key."""
    return boto.client("cognito-idp", admin_key)


@pytest.fixture
def identity(admin_key: tuple[str, str]) -> Any:
    """A cognito-identity client with an administrator's key."""
    return boto.client("cognito-identity", admin_key)


@dataclass
class App:
    """A pool with an app client, and what apps do with it."""

    idp: Any
    pool_id: str
    client_id: str
    inbox: Inbox

    def sign_up(self, name: str = "ann", password: str = PASSWORD, **attributes: str) -> str:
        """Register and confirm a user; returns the e-mail address."""
        email = attributes.setdefault("email", f"{name}@example.com")
        given = [{"Name": key, "Value": value} for key, value in attributes.items()]
        self.idp.sign_up(ClientId=self.client_id, Username=name, Password=password, UserAttributes=given)
        self.idp.confirm_sign_up(ClientId=self.client_id, Username=name, ConfirmationCode=self.inbox.code(email))
        return email

    def start(self, name: str = "ann", password: str = PASSWORD, client_id: str | None = None) -> Any:
        """Begin a sign-in by password."""
        return self.idp.initiate_auth(
            ClientId=client_id or self.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": password},
        )

    def sign_in(self, name: str = "ann", password: str = PASSWORD, client_id: str | None = None) -> Any:
        """Sign in by password; returns the tokens."""
        return self.start(name, password, client_id)["AuthenticationResult"]

    def client(self, **settings: Any) -> Any:
        """Create another app client."""
        given = {"ExplicitAuthFlows": FLOWS, "ClientName": "app", **settings}
        return self.idp.create_user_pool_client(UserPoolId=self.pool_id, **given)["UserPoolClient"]


FLOWS = [
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH",
]


def make_app(idp: Any, inbox: Inbox, **settings: Any) -> App:
    """Create a pool and an app client."""
    given = {"PoolName": "pool", "AutoVerifiedAttributes": ["email"], **settings}
    pool = idp.create_user_pool(**given)["UserPool"]
    client = idp.create_user_pool_client(UserPoolId=pool["Id"], ClientName="app", ExplicitAuthFlows=FLOWS)
    return App(idp=idp, pool_id=pool["Id"], client_id=client["UserPoolClient"]["ClientId"], inbox=inbox)


@pytest.fixture
def app(idp: Any, inbox: Inbox) -> App:
    """A pool that verifies e-mail addresses, and a public client."""
    return make_app(idp, inbox)
