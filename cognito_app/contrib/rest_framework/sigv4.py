"""Requests signed with AWS credentials, as API Gateway checks them with IAM authorization.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/permissions.html
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from cognito_app.conf import app_settings
from cognito_app.core import sigv4
from cognito_app.core.http import client_ip, signed_request
from cognito_app.errors import AccessDeniedException, ServiceError
from cognito_app.services import principals, stamps
from cognito_app.services.principals import Principal

SERVICE = "execute-api"


class AwsUser:
    """The signer of a request, in the place of Django's user."""

    is_authenticated = True
    is_anonymous = False

    def __init__(self, principal: Principal) -> None:
        self.principal = principal

    def __str__(self) -> str:
        return self.principal.arn

    @property
    def pk(self) -> str:
        """The unique id of the principal, for throttles."""
        return self.principal.user_id


class SigV4Authentication(BaseAuthentication):
    """Authenticates by Signature Version 4 for the service name ``execute-api``; every refusal is a 403.

    ``request.user.principal`` is the signer; add ``IAMPermission`` to decide by its policies. A request without a
    signature is left to other authentication classes. With warm memory it costs one query: whether the credentials
    still stand.
    """

    service = SERVICE

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        """Verify the signature over the request as it came in. Raises PermissionDenied with AWS's text."""
        if not _is_signed(request._request):
            return None
        stamps.begin_request()
        try:
            signed = signed_request(request._request, request._request.body)
            principal = sigv4.verify(
                signed, principals.lookup, service=self.service, regions=app_settings.signing_regions
            )
        except ServiceError as error:
            raise exceptions.PermissionDenied({"message": error.message}) from None
        finally:
            stamps.end_request()
        return AwsUser(principal), None


def _is_signed(request: HttpRequest) -> bool:
    header = request.META.get("HTTP_AUTHORIZATION", "")
    return header.startswith("AWS4-") or "X-Amz-Signature=" in request.META.get("QUERY_STRING", "")


class IAMPermission(BasePermission):
    """Allows what the signer's policies allow; the view names its resource in ``iam_resource(request)``.

    ``iam_action`` of the view is the action (``execute-api:Invoke`` unless set); ``iam_context(request)``, if the view
    has it, returns further condition keys.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Evaluate the policies. Raises PermissionDenied with AWS's text."""
        caller: Any = request.user
        if not isinstance(caller, AwsUser):
            # A token's user answers every name with a claim of the token.
            raise exceptions.PermissionDenied({"message": "Missing Authentication Token"})
        action = getattr(view, "iam_action", f"{SERVICE}:Invoke")
        more = view.iam_context(request) if hasattr(view, "iam_context") else None
        ip = client_ip(request._request)
        try:
            principals.authorize(caller.principal, action, view.iam_resource(request), ip=ip, extra=more)
        except AccessDeniedException as error:
            raise exceptions.PermissionDenied({"message": error.message}) from None
        return True


def api_arn(api: str, stage: str, method: str, path: str) -> str:
    """Return the ARN that policies name for a request to an API: ``arn:aws:execute-api:...:api/stage/METHOD/path``."""
    region, account = app_settings.region, app_settings.account_id
    return f"arn:aws:{SERVICE}:{region}:{account}:{api}/{stage}/{method}/{path.lstrip('/')}"
