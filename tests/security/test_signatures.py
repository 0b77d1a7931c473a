"""T18: what is signed cannot be changed, moved or used later; in JSON services and in those of the query protocol."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
import time_machine
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from django.test import Client
from pytest_django import Settings

from cognito_app.core import clock
from cognito_app.services import access_keys
from cognito_app.services.actor import SYSTEM
from tests.clients import boto

pytestmark = pytest.mark.django_db

JSON, QUERY = "json", "query"
MISMATCH = {JSON: "InvalidSignatureException", QUERY: "SignatureDoesNotMatch"}
INCOMPLETE = {JSON: "IncompleteSignatureException", QUERY: "IncompleteSignature"}
MISSING = {JSON: "MissingAuthenticationTokenException", QUERY: "MissingAuthenticationToken"}
UNKNOWN = {JSON: "UnrecognizedClientException", QUERY: "InvalidClientTokenId"}
EXPIRED = {JSON: "ExpiredTokenException", QUERY: "ExpiredToken"}
Keys = tuple[str, ...]


@dataclass
class Signed:
    """A request that botocore signed, ready to be tampered with."""

    body: bytes
    headers: dict[str, str]
    method: str = "POST"
    query: str = ""

    def send(self) -> str:
        """Send it; returns the error's name, or nothing."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        content_type = headers.pop("content-type", "")
        headers.pop("content-length", None)
        meta: dict[str, Any] = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        meta.setdefault("HTTP_HOST", "localhost:8000")
        path = "/" + (f"?{self.query}" if self.query else "")
        answer = Client().generic(self.method, path, self.body, content_type=content_type, **meta)
        if answer.status_code == 200:
            return ""
        assert answer.status_code in (400, 403), answer.content
        if b"<Code>" in answer.content:
            found = re.search(rb"<Code>(\w+)</Code>", answer.content)
            return found.group(1).decode() if found else "?"
        return str(orjson.loads(answer.content)["__type"])

    def with_header(self, name: str, value: str | None) -> Signed:
        """Return a copy with a header changed, added or (None) removed."""
        headers = {key: held for key, held in self.headers.items() if key.lower() != name.lower()}
        return replace(self, headers=headers if value is None else {**headers, name: value})

    def in_authorization(self, old: str, new: str) -> Signed:
        """Return a copy with a changed Authorization header."""
        changed = re.sub(old, new, self.headers["Authorization"])
        assert changed != self.headers["Authorization"]
        return self.with_header("Authorization", changed)


def unsigned(protocol: str) -> AWSRequest:
    """Return a request for something harmless."""
    if protocol == JSON:
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "AWSCognitoIdentityProviderService.ListUserPools",
        }
        return AWSRequest("POST", "http://localhost:8000/", headers=headers, data=b'{"MaxResults":1}')
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    return AWSRequest("POST", "http://localhost:8000/", headers=form, data=body)


def sign(protocol: str, keys: Keys, *, region: str = "us-east-1", service: str | None = None, **headers: str) -> Signed:
    """Return a signed request; further headers are signed too."""
    request = unsigned(protocol)
    for name, value in headers.items():
        request.headers[name.replace("_", "-")] = value
    named = service or ("cognito-idp" if protocol == JSON else "sts")
    SigV4Auth(Credentials(*keys), named, region).add_auth(request)
    assert isinstance(request.data, bytes)
    return Signed(body=request.data, headers=dict(request.headers.items()))


def presign(keys: Keys, seconds: int = 60) -> Signed:
    """Return a request with its signature in the query string."""
    request = AWSRequest("GET", "http://localhost:8000/?Action=GetCallerIdentity&Version=2011-06-15")
    SigV4QueryAuth(Credentials(*keys), "sts", "us-east-1", expires=seconds).add_auth(request)
    return Signed(body=b"", headers={}, method="GET", query=str(request.url).partition("?")[2])


def session_of(keys: Keys) -> Keys:
    """Return temporary credentials."""
    found = boto.client("sts", (keys[0], keys[1])).get_session_token(DurationSeconds=900)["Credentials"]
    return found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]


Tamper = Callable[[Signed], Signed]
HEX = "0" * 64

TAMPERED: list[tuple[str, Tamper, dict[str, str]]] = [
    ("another body", lambda r: replace(r, body=_changed(r.body)), MISMATCH),
    ("a longer body", lambda r: replace(r, body=r.body + (b" " if r.body[:1] == b"{" else b"&a=b")), MISMATCH),
    ("a query", lambda r: replace(r, query="a=b"), MISMATCH),
    ("another host", lambda r: r.with_header("Host", "localhost:8001"), MISMATCH),
    ("a later date", lambda r: r.with_header("X-Amz-Date", f"{clock.now():%Y%m%d}T000000Z"), MISMATCH),
    ("no date", lambda r: r.with_header("X-Amz-Date", None), INCOMPLETE),
    ("a date that is none", lambda r: r.with_header("X-Amz-Date", "today"), INCOMPLETE),
    ("a date of another day", lambda r: r.with_header("X-Amz-Date", "20200101T000000Z"), MISMATCH),
    ("another region in the scope", lambda r: r.in_authorization("us-east-1", "eu-west-1"), MISMATCH),
    ("another service in the scope", lambda r: r.in_authorization("/(sts|cognito-idp)/", "/kms/"), MISMATCH),
    ("another end of the scope", lambda r: r.in_authorization("aws4_request", "aws5_request"), INCOMPLETE),
    ("a scope too short", lambda r: r.in_authorization("/us-east-1", ""), INCOMPLETE),
    ("an unknown key", lambda r: r.in_authorization("Credential=[A-Z0-9]+", "Credential=AKIA" + "A" * 16), UNKNOWN),
    ("a key that is none", lambda r: r.in_authorization("Credential=[A-Z0-9]+", "Credential=%00'--"), UNKNOWN),
    ("a signature of zeros", lambda r: r.in_authorization("Signature=.*", f"Signature={HEX}"), MISMATCH),
    ("half a signature", lambda r: r.in_authorization("(Signature=.{32}).*", r"\1"), MISMATCH),
    ("a signature in capitals", lambda r: r.with_header("Authorization", _capitals(r)), MISMATCH),
    ("a signature that is no text", lambda r: r.in_authorization("Signature=.*", "Signature=\xe9" + HEX[1:]), MISMATCH),
    ("no signature", lambda r: r.in_authorization(", Signature=.*", ""), INCOMPLETE),
    ("no signed headers", lambda r: r.in_authorization("SignedHeaders=[^,]*, ", ""), INCOMPLETE),
    ("no credential", lambda r: r.in_authorization("Credential=[^,]*, ", ""), INCOMPLETE),
    ("another algorithm", lambda r: r.in_authorization("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"), INCOMPLETE),
    ("nothing at all", lambda r: r.with_header("Authorization", None), MISSING),
    ("a host that is not signed", lambda r: r.in_authorization("host;", ""), MISMATCH),
    ("a header less in the list", lambda r: r.in_authorization(";x-amz-date", ""), MISMATCH),
    ("an unsigned header of AWS", lambda r: r.with_header("X-Amz-Extra", "1"), MISMATCH),
    ("an unsigned session token", lambda r: r.with_header("X-Amz-Security-Token", "x"), MISMATCH),
    ("a hash of another body", lambda r: r.with_header("X-Amz-Content-Sha256", HEX), MISMATCH),
]


def _changed(body: bytes) -> bytes:
    return body.replace(b":1", b":2").replace(b"GetCallerIdentity", b"GetSessionToken")


def _capitals(request: Signed) -> str:
    head, _, signature = request.headers["Authorization"].rpartition("=")
    return f"{head}={signature.upper()}"


@pytest.mark.parametrize("protocol", [JSON, QUERY])
def test_what_botocore_signs_is_taken(admin_key: Keys, protocol: str) -> None:
    assert sign(protocol, admin_key).send() == ""
    assert sign(protocol, session_of(admin_key)).send() == ""
    assert sign(protocol, admin_key, X_Amz_Extra="  two   spaces ").send() == ""
    for minutes in (-4, 4):
        with time_machine.travel(clock.now() + timedelta(minutes=minutes)):
            request = sign(protocol, admin_key)
        assert request.send() == ""


@pytest.mark.parametrize("protocol", [JSON, QUERY])
@pytest.mark.parametrize(("change", "expected"), [case[1:] for case in TAMPERED], ids=[case[0] for case in TAMPERED])
def test_a_tampered_request_is_refused(
    admin_key: Keys, protocol: str, change: Tamper, expected: dict[str, str]
) -> None:
    request = sign(protocol, admin_key)
    assert change(request).send() == expected[protocol]
    assert request.send() == ""


@pytest.mark.parametrize("protocol", [JSON, QUERY])
@pytest.mark.parametrize("minutes", [-16, 16, -6, 6, -60 * 24, 60 * 24 * 365])
def test_a_signature_is_good_for_five_minutes(admin_key: Keys, protocol: str, minutes: int) -> None:
    with time_machine.travel(clock.now() + timedelta(minutes=minutes)):
        request = sign(protocol, admin_key)
    assert request.send() == MISMATCH[protocol]


@pytest.mark.parametrize("protocol", [JSON, QUERY])
def test_a_recorded_request_cannot_be_sent_again_later(admin_key: Keys, protocol: str) -> None:
    request = sign(protocol, admin_key)
    assert request.send() == ""
    with time_machine.travel(clock.now() + timedelta(minutes=16)):
        assert request.send() == MISMATCH[protocol]


@pytest.mark.parametrize("protocol", [JSON, QUERY])
def test_signatures_for_elsewhere_are_refused(admin_key: Keys, protocol: str, settings: Settings) -> None:
    assert sign(protocol, admin_key, service="s3").send() == MISMATCH[protocol]
    assert sign(protocol, admin_key, region="eu-west-1").send() == ""
    settings.COGNITO = {**settings.COGNITO, "SIGNING_REGIONS": ["us-east-1"]}
    assert sign(protocol, admin_key, region="eu-west-1").send() == MISMATCH[protocol]


@pytest.mark.parametrize("protocol", [JSON, QUERY])
def test_keys_and_secrets_belong_together(admin_key: Keys, protocol: str) -> None:
    other, secret = access_keys.create(SYSTEM, user_name="other", document=access_keys.ADMINISTRATOR)
    assert sign(protocol, (admin_key[0], secret)).send() == MISMATCH[protocol]
    assert sign(protocol, (other.id, admin_key[1])).send() == MISMATCH[protocol]
    swapped = sign(protocol, admin_key).in_authorization("Credential=[A-Z0-9]+", f"Credential={other.id}")
    assert swapped.send() == MISMATCH[protocol]
    access_keys.set_active(SYSTEM, other.id, False)
    assert sign(protocol, (other.id, secret)).send() == UNKNOWN[protocol]


@pytest.mark.parametrize("protocol", [JSON, QUERY])
def test_sessions_need_their_own_token(admin_key: Keys, protocol: str) -> None:
    one, two = session_of(admin_key), session_of(admin_key)
    assert sign(protocol, one[:2]).send() == UNKNOWN[protocol]
    assert sign(protocol, (*one[:2], two[2])).send() == UNKNOWN[protocol]
    assert sign(protocol, (one[0], two[1], one[2])).send() == MISMATCH[protocol]
    assert sign(protocol, (*admin_key, one[2])).send() == UNKNOWN[protocol]
    assert sign(protocol, one).with_header("X-Amz-Security-Token", two[2]).send() == UNKNOWN[protocol]
    late = clock.now() + timedelta(minutes=16)
    with time_machine.travel(late):
        assert sign(protocol, one).send() == EXPIRED[protocol]


def test_signatures_in_the_query_string(admin_key: Keys) -> None:
    good = presign(admin_key)
    assert good.send() == ""
    for query, expected in (
        (good.query + "&a=b", MISMATCH),
        (good.query.replace("GetCallerIdentity", "GetSessionToken"), MISMATCH),
        (good.query.replace("X-Amz-Expires=60", "X-Amz-Expires=600"), MISMATCH),
        (good.query.replace("X-Amz-Expires=60", "X-Amz-Expires=604801"), INCOMPLETE),
        (good.query.replace("X-Amz-Expires=60", "X-Amz-Expires=x"), INCOMPLETE),
        (good.query.replace("X-Amz-Expires=60", f"X-Amz-Expires={'9' * 5000}"), INCOMPLETE),
        (good.query.replace("&X-Amz-SignedHeaders=host", ""), INCOMPLETE),
        (re.sub("X-Amz-Signature=.*", f"X-Amz-Signature={HEX}", good.query), MISMATCH),
    ):
        assert query != good.query
        assert replace(good, query=query).send() == expected[QUERY]
    assert good.with_header("X-Amz-Extra", "1").send() == MISMATCH[QUERY]
    assert good.with_header("X-Amz-Security-Token", "x").send() == MISMATCH[QUERY]
    with time_machine.travel(clock.now() + timedelta(seconds=61)):
        assert good.send() == MISMATCH[QUERY]
    with time_machine.travel(clock.now() - timedelta(minutes=16)):
        assert good.send() == MISMATCH[QUERY]
    session = presign(session_of(admin_key), seconds=3600)
    assert session.send() == ""
    with time_machine.travel(clock.now() + timedelta(minutes=16)):
        assert session.send() == EXPIRED[QUERY]
