"""Servers on loopback that triggers call: one that speaks the Lambda Invoke API, one that takes signed webhooks."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote


@dataclass
class Received:
    """A request as the server saw it."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> Any:
        """The event in the body."""
        return json.loads(self.body)


@dataclass
class Answer:
    """What the server answers."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    hang: bool = False


@dataclass
class Endpoint:
    """A running server; ``answer`` may be replaced at any time."""

    url: str
    answer: Callable[[Received], Answer]
    received: list[Received] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def events(self, source: str = "") -> list[Any]:
        """Return the events received, those of one source if it is given."""
        return [r.event for r in self.received if not source or r.event["triggerSource"] == source]


def unchanged(received: Received) -> Answer:
    """Answer with the event as it came."""
    return Answer(body=received.event)


@contextmanager
def running(answer: Callable[[Received], Answer] = unchanged) -> Iterator[Endpoint]:
    """Serve on a free port of loopback until the block ends; hanging answers are let go then."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body are two writes: the second would wait 40 ms for the client's delayed acknowledgement.
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            received = Received(path=unquote(self.path), headers=headers, body=body)
            endpoint.received.append(received)
            self._send(endpoint.answer(received))

        def _send(self, given: Answer) -> None:
            if given.hang:
                endpoint.released.wait(60)
                self.close_connection = True
                return
            content = given.raw if given.raw is not None else json.dumps(given.body).encode()
            self.send_response(given.status)
            for name, value in given.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            try:
                self.wfile.write(content)
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    endpoint = Endpoint(url=f"http://127.0.0.1:{server.server_address[1]}", answer=answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
