"""What a pool must be to have a replica, and what it may not change while it has one.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-multi-region.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cognito_app.errors import InvalidParameterException
from cognito_app.models import PoolReplica, UserPool
from cognito_app.services import tiers

# The ids of multi-Region keys begin with "mrk-".
_MULTI_REGION_KEY = re.compile(r"arn:[\w-]+:kms:[\w-]+:[0-9]+:key/mrk-[0-9A-Za-z-]+", re.ASCII)


def check_eligible(configuration: Mapping[str, Any]) -> None:
    """Raises FeatureUnavailableInTierException or InvalidParameterException for a pool that cannot be replicated."""
    tiers.require(configuration.get("UserPoolTier", "ESSENTIALS"), tiers.REPLICATION)
    key = configuration.get("KeyConfiguration") or {}
    if key.get("KeyType") != "CUSTOMER_MANAGED_KEY" or not _MULTI_REGION_KEY.fullmatch(key.get("KmsKeyArn") or ""):
        raise InvalidParameterException("Replication requires a multi-Region customer managed key in KeyConfiguration.")
    if (configuration.get("IssuerConfiguration") or {}).get("Type") != "UPDATED":
        raise InvalidParameterException("Replication requires the type UPDATED in IssuerConfiguration.")


def check_update(row: UserPool, configuration: Mapping[str, Any]) -> None:
    """Refuse settings under which a replica could not go on; the tier is looked at with the other features.

    Raises InvalidParameterException.
    """
    changed = [
        name
        for name in ("KeyConfiguration", "IssuerConfiguration")
        if configuration.get(name) != row.configuration.get(name)
    ]
    if changed and PoolReplica.objects.filter(pool=row).exists():
        raise InvalidParameterException(f"{' and '.join(changed)} cannot change while the user pool has a replica.")


def check_deletion(row: UserPool) -> None:
    """Raises InvalidParameterException for a pool that has a replica."""
    if PoolReplica.objects.filter(pool=row).exists():
        raise InvalidParameterException(
            "User pool cannot be deleted. It has a replica configured that should be deleted first."
        )
