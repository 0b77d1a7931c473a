"""A SAML assertion is good for one of any number of parallel requests."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from cognito_app.aws.protocol import validate
from tests.aws.test_sts_saml import Federation
from tests.clients.assertions import response, sign
from tests.clients.parallel import in_parallel

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_assertion_is_spent_once_under_parallel_requests() -> None:
    saml = Federation()
    encoded = sign(response(saml.attributes()))
    validate._cache.clear()  # the first requests of a process come in parallel too

    def attempt(_: int) -> str:
        try:
            saml.assume(encoded)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "assumed"

    outcomes = in_parallel(attempt)
    assert sorted(outcomes) == ["InvalidIdentityToken"] * 11 + ["assumed"]
