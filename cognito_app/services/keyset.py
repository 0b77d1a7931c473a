"""Pages of lists: each goes on behind the last row of the one before, whatever is added or deleted meanwhile."""

from __future__ import annotations

from typing import TypeVar

from django.db import models

from cognito_app.core import clock, paging

M = TypeVar("M", bound=models.Model)


def by_key(
    rows: models.QuerySet[M], *, scope: str, limit: int, token: str | None, newest_first: bool = False
) -> tuple[list[M], str | None]:
    """Return a page in the order of the primary key, and the token of the next.

    ``scope`` names the list (operation, pool, filter): a token is good for no other. Raises InvalidParameterException.
    """
    if token:
        after = paging.decode(scope, token)["after"]
        rows = rows.filter(pk__lt=after) if newest_first else rows.filter(pk__gt=after)
    found = list(rows.order_by("-pk" if newest_first else "pk")[: limit + 1])
    if len(found) <= limit:
        return found, None
    return found[:limit], paging.encode(scope, {"after": found[limit - 1].pk})


def by_age(
    rows: models.QuerySet[M], *, scope: str, limit: int, token: str | None, newest_first: bool = False
) -> tuple[list[M], str | None]:
    """Return a page in the order of ``created_at``, then primary key, and the token of the next; as ``by_key``."""
    if token:
        position = paging.decode(scope, token)
        instant = clock.from_epoch(position["at"])
        edge = {"created_at__lte": instant} if newest_first else {"created_at__gte": instant}
        seen = {"pk__gte": position["after"]} if newest_first else {"pk__lte": position["after"]}
        rows = rows.filter(**edge).exclude(created_at=instant, **seen)
    order = ("-created_at", "-pk") if newest_first else ("created_at", "pk")
    found = list(rows.order_by(*order)[: limit + 1])
    if len(found) <= limit:
        return found, None
    last: models.Model = found[limit - 1]
    position = {"at": last.__dict__["created_at"].timestamp(), "after": str(last.pk)}
    return found[:limit], paging.encode(scope, position)
