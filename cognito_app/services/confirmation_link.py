"""The link that confirms an account: opening it has effect, as with Cognito, and opening it again is no error.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-settings-message-customizations.html
"""

from __future__ import annotations

from cognito_app.errors import CodeMismatchException, ExpiredCodeException, NotAuthorizedException
from cognito_app.models import PoolUser, VerificationCode
from cognito_app.services import codes, even_time, sign_up, users
from cognito_app.services.actor import Actor
from cognito_app.services.config import ClientConfig, PoolConfig


def follow(pool: PoolConfig, client: ClientConfig, actor: Actor, *, username: str, code: str) -> bool:
    """Confirm an account by its link; False if it had been confirmed before.

    That an account is confirmed is told to whoever has its last code, used or not; a client that shows who exists
    tells it to all. Raises as ``sign_up.confirm``.
    """
    with even_time.answering(client, only_refusals=True):
        try:
            sign_up.confirm(pool, client, actor, username=username, code=code)
        except (CodeMismatchException, ExpiredCodeException, NotAuthorizedException):
            user = users.find_or_none(pool, username)
            if user is None or not sign_up.is_confirmed(user) or not _may_know(client, user, code):
                raise
            return False
    return True


def _may_know(client: ClientConfig, user: PoolUser, code: str) -> bool:
    return not client.hides_users or codes.is_last(user, VerificationCode.Purpose.SIGN_UP, code)
