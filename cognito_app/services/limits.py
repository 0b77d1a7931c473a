"""The limits in force: Cognito's defaults, what administrators provisioned, what a pool has for itself.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html#provisioned-quotas
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from cognito_app.conf import app_settings
from cognito_app.errors import InvalidParameterException, ResourceNotFoundException, ServiceQuotaExceededException
from cognito_app.models import Domain, ProvisionedLimit
from cognito_app.services import pools, stamps
from cognito_app.services.actor import Actor, audit
from cognito_app.services.config import PoolConfig
from cognito_app.services.rate_categories import CATEGORIES, MANAGED_LOGIN_CATEGORIES, Category
from cognito_app.services.tier_rules import MANAGED_LOGIN_VERSION

HEADROOM = 10
"""The most that may be provisioned where the setting ``MAXIMUM_LIMITS`` is silent: so many times the default."""
LARGEST = 1_000_000

_known: tuple[int | None, dict[str, int]] = (None, {})


def in_force(category: str) -> int:
    """Return the requests a second of a category for the whole installation."""
    return _provisioned().get(category, CATEGORIES[category].default)


def of_pool(pool: PoolConfig, category: str) -> int | None:
    """Return a pool's own limit of a category, or None if it shares that of the installation."""
    own: Mapping[str, int] = pool.extras.get("limits") or {}
    return own.get(category)


def _provisioned() -> dict[str, int]:
    """Return the limits that were changed, from memory while their stamp stays the same; without one there are none."""
    global _known  # one table per process
    version = stamps.version(stamps.LIMITS)
    if version != _known[0]:
        _known = (version, dict(ProvisionedLimit.objects.values_list("category", "value")))
    return _known[1]


def adjustable(name: str) -> Category:
    """Return a category that the API may change.

    Raises ResourceNotFoundException or InvalidParameterException.
    """
    category = _category(name)
    if not category.adjustable:
        raise InvalidParameterException(f"The limit of the category {name} is not adjustable.")
    return category


def _category(name: str) -> Category:
    category = CATEGORIES.get(name)
    if category is None:
        raise ResourceNotFoundException(f"There is no API category {name}.")
    return category


def provision(actor: Actor, name: str, value: int) -> int:
    """Set the limit of a category, between its default and the account's maximum; every process follows at once.

    Raises ResourceNotFoundException, InvalidParameterException, ServiceQuotaExceededException.
    """
    category = adjustable(name)
    if name in MANAGED_LOGIN_CATEGORIES and _managed_login_in_use():
        raise InvalidParameterException(f"The limit of {name} cannot be changed while a user pool uses managed login.")
    if value < category.default:
        raise InvalidParameterException(f"The value must not be lower than the default limit of {category.default}.")
    most = app_settings.maximum_limits.get(name, category.default * HEADROOM)
    if value > most:
        raise ServiceQuotaExceededException(f"The value exceeds the account's maximum limit of {most}.")
    return set_for_installation(actor, name, value, action="UpdateProvisionedLimit")


def _managed_login_in_use() -> bool:
    return Domain.objects.filter(managed_login_version=MANAGED_LOGIN_VERSION).exists()


def set_for_installation(actor: Actor, name: str, value: int, *, action: str = "SetLimit") -> int:
    """Set the limit of any category to any value, as operators may (with AWS: a Service Quotas request).

    Raises ResourceNotFoundException or InvalidParameterException.
    """
    _category(name)
    _check_value(value)
    with transaction.atomic():
        ProvisionedLimit.objects.update_or_create(category=name, defaults={"value": value})
        stamps.bump(stamps.LIMITS)
        audit(actor, action, subject=name, value=value)
    return value


def set_for_pool(actor: Actor, pool_id: str, changes: Mapping[str, int | None]) -> None:
    """Give a pool limits of its own by category, or take them away (None): it is then counted by itself.

    Raises ResourceNotFoundException or InvalidParameterException.
    """
    for name, value in changes.items():
        _category(name)
        if value is not None:
            _check_value(value)
    with pools.changing(actor, pool_id, "SetPoolLimits", changes=dict(changes)) as row:
        merged = {**(row.extras.get("limits") or {}), **changes}
        row.extras = {**row.extras, "limits": {name: value for name, value in merged.items() if value is not None}}


def _check_value(value: int) -> None:
    if not 1 <= value <= LARGEST:
        raise InvalidParameterException(f"A limit lies between 1 and {LARGEST} requests a second.")
