"""Why a sign-in at a provider fails, and how the client hears of it.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-managed-login-error-responses.html
"""

from __future__ import annotations

import re

from cognito_app.errors import ServiceError
from cognito_app.services.authorization import AuthorizeRequest, RedirectError

LONGEST = 500
INVALID_REQUEST = "invalid_request"
_NOT_IN_ERRORS = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]+")
_ERROR_CODE = re.compile(r"[a-z_]{1,64}")


class FederationRefused(ServiceError):
    """The provider or its answer ended the sign-in; ``error`` and ``message`` go to the client's redirect URI."""

    def __init__(self, message: str, error: str = INVALID_REQUEST) -> None:
        super().__init__(message)
        self.error = error


class TransactionLost(ServiceError):
    """The answer belongs to no sign-in that this browser has under way: nobody but its user hears of it."""

    default_message = "Something went wrong"


def told_by_provider(error: str, description: str) -> FederationRefused:
    """Return the refusal that a provider sent itself: its error and description are passed on, as far as they may."""
    known = error if _ERROR_CODE.fullmatch(error) else INVALID_REQUEST
    return FederationRefused(plain(description) or plain(error), known)


def to_client(error: ServiceError, request: AuthorizeRequest) -> RedirectError:
    """Return what the client is told of an error; the one place that words them."""
    code = error.error if isinstance(error, FederationRefused) else INVALID_REQUEST
    return request.error(code, plain(error.message))


def plain(text: str) -> str:
    """Return text that may stand in ``error_description`` (RFC 6749 section 4.1.2.1)."""
    return _NOT_IN_ERRORS.sub(" ", text[:LONGEST]).strip()
