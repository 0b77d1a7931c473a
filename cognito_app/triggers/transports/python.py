"""Functions that are Python callables: in a process of their own that is killed when it takes too long, or inline."""

from __future__ import annotations

import atexit
import os
import select
import subprocess
import sys
import threading
import time
from typing import IO

import orjson

from cognito_app.triggers import handler
from cognito_app.triggers.outcome import MAX_ANSWER_BYTES, BadAnswer, FunctionError, InvocationError, TimedOut
from cognito_app.triggers.targets import PythonTarget

START_SECONDS = 20.0
MAX_IDLE = 4
CHUNK = 65_536


class _Worker:
    """One process; used by one request at a time."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "cognito_app.triggers.worker"]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self.process = subprocess.Popen(  # noqa: S603  # our own module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        self._buffer = b""
        try:
            self._line(time.monotonic() + START_SECONDS)
        except (TimedOut, InvocationError, BadAnswer):
            self.kill()
            raise InvocationError("Runtime.ExitError") from None

    def ask(self, request: bytes, seconds: float) -> bytes:
        """Send a request and return the answer's line. Raises TimedOut, InvocationError, BadAnswer."""
        stream = self.process.stdin
        assert stream is not None
        try:
            stream.write(request + b"\n")
            stream.flush()
        except OSError:
            raise InvocationError("Runtime.ExitError") from None
        return self._line(time.monotonic() + seconds)

    def _line(self, deadline: float) -> bytes:
        output = self.process.stdout
        assert output is not None
        while b"\n" not in self._buffer:
            self._buffer += self._more(output, deadline)
            if len(self._buffer) > 2 * MAX_ANSWER_BYTES:
                raise BadAnswer
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _more(self, output: IO[bytes], deadline: float) -> bytes:
        ready, _, _ = select.select([output], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimedOut
        chunk = os.read(output.fileno(), CHUNK)
        if not chunk:
            raise InvocationError("Runtime.ExitError")
        return chunk

    def kill(self) -> None:
        """End the process at once."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


_idle: list[_Worker] = []
_lock = threading.Lock()


def call(target: PythonTarget, arn: str, event: bytes, *, seconds: float) -> bytes:
    """Run a handler and return its answer. Raises FunctionError, InvocationError, TimedOut, BadAnswer."""
    if target.mode == "inline":
        return _inline(target, arn, event, seconds)
    request = orjson.dumps({"path": target.path, "arn": arn, "event": orjson.loads(event), "seconds": seconds})
    worker = _take()
    try:
        line = worker.ask(request, seconds)
    except (TimedOut, InvocationError, BadAnswer):
        worker.kill()
        raise
    _give_back(worker)
    answer = orjson.loads(line)
    if "error" in answer:
        raise FunctionError(answer["error"])
    result: bytes = answer["result"].encode()
    if len(result) > MAX_ANSWER_BYTES:
        raise BadAnswer
    return result


def _inline(target: PythonTarget, arn: str, event: bytes, seconds: float) -> bytes:
    try:
        result = handler.run(target.path, arn, orjson.loads(event), seconds)
    except Exception as error:
        raise FunctionError(str(error)) from error
    try:
        return orjson.dumps(result)
    except orjson.JSONEncodeError:
        raise BadAnswer from None


def _take() -> _Worker:
    with _lock:
        while _idle:
            worker = _idle.pop()
            if worker.process.poll() is None:
                return worker
            worker.kill()
    return _Worker()


def _give_back(worker: _Worker) -> None:
    with _lock:
        if len(_idle) < MAX_IDLE:
            _idle.append(worker)
            return
    worker.kill()


@atexit.register
def stop_all() -> None:
    """End the idle workers."""
    with _lock:
        while _idle:
            _idle.pop().kill()
