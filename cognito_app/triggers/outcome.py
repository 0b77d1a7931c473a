"""What may go wrong on the way to a trigger's function; ``invoke`` turns it into AWS's errors."""

from __future__ import annotations

MAX_ANSWER_BYTES = 6 * 1024 * 1024
"""Lambda's limit of a synchronous answer."""


class FunctionError(Exception):
    """The function ran and raised; the text is what it said."""


class InvocationError(Exception):
    """The function could not be started; the text is the service's error code."""


class TimedOut(Exception):
    """The function gave no answer in time; the call may be tried again."""


class BadAnswer(Exception):
    """The answer is no JSON, or too long."""
