"""Sign-up with a name that is taken, in a hardened pool: the answer is that to a free one, and the inbox learns of it.

The message goes where the code would go, to the address that was typed: who reads it owns that address. Where no code
would go out (PreSignUp confirms, the pool verifies no address) the taken name is told as in every pool: a sign-in with
the password of the sign-up would tell it anyway.
Source: https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html ("Account creation")
"""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction

from cognito_app.core import secrets
from cognito_app.errors import LimitExceededException
from cognito_app.messages import notices
from cognito_app.models import OutboxMessage, PoolUser
from cognito_app.services import attempts, delivery, late_delivery, occasions, outbox
from cognito_app.services.delivery import CodeDelivery
from cognito_app.services.occasions import Handover, Occasion

ACTION = "SIGN_UP"


def refuse(occasion: Occasion, user: PoolUser, contact: str, owner: PoolUser) -> CodeDelivery:
    """Write to the address of a sign-up whose name ``owner`` has, and describe the delivery of a code.

    ``user`` is made such that sessions look like those of a stored one, and lead to nobody. Raises as
    ``triggers.invoke.call`` for CustomMessage, which is asked as for a free name.
    """
    address = user.attributes[contact]
    if occasion.asks(delivery.MEDIA[contact]):
        delivery.worded(occasion, user, contact, address)
    user.pk = _key_of_nobody()
    if user.password_hash is None:
        # No user without a password has this mark in a session.
        user.password_hash = secrets.urlsafe(24)
    row = _notice(occasion, contact, address, owner)
    if row is not None:
        late_delivery.hand_over(row)
    return delivery.details_of(contact, address)


def _key_of_nobody() -> int:
    """Return a key that no row has, as long as that of the next user: sealed sessions show their length."""
    last: int = PoolUser.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return 1 - int("1".ljust(len(str(last + 1)), "0"))


def _notice(occasion: Occasion, contact: str, address: str, owner: PoolUser) -> OutboxMessage | None:
    """Store the message; None when the address had its messages of this hour."""
    medium = delivery.MEDIA[contact]
    try:
        attempts.claim_send("SignUpNotice", occasion.pool.id, address.casefold())
    except LimitExceededException:
        return None
    mine = owner.attributes.get(contact, "").casefold() == address.casefold()
    message = notices.sign_up(medium, address, occasion.pool.name, has_account=mine)
    with transaction.atomic():
        return outbox.enqueue(owner, message, _handover(occasion, owner, medium))


def _handover(occasion: Occasion, owner: PoolUser, medium: str) -> Handover | None:
    """Return what a custom sender is told: a notice about the account, and no code."""
    about = replace(occasion, reason=occasions.ACCOUNT_TAKE_OVER)
    handover = about.handover(owner, medium, None)
    told = {"USER_NAME": owner.username, "ACCOUNT_TAKE_OVER_ACTION": ACTION}
    return replace(handover, attributes=told) if handover is not None else None
