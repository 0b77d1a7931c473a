"""The demo's backends for pool tokens: who am I, a group's page, an API with scopes of its own, and GraphQL.

They stand for a server of one's own, API Gateway with a Cognito authorizer, and AppSync: equivalents, not the services.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from cognito_app.conf import app_settings
from cognito_app.contrib.demo.policies import API
from cognito_app.contrib.demo.views import DemoView
from cognito_app.contrib.rest_framework import (
    CognitoTokenAuthentication,
    HasScope,
    IAMPermission,
    InGroup,
    SigV4Authentication,
)
from cognito_app.contrib.rest_framework.sigv4 import AwsUser

FIELDS = {"me": "Query", "welcome": "Query"}
_FIELD = re.compile(r"\{\s*(\w+)\s*\}")
MAX_QUERY = 10_000
Classes = Sequence[type[BaseAuthentication]]
Permissions = Sequence[type[BasePermission]]


class AnyUseAuthentication(CognitoTokenAuthentication):
    """Takes access and ID tokens, with and without ``Bearer``, as a Cognito authorizer does."""

    token_uses = ("access", "id")
    bare_tokens = True


class TokenView(DemoView):
    """A view for pool tokens."""

    authentication_classes: Classes = (AnyUseAuthentication,)
    permission_classes: Permissions = (IsAuthenticated,)


class Me(TokenView):
    """``/me``: any token of a user or a client."""

    def get(self, request: Request) -> Response:
        """Tell what the token says of its user."""
        return Response(_about(request.user))


class Staff(TokenView):
    """``/staff``: users of the demo's group."""

    permission_classes = (IsAuthenticated, InGroup)
    required_groups = ("demo-group",)

    def get(self, request: Request) -> Response:
        """Tell the group that there is something for it."""
        return Response({"note": "For demo-group only.", **_about(request.user)})


class Api(TokenView):
    """``/api``: access tokens with the resource server's scopes, ``demo/read`` to look and ``demo/write`` to change."""

    authentication_classes = (CognitoTokenAuthentication,)
    permission_classes = (IsAuthenticated, HasScope)

    @property
    def required_scopes(self) -> tuple[str, ...]:
        """The scope of the method."""
        return ("demo/read",) if self.request.method in ("GET", "HEAD") else ("demo/write",)

    def get(self, request: Request) -> Response:
        """Answer a reader."""
        return Response({"scope": _claims(request)["scope"]})

    def post(self, request: Request) -> Response:
        """Answer a writer."""
        return Response({"scope": _claims(request)["scope"]}, status=201)


class AppSyncAuthentication(SigV4Authentication):
    """Signed requests for the service ``appsync``."""

    service = "appsync"


class GraphQL(DemoView):
    """``/graphql``: one field of a query, for pool tokens or by ``appsync:GraphQL`` of IAM: two modes of AppSync."""

    authentication_classes = (AnyUseAuthentication, AppSyncAuthentication)
    permission_classes = ()
    parser_classes = (JSONParser,)
    iam_action = "appsync:GraphQL"

    def iam_resource(self, request: Request) -> str:
        """Return the ARN of the field that the query asks for."""
        region, account = app_settings.region, app_settings.account_id
        field = self._field(request)
        return f"arn:aws:appsync:{region}:{account}:apis/{API}/types/{FIELDS[field]}/fields/{field}"

    def post(self, request: Request) -> Response:
        """Answer a query for ``me`` or ``welcome``."""
        field = self._field(request)
        user: Any = request.user
        if isinstance(user, AwsUser):
            IAMPermission().has_permission(request, self)
            caller = {"arn": str(user)}
        elif user.is_authenticated:
            caller = _about(user)
        else:
            raise exceptions.NotAuthenticated
        return Response({"data": {field: caller if field == "me" else "Welcome!"}})

    def _field(self, request: Request) -> str:
        query = request.data.get("query") if isinstance(request.data, dict) else None
        found = _FIELD.search(query) if isinstance(query, str) and len(query) <= MAX_QUERY else None
        if found is None or found.group(1) not in FIELDS:
            raise exceptions.ParseError({"errors": [{"message": "Ask for one of the fields: me, welcome."}]})
        return found.group(1)


def _claims(request: Request) -> dict[str, Any]:
    caller: Any = request.user
    return dict(caller.token.payload)


def _about(user: Any) -> dict[str, Any]:
    return {"sub": user.token.payload["sub"], "username": user.username, "groups": user.pool_groups}
