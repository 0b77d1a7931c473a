"""The categories in which requests are counted, and how many a second each allows by default.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html#category_operations
"""

from __future__ import annotations

from typing import NamedTuple

PER_OPERATION_OF_POOL = 5
PER_USER = 10
CHALLENGE_ANSWERS = 3
"""How many answers to challenges are free for each sign-in of UserAuthentication."""
PER_SOURCE, PER_CLIENT, PER_DOMAIN = 300, 300, 500


class Category(NamedTuple):
    """A category: its requests a second, and what else its requests are held to.

    ``by_operation``: each operation has a limit for each pool; ``touches`` says whether a request reads or writes a
    user, who has limits of their own.
    """

    name: str
    default: int
    adjustable: bool = False
    by_operation: bool = False
    touches: str = ""


CATEGORIES = {
    category.name: category
    for category in (
        Category("UserAuthentication", 120, adjustable=True, touches="read"),
        Category("UserCreation", 50, adjustable=True, touches="write"),
        Category("UserFederation", 25, adjustable=True),
        Category("UserAccountRecovery", 30, touches="write"),
        Category("UserRead", 120, adjustable=True, touches="read"),
        Category("UserUpdate", 25, touches="write"),
        Category("UserToken", 120, adjustable=True),
        Category("UserResourceRead", 50, adjustable=True, touches="read"),
        Category("UserResourceUpdate", 25, touches="write"),
        Category("UserList", 30),
        Category("UserPoolRead", 15),
        Category("UserPoolUpdate", 15),
        Category("UserPoolResourceRead", 20, by_operation=True),
        Category("UserPoolResourceUpdate", 15, by_operation=True),
        Category("UserPoolClientRead", 15, by_operation=True),
        Category("UserPoolClientUpdate", 15, by_operation=True),
        Category("ClientAuthentication", 150),
        Category("LimitManagement", 1),
    )
}
MANAGED_LOGIN_CATEGORIES = frozenset({"UserAuthentication", "UserFederation"})
"""Not to be changed by UpdateProvisionedLimit while a pool uses managed login."""
