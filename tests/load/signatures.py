"""What signatures and policies add to a request of Django REST framework: ``python -m tests.load.signatures``.

It runs in one process, without a server: the same view with and without ``SigV4Authentication`` and ``IAMPermission``,
called in turns with requests that botocore signed. The database query that looks whether the credentials still stand
is counted, and its time is told apart from the rest.
"""

# ruff: noqa: E402  # Django is set up before what needs it
from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from django.db import connection
from django.http import HttpRequest
from django.test.utils import CaptureQueriesContext, setup_databases, teardown_databases
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from cognito_app.contrib.rest_framework import IAMPermission, SigV4Authentication
from cognito_app.core import policy
from cognito_app.models import standing
from cognito_app.services import access_keys, identities, identity_pools, principals, roles, sts
from cognito_app.services.actor import SYSTEM

ROUNDS = 2000
LIMIT = 100.0
"""Microseconds that issue 6 allows."""
ARN = "arn:aws:execute-api:us-east-1:000000000000:api/live/GET"


class Plain(APIView):
    """A view that anybody may call."""

    authentication_classes: Any = ()
    permission_classes: Any = ()
    renderer_classes = (JSONRenderer,)

    def get(self, request: Request, **unused: str) -> Response:
        """Answer nothing."""
        return Response({})


class Guarded(Plain):
    """The same view for signed requests that a policy allows."""

    authentication_classes: Any = (SigV4Authentication,)
    permission_classes: Any = (IAMPermission,)

    def iam_resource(self, request: Request) -> str:
        """Return the resource of the request's path."""
        return f"{ARN}{request._request.path}"


@contextmanager
def database() -> Iterator[None]:
    """Make a database for the measurement, and remove it."""
    old = setup_databases(verbosity=0, interactive=False)
    try:
        yield
    finally:
        teardown_databases(old, verbosity=0)


def identity_keys() -> tuple[str, tuple[str, str, str]]:
    """Return an identity with credentials of a role of four statements, as GetCredentialsForIdentity makes them."""
    pool = identity_pools.create(SYSTEM, name="pool", settings={"AllowUnauthenticatedIdentities": True})
    identity_id = identities.get_id(pool.pk, {}, None)
    trust = {
        "Effect": "Allow",
        "Principal": {"Federated": roles.IDENTITY_PROVIDER},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{roles.IDENTITY_PROVIDER}:aud": pool.pk}},
    }
    own = f"{ARN}/private/${{{roles.IDENTITY_PROVIDER}:sub}}/*"
    statements: list[dict[str, Any]] = [
        {"Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"},
        {
            "Effect": "Allow",
            "Action": "execute-api:Invoke",
            "Resource": own,
            "Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}},
        },
        {"Effect": "Allow", "Action": ["dynamodb:*", "sqs:*"], "Resource": "*"},
    ]
    role = roles.create(
        SYSTEM,
        name="app",
        trust_policy={"Version": "2012-10-17", "Statement": [trust]},
        policies={"p": {"Version": "2012-10-17", "Statement": statements}},
    )
    claims = {"aud": pool.pk, "sub": identity_id, "amr": ["authenticated"]}
    issued = sts.assume(role, claims, session_name="s", seconds=3600)
    assert issued is not None
    return identity_id, (issued.access_key_id, issued.secret, issued.session_token)


def signed(factory: APIRequestFactory, path: str, keys: tuple[str, str, str | None]) -> HttpRequest:
    """Return a request as a WSGI server hands it on."""
    request = AWSRequest("GET", f"http://localhost:8000{path}")
    SigV4Auth(Credentials(*keys), "execute-api", "us-east-1").add_auth(request)
    meta: Any = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in request.headers.items()}
    made: HttpRequest = factory.get(path, **{**meta, "HTTP_HOST": "localhost:8000"})
    return made


def _microseconds(call: Callable[[], object]) -> float:
    start = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - start) / 1000


def measure(path: str, keys: tuple[str, str, str | None]) -> tuple[float, float, int]:
    """Return the medians of the plain and the guarded view in microseconds, and the queries of the latter."""
    factory = APIRequestFactory()
    plain, guarded = Plain.as_view(), Guarded.as_view()
    requests = [signed(factory, path, keys) for _ in range(2 * ROUNDS + 100)]
    for _ in range(50):
        assert plain(requests.pop()).status_code == 200
        assert guarded(requests.pop()).status_code == 200
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert guarded(factory.get(path, **requests[0].META)).status_code == 200
    without, added = [], []
    for _ in range(ROUNDS):
        first, second = requests.pop(), requests.pop()
        without.append(_microseconds(lambda first=first: plain(first)))  # type: ignore[misc]
        added.append(_microseconds(lambda second=second: guarded(second)))  # type: ignore[misc]
    return statistics.median(without), statistics.median(added), len(queries)


def main() -> int:
    """Measure and print; the exit code is 1 above the limit."""
    with database():
        identity_id, session = identity_keys()
        row, secret = access_keys.create(SYSTEM, user_name="admin", document=access_keys.ADMINISTRATOR)
        look = statistics.median(_microseconds(lambda: standing.look("iam", identity_id)) for _ in range(ROUNDS))
        principal = principals.lookup(session[0], session[2]).principal
        resource = f"{ARN}/private/{identity_id}/note"
        context = principals.context_of(principal, ip="127.0.0.1")
        decide = statistics.median(
            _microseconds(lambda: policy.evaluate(principal.policies, None, "execute-api:Invoke", resource, context))
            for _ in range(ROUNDS)
        )
        print(f"the query whether credentials stand: {look:6.1f} us; a decision by four statements: {decide:.1f} us")
        worst = 0.0
        for name, keys in (("identity's credentials", session), ("long-term key", (row.id, secret, None))):
            without, guarded, queries = measure(f"/private/{identity_id}/note", keys)
            added = guarded - without
            print(
                f"{name:24} plain view {without:6.1f} us, guarded {guarded:6.1f} us: added {added:6.1f} us, "
                f"without the query {added - look:6.1f} us; {queries} query"
            )
            worst = max(worst, added - look)
    return 0 if worst <= LIMIT else 1


if __name__ == "__main__":
    raise SystemExit(main())
