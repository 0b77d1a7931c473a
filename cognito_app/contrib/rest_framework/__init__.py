"""Authentication and permissions for Django REST framework, by pool tokens and by signed AWS requests."""

from cognito_app.contrib.rest_framework.authorizer import AuthRequest, authorizer_answer
from cognito_app.contrib.rest_framework.sigv4 import IAMPermission, SigV4Authentication
from cognito_app.contrib.rest_framework.tokens import CognitoTokenAuthentication, HasScope, InGroup

__all__ = [
    "AuthRequest",
    "CognitoTokenAuthentication",
    "HasScope",
    "IAMPermission",
    "InGroup",
    "SigV4Authentication",
    "authorizer_answer",
]
