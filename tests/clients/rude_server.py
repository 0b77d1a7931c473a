"""A server on loopback that speaks HTTP badly: slow, cut off, endless, or something else altogether."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Behaviour = Callable[["RudeServer", socket.socket], None]

PAUSE = 0.05
OK = b"HTTP/1.1 200 OK\r\n"


@dataclass
class RudeServer:
    """A running server; ``behaviour`` gets each connection when its request was read."""

    behaviour: Behaviour
    listener: socket.socket
    tls: ssl.SSLContext | None = None
    paths: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    news: threading.Condition = field(default_factory=threading.Condition)

    @property
    def url(self) -> str:
        """Return the server's address."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.listener.getsockname()[1]}"

    def heard(self, count: int) -> bool:
        """Wait until so many requests have come, and say whether it were no more."""
        with self.news:
            self.news.wait_for(lambda: len(self.paths) >= count, timeout=30)
        return len(self.paths) == count

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, plain: socket.socket) -> None:
        with suppress(OSError), self.tls.wrap_socket(plain, server_side=True) if self.tls else plain as connection:
            stream = connection.makefile("rb")
            line, length = stream.readline().decode(), 0
            while (header := stream.readline().decode().strip()) != "":
                name, _, value = header.partition(":")
                length = int(value) if name.lower() == "content-length" else length
            stream.read(length)
            with self.news:
                self.paths.append(line.split(" ")[1])
                self.news.notify_all()
            self.behaviour(self, connection)


@contextmanager
def running(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[RudeServer]:
    """Serve until the block ends; whatever still sends stops then."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = RudeServer(behaviour, listener, tls)
        threading.Thread(target=server.serve, daemon=True).start()
        try:
            yield server
        finally:
            server.over.set()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


def silent(server: RudeServer, connection: socket.socket) -> None:
    """Say nothing and keep the connection."""
    server.over.wait(60)


def closing(server: RudeServer, connection: socket.socket) -> None:
    """Close without a word."""


def babbling(server: RudeServer, connection: socket.socket) -> None:
    """Say something that is no HTTP."""
    connection.sendall(b"220 mail.example.com ESMTP\r\n")


def saying(answer: bytes) -> Behaviour:
    """Return a behaviour: send this and close."""

    def send(server: RudeServer, connection: socket.socket) -> None:
        connection.sendall(answer)

    return send


def dripping(start: bytes, drop: bytes = b"x") -> Behaviour:
    """Return a behaviour: after a start, a byte every now and then for ever; no single wait is long."""

    def drip(server: RudeServer, connection: socket.socket) -> None:
        connection.sendall(start)
        while not server.over.wait(PAUSE):
            connection.sendall(drop)

    return drip


def endless(start: bytes, piece: bytes) -> Behaviour:
    """Return a behaviour: after a start, as many bytes as the other side takes."""

    def flood(server: RudeServer, connection: socket.socket) -> None:
        connection.sendall(start)
        while not server.over.is_set():
            connection.sendall(piece)

    return flood


def redirecting(server: RudeServer, connection: socket.socket) -> None:
    """Send to another path of this server, again and again."""
    location = f"{server.url}/{len(server.paths)}"
    connection.sendall(f"HTTP/1.1 307 Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())
