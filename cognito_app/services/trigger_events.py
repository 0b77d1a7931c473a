"""What events of triggers say of a user."""

from __future__ import annotations

from cognito_app.models import PoolUser

STATUS = "cognito:user_status"


def attributes_of(user: PoolUser | None) -> dict[str, str]:
    """Return ``userAttributes`` of an event: a map of texts, empty for a name that nobody has."""
    if user is None:
        return {}
    return {**user.attributes, STATUS: user.status}
