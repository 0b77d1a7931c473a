"""Lambda triggers: which are configured, and the refusal to pass over one that cannot run.

The transports (Lambda Invoke API, signed webhook, Python callable) are not built yet. A trigger may deny a sign-up or
change a token, so a pool that has one configured fails closed instead of doing without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cognito_app.errors import UnexpectedLambdaException


def require(configured: Mapping[str, Any], *names: str) -> None:
    """Check that none of the triggers that a use case must call is configured.

    Raises UnexpectedLambdaException.
    """
    for name in names:
        if configured.get(name):
            raise UnexpectedLambdaException(
                f"{name} invocation failed due to configuration: no transport is available."
            )
