"""Which operations a site answers for a pool that it serves as a secondary.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-multi-region.html#user-pool-multi-region-api-operations.
AWS also allows operations that change settings which a secondary has for itself (e-mail, SMS, triggers, domains, log
export); sites on one database have no such settings, so these are refused rather than done to the primary.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cognito_app.aws import quotas
from cognito_app.aws.model import Operation
from cognito_app.conf import app_settings
from cognito_app.errors import InvalidParameterException, OperationNotEnabledException
from cognito_app.services import replicas

_WHILE_INACTIVE = """
    AdminGetDevice AdminGetUser AdminListDevices AdminListGroupsForUser AdminListUserAuthEvents
    DescribeIdentityProvider DescribeManagedLoginBranding DescribeManagedLoginBrandingByClient DescribeResourceServer
    DescribeRiskConfiguration DescribeTerms DescribeUserPool DescribeUserPoolClient DescribeUserPoolDomain GetGroup
    GetLogDeliveryConfiguration GetSigningCertificate GetUICustomization GetUserPoolMfaConfig ListIdentityProviders
    ListGroups ListResourceServers ListTagsForResource ListTerms ListUserPoolClients ListUserPoolClientSecrets
    ListUserPoolReplicas ListUserPools ListUsers ListUsersInGroup TagResource UntagResource UpdateUserPoolReplica
"""
_WHILE_ACTIVE = """
    AdminInitiateAuth AdminRespondToAuthChallenge AdminUpdateAuthEventFeedback AdminUserGlobalSignOut GetDevice
    GetIdentityProviderByIdentifier GetTokensFromRefreshToken GetUser GetUserAuthFactors GlobalSignOut InitiateAuth
    ListDevices ListWebAuthnCredentials RespondToAuthChallenge RevokeToken UpdateAuthEventFeedback
"""
INACTIVE = frozenset(_WHILE_INACTIVE.split())
ACTIVE = INACTIVE | frozenset(_WHILE_ACTIVE.split())


def check(operation: Operation, document: Mapping[str, Any]) -> None:
    """Refuse what this site does not do for the pool that a request names.

    Raises OperationNotEnabledException, or InvalidParameterException where the model does not list the former.
    """
    if not app_settings.replica_regions or operation.service != "cognito-idp" or operation.name in INACTIVE:
        return
    pool, _ = quotas.named_in(operation, document)
    local = None if pool is None else replicas.here(pool.id)
    if local is None or (local.status == replicas.ACTIVE and operation.name in ACTIVE):
        return
    message = f"{operation.name} is not available in a secondary Region whose status is {local.status}."
    if OperationNotEnabledException.__name__ in operation.errors:
        raise OperationNotEnabledException(message)
    raise InvalidParameterException(message)
