"""Why a message was not taken: what backends raise, and what the outbox learns of it."""

from __future__ import annotations


class Refused(Exception):
    """The provider will never take this message to this address; another try is of no use."""


class Unavailable(Exception):
    """The provider does not take the message now; the text is fit for the log."""


class AccessRefused(Exception):
    """The provider does not accept our credentials, or they do not allow to send."""


class TrustRefused(Exception):
    """The role that messages are sent with cannot be assumed."""


class DeliveryError(Exception):
    """The backend did not take the message; the text is for the log and holds no part of the message.

    ``permanent`` tells that another try is of no use; ``cause`` is the AccessRefused or TrustRefused behind it.
    """

    def __init__(self, reason: str, *, permanent: bool = False, cause: Exception | None = None) -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.cause = cause
