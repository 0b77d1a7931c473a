"""Users in every state, in a pool whose client hides who exists; and answers with what may differ masked."""

from __future__ import annotations

import json
import re
from typing import Any

from django.http import HttpResponse

from cognito_app.core import clock
from cognito_app.models import LinkedIdentity, PoolUser
from cognito_app.services.linking import SUBJECT
from tests.aws.choice import policies
from tests.clients import raw
from tests.conftest import FLOWS, PASSWORD, App, Inbox, make_app

MISSING = "nobody"
EXISTING = ("ann", "unconfirmed", "disabled", "google_1")
RESETTING = ("reset", "temporary")
EVERY_FLOW = [*FLOWS, "ALLOW_CUSTOM_AUTH", "ALLOW_USER_AUTH"]
RANDOM = ("Session", "SECRET_BLOCK", "SRP_B", "SALT")
HEADERS = ("x-amzn-RequestId", "x-amz-cognito-request-id", "Date", "Content-Length", "x-amzn-ErrorMessage")
RANDOM_FIELDS = re.compile(r'name="(_csrf|session)" value="[^"]*"')
NONCE = re.compile(r"nonce(-|=\")[\w-]+")
MASKED_ADDRESS = re.compile(r"\b[a-z]\*\*\*@[a-z]\*\*\*")


def make_states(idp: Any, inbox: Inbox, existence: str = "ENABLED", **settings: Any) -> App:
    """Create the pool, its users and the client."""
    app = make_app(idp, inbox, **policies("PASSWORD", "EMAIL_OTP"), **settings)
    add_users(app)
    app.client_id = app.client(ExplicitAuthFlows=EVERY_FLOW, PreventUserExistenceErrors=existence)["ClientId"]
    return app


def add_users(app: App) -> None:
    """Create a user in each state."""
    at = {"UserPoolId": app.pool_id}
    for name in ("ann", "disabled", "reset"):
        app.sign_up(name)
    given = [{"Name": "email", "Value": "unconfirmed@example.com"}]
    app.idp.sign_up(ClientId=app.client_id, Username="unconfirmed", Password=PASSWORD, UserAttributes=given)
    app.idp.admin_disable_user(**at, Username="disabled")
    app.idp.admin_reset_user_password(**at, Username="reset")
    app.idp.admin_create_user(
        **at, Username="temporary", TemporaryPassword="Temporary-9!", MessageAction="SUPPRESS", UserAttributes=given
    )
    add_federated(app, "google_1")


def add_federated(app: App, name: str) -> None:
    """Store a user as the first sign-in by a provider makes one."""
    now = clock.now()
    user = PoolUser(
        pool_id=app.pool_id,
        username=name,
        username_key=name,
        sub=f"sub-{name}",
        status=PoolUser.Status.EXTERNAL_PROVIDER,
        created_at=now,
        modified_at=now,
    )
    user.set_attributes({"sub": user.sub, "email": f"{name}@example.com"})
    user.save()
    kind = {"provider_name": "Google", "provider_type": "Google", "attribute": SUBJECT, "subject": name}
    LinkedIdentity.objects.create(pool_id=app.pool_id, user=user, primary=True, created_at=now, **kind)


def post(operation: str, body: Any) -> HttpResponse:
    """Call an operation as an app does."""
    return raw.post("cognito-idp", operation, body)


def masked(response: Any, name: str) -> str:
    """Return status, headers and body of an answer; the name that was asked for and random values are masked."""
    headers = sorted((key, value) for key, value in response.headers.items() if key not in HEADERS)
    # The text of a refusal stands in the body too; its length follows from the name.
    text = response.content.decode()
    if text.startswith("{"):
        text = json.dumps(_masked(json.loads(text)), sort_keys=True)
    text = RANDOM_FIELDS.sub(r'name="\1"', MASKED_ADDRESS.sub("a***@a***", text))
    return NONCE.sub("nonce", f"{response.status_code} {headers} {text}").replace(name, "<name>")


def _masked(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _masked(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, key) for item in value]
    if key == "CREDENTIAL_REQUEST_OPTIONS":
        return sorted(json.loads(value))
    # Sealed texts are longer by the name that they hold.
    return f"<{len(value) // 64}>" if key == "Session" else "<random>" if key in RANDOM else value
