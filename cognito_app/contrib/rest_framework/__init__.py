"""Authentication and permissions for Django REST framework, by pool tokens and by signed AWS requests."""

from cognito_app.contrib.rest_framework.sigv4 import IAMPermission, SigV4Authentication
from cognito_app.contrib.rest_framework.tokens import CognitoTokenAuthentication, HasScope, InGroup

__all__ = ["CognitoTokenAuthentication", "HasScope", "IAMPermission", "InGroup", "SigV4Authentication"]
