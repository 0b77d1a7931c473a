"""``manage.py rotate_identity_key``: puts a new key in force for the identity pools' tokens."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand

from cognito_app.services import identity_keys
from cognito_app.services.actor import Actor

OPERATOR = Actor(name="manage.py rotate_identity_key")


class Command(BaseCommand):
    """See the module."""

    help = "Put a new signing key in force for identity tokens; the old one is published until its tokens expired."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define the options."""
        parser.add_argument("--algorithm", choices=identity_keys.ALGORITHMS, default=identity_keys.ALGORITHMS[0])

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate, and print the new key's name."""
        self.stdout.write(identity_keys.rotate(OPERATOR, options["algorithm"]))
