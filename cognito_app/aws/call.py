"""One request to an operation, as its handler sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cognito_app.aws.model import Operation
from cognito_app.errors import InvalidParameterException, NotAuthorizedException, UserNotFoundException
from cognito_app.services import access, config
from cognito_app.services.actor import Actor
from cognito_app.services.config import ClientConfig, PoolConfig
from cognito_app.services.principals import Principal


@dataclass
class Call:
    """An operation, its checked parameters, and what they name; each is looked up once."""

    operation: Operation
    params: dict[str, Any] = field(repr=False)
    request_id: str
    ip: str
    user_agent: str
    principal: Principal | None = None

    @property
    def actor(self) -> Actor:
        """Who makes the change, for the audit trail."""
        name = self.principal.arn if self.principal else ""
        return Actor(name=name, ip=self.ip, user_agent=self.user_agent, request_id=self.request_id)

    @cached_property
    def pool(self) -> PoolConfig:
        """The pool named by UserPoolId, or that of the client or access token.

        Raises ResourceNotFoundException.
        """
        if "UserPoolId" in self.params:
            return config.pool(self.params["UserPoolId"])
        if "ClientId" in self.params:
            return config.pool(self.client.pool_id)
        return self.grant.pool

    @cached_property
    def client(self) -> ClientConfig:
        """The client named by ClientId, in the pool named by UserPoolId if there is one.

        Raises ResourceNotFoundException.
        """
        if "UserPoolId" not in self.params:
            return config.client(self.params["ClientId"])
        pool = self.pool
        client = config.client(self.params["ClientId"])
        access.check_client_of_pool(client, pool)
        return client

    @cached_property
    def grant(self) -> access.AccessGrant:
        """What the AccessToken member allows: its user, client and pool.

        Raises NotAuthorizedException or UserNotFoundException, the latter only where the model lists it;
        InvalidParameterException where the token is left out (the model says that some operations can do without).
        """
        if "AccessToken" not in self.params:
            raise InvalidParameterException("Missing required parameter AccessToken")
        try:
            return access.verify(self.params["AccessToken"])
        except UserNotFoundException as error:
            if error.code in self.operation.errors:
                raise
            raise NotAuthorizedException("Access Token has been revoked") from None
