"""What a web worker does when it starts: it dies with its supervisor, and has its tables ready."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from cognito_app.core import srp

SUPERVISED = "COGNITO_SUPERVISED"
PR_SET_PDEATHSIG = 1


def start() -> None:
    """Prepare this process, if it is a worker of ``quickstart`` or ``serve``."""
    if os.environ.get(SUPERVISED) != "1":
        return
    if sys.platform == "linux":
        # A killed supervisor must not leave workers behind that hold the port.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    srp.warm_up()
