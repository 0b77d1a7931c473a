"""The certificate of a pool's SAML requests."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.test import Client

from cognito_app.models import SamlSigningKey
from tests.clients import boto
from tests.clients.parallel import in_parallel
from tests.conftest import App, Inbox, make_app

pytestmark = pytest.mark.django_db


@pytest.mark.operation("GetSigningCertificate")
def test_the_signing_certificate_stays_and_belongs_to_the_pool(app: App, inbox: Inbox) -> None:
    def certificate(of: App) -> str:
        return str(app.idp.get_signing_certificate(UserPoolId=of.pool_id)["Certificate"])

    first = certificate(app)
    parsed = x509.load_der_x509_certificate(base64.b64decode(first, validate=True))
    key = parsed.public_key()
    assert isinstance(key, RSAPublicKey)
    assert key.key_size == 2048
    assert timedelta(days=3640) < parsed.not_valid_after_utc - datetime.now(UTC) < timedelta(days=3660)
    parsed.verify_directly_issued_by(parsed)
    assert certificate(app) == first
    assert certificate(make_app(app.idp, inbox)) != first
    assert len(app.idp.list_user_pools(MaxResults=60)["UserPools"]) == 2


def test_the_signing_certificate_is_renewed_yearly_over_the_same_key(app: App, admin_key: tuple[str, str]) -> None:
    def read(moment: datetime) -> x509.Certificate:
        with time_machine.travel(moment):
            idp = boto.client("cognito-idp", admin_key)
            text = idp.get_signing_certificate(UserPoolId=app.pool_id)["Certificate"]
        return x509.load_der_x509_certificate(base64.b64decode(text))

    now = datetime.now(UTC)
    first, same, renewed = (read(now + timedelta(days=days)) for days in (0, 364, 366))
    assert same == first
    assert renewed != first
    assert renewed.public_key() == first.public_key()
    assert renewed.not_valid_after_utc > first.not_valid_after_utc


def test_the_signing_key_of_saml_is_not_published_for_tokens(app: App) -> None:
    app.idp.get_signing_certificate(UserPoolId=app.pool_id)
    assert len(Client().get(f"/{app.pool_id}/.well-known/jwks.json").json()["keys"]) == 2


@pytest.mark.django_db(transaction=True)
def test_all_who_ask_at_the_same_time_get_one_certificate(app: App, admin_key: tuple[str, str]) -> None:
    def ask(_: int) -> str:
        idp = boto.client("cognito-idp", admin_key)
        return str(idp.get_signing_certificate(UserPoolId=app.pool_id)["Certificate"])

    assert len(set(in_parallel(ask))) == 1
    assert SamlSigningKey.objects.count() == 1
