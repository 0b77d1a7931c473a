"""``python -m cognito_app.triggers.worker``: runs Python handlers, one request a line, until its input ends.

It is started by ``transports.python``, which kills it when a handler takes too long.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, TextIO

from cognito_app.triggers import handler


def main() -> None:
    """Answer requests; what handlers print goes to the error stream, so that it cannot garble the answers."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    if os.environ.get("DJANGO_SETTINGS_MODULE"):
        import django  # handlers may use the project's models

        django.setup()
    _write(answers, {"ready": True})
    for line in sys.stdin:
        _write(answers, _answer(json.loads(line)))


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    try:
        return {
            "result": json.dumps(handler.run(request["path"], request["arn"], request["event"], request["seconds"]))
        }
    except BaseException as error:  # a handler's sys.exit must not end the worker without an answer
        return {"error": str(error)}


def _write(stream: TextIO, answer: dict[str, Any]) -> None:
    stream.write(json.dumps(answer) + "\n")
    stream.flush()


if __name__ == "__main__":
    main()
