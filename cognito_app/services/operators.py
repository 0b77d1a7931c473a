"""Operators: the one-time link that makes the first, and the record of it."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import transaction

from cognito_app.core import clock, secrets
from cognito_app.models import SetupLink
from cognito_app.models.base import claim
from cognito_app.services.actor import Actor, audit
from cognito_app.services.tokens import hash_of

LINK_LIFETIME = timedelta(hours=24)


def exist() -> bool:
    """Whether there is an operator yet."""
    return get_user_model().objects.filter(is_staff=True).exists()


def new_link() -> str:
    """Return the token of a new set-up link; earlier ones are void."""
    token = secrets.urlsafe(32)
    with transaction.atomic():
        SetupLink.objects.all().delete()
        SetupLink.objects.create(token_hash=hash_of(token), expires_at=clock.now() + LINK_LIFETIME)
    return token


def is_valid(token: str) -> bool:
    """Whether a set-up link can still be used."""
    return SetupLink.objects.filter(pk=hash_of(token), used_at=None, expires_at__gt=clock.now()).exists()


def create(token: str, user: User) -> User | None:
    """Use a link up and store the operator; None if another request was faster."""
    with transaction.atomic():
        link = SetupLink.objects.filter(pk=hash_of(token), used_at=None, expires_at__gt=clock.now())
        if not claim(link, used_at=clock.now()):
            return None
        user.is_staff = user.is_superuser = True
        user.save()
        audit(Actor(name="setup-link"), "CreateOperator", subject=user.get_username())
    return user


def record_second_factor(actor: Actor) -> None:
    """Note that an operator registered a second factor."""
    audit(actor, "RegisterSecondFactor")
