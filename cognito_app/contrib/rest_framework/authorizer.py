"""What API Gateway does with pool tokens, for other gateways: a Lambda authorizer's answer, and a proxy's sub-request.

Equivalents, not the AWS services. Source:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
https://nginx.org/en/docs/http/ngx_http_auth_request_module.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cognito_app.contrib.rest_framework.tokens import CognitoTokenAuthentication, HasScope

INVOKE = "execute-api:Invoke"


def authorizer_answer(claims: Mapping[str, Any], method_arn: str, *, allowed: bool) -> dict[str, Any]:
    """Return what a Lambda authorizer returns for a verified token: the caller, a policy, and texts for the backend."""
    statement = {"Action": INVOKE, "Effect": "Allow" if allowed else "Deny", "Resource": method_arn}
    context = {name: _text(value) for name, value in claims.items() if value is not None}
    return {
        "principalId": str(claims["sub"]),
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {name.replace(":", "_"): value for name, value in context.items()},
    }


def _text(value: Any) -> str:
    """A context has texts only."""
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


class AuthRequest(APIView):
    """Answers a reverse proxy's sub-request: 200 with headers about the user, 401 without a good token, else 403.

    ``?scope=a b`` names the scopes that the token must have. The proxy passes the headers on to its backend.
    """

    authentication_classes = (CognitoTokenAuthentication,)
    permission_classes = (IsAuthenticated, HasScope)
    renderer_classes = (JSONRenderer,)

    @property
    def required_scopes(self) -> tuple[str, ...]:
        """The scopes that the proxy asks for."""
        return tuple(str(self.request.query_params.get("scope", "")).split())

    def get(self, request: Request) -> Response:
        """Tell who the token speaks of; what is no header text is percent-encoded."""
        user: Any = request.user
        claims = user.token.payload
        told = {
            "X-Cognito-Sub": claims["sub"],
            "X-Cognito-Username": user.username,
            "X-Cognito-Groups": ",".join(user.pool_groups),
            "X-Cognito-Client-Id": claims.get("client_id") or claims.get("aud", ""),
            "X-Cognito-Scope": claims.get("scope", ""),
        }
        return Response(status=200, headers={name: quote(str(value), safe=" ,:/@.+-_") for name, value in told.items()})
