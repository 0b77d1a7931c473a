"""``manage.py worker``: repeats failed messages, imports users, deletes old rows, keeps spare keys."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management import BaseCommand

from cognito_app.services import upkeep


class Command(BaseCommand):
    """See the module."""

    help = "Do the work that no request waits for, until interrupted."

    def handle(self, *args: Any, **options: Any) -> None:
        """Work until SIGINT or SIGTERM."""
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        upkeep.run(stop)
