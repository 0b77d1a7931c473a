"""A SAML assertion is good for one of any number of parallel requests."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError
from django.db import connection

from tests.aws.test_sts_saml import Federation
from tests.clients.assertions import response, sign

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_assertion_is_spent_once_under_parallel_requests() -> None:
    saml = Federation()
    encoded = sign(response(saml.attributes()))

    def attempt(_: int) -> bool:
        try:
            saml.assume(encoded)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "InvalidIdentityToken"
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(attempt, range(16))) == 1
