"""``manage.py target_iam POOL``: writes an identity pool's roles as SeaweedFS reads them."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

import orjson
from django.core.management import BaseCommand, CommandError

from cognito_app.errors import ServiceError
from cognito_app.services import identity_pools, target_iam


class Command(BaseCommand):
    """See the module."""

    help = "Print the file for SeaweedFS's -s3.iam.config: the roles that trust identity pools. It holds a new key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define the argument."""
        parser.add_argument("identity_pool_id")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the file."""
        try:
            pool = identity_pools.find(options["identity_pool_id"])
        except ServiceError as error:
            raise CommandError(error.message) from None
        self.stdout.write(orjson.dumps(target_iam.seaweedfs(pool), option=orjson.OPT_INDENT_2).decode())
