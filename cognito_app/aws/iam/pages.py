"""IAM's pages: Marker, MaxItems, IsTruncated.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from cognito_app.core import paging
from cognito_app.errors import InvalidParameterException, ValidationError

T = TypeVar("T")

DEFAULT_ITEMS = 100


def page(
    rows: Iterable[T], *, scope: str, name: Callable[[T], str], marker: str | None, limit: int | None
) -> tuple[list[T], dict[str, Any]]:
    """Return a page of rows in the order of their names, and the members that say whether there are more.

    Raises ValidationError for a marker of another list.
    """
    found = sorted(rows, key=name)
    if marker is not None:
        try:
            after = str(paging.decode(f"iam:{scope}", marker)["after"])
        except InvalidParameterException:
            raise ValidationError("Invalid Marker.") from None
        found = [row for row in found if name(row) > after]
    size = limit or DEFAULT_ITEMS
    if len(found) <= size:
        return found, {"IsTruncated": False}
    token = paging.encode(f"iam:{scope}", {"after": name(found[size - 1])})
    return found[:size], {"IsTruncated": True, "Marker": token}
