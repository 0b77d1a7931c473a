"""Fills a server's database: ``python -m tests.load.seed POOL [--full] SIZE ...`` prints the pools it made as JSON.

Users have an e-mail address and a name; with ``--full`` every attribute that ListUsers filters by: larger pages.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def main() -> None:
    """Make users that can sign in in the demo pool, and a pool of each size asked for."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    import django  # the settings must be named first

    django.setup()
    from cognito_app.models import UserPool
    from cognito_app.services import config, password_rules, pools
    from cognito_app.services.actor import SYSTEM
    from tests.load.operations import PASSWORD, USERS

    demo = config.pool(sys.argv[1])
    if not UserPool.objects.get(pk=demo.id).users.filter(username="load0").exists():
        secrets: list[Any] = [password_rules.prepare(demo, f"load{n}", PASSWORD) for n in range(USERS)]
        _insert(demo.id, USERS, secrets)
    made = {}
    full = "--full" in sys.argv
    for size in [int(given) for given in sys.argv[2:] if given != "--full"]:
        row = pools.create(SYSTEM, name=f"load {size}", settings={})
        _insert(row.id, size, None, full=full)
        made[size] = row.id
    sys.stdout.write(json.dumps(made) + "\n")


def _insert(pool_id: str, size: int, secrets: list[Any] | None, *, full: bool = False) -> None:
    from cognito_app.core import clock
    from cognito_app.models import PoolUser

    now = clock.now()
    for start in range(0, size, 2000):
        rows = []
        for number in range(start, min(size, start + 2000)):
            name = f"load{number}"
            user = PoolUser(
                pool_id=pool_id,
                username=name,
                username_key=name,
                sub=f"{number:08d}-0000-4000-8000-{pool_id[-9:]:0>12}",
                status="CONFIRMED",
                created_at=now,
                modified_at=now,
            )
            contact = {"sub": user.sub, "email": f"{name}@example.com", "email_verified": "true", "given_name": "Load"}
            user.set_attributes({**contact, **(_profile(number) if full else {})})
            if secrets:
                secrets[number].put_on(user)
            rows.append(user)
        PoolUser.objects.bulk_create(rows)


def _profile(number: int) -> dict[str, str]:
    return {
        "phone_number": f"+1555{number:08d}",
        "preferred_username": f"user{number}",
        "name": f"Load {number}",
        "family_name": f"Family{number}",
    }


if __name__ == "__main__":
    main()
