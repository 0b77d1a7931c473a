"""Answers that take a whole number of steps of time: what was done for a name does not show in how long it took.

For clients that hide who exists: a message to a user is written, and nothing for a name that nobody has; a row of a
user is read and unsealed, and a made-up one is not. Each step is longer than what is done in it takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, TypeAlias, TypeVar

from cognito_app.errors import ServiceError
from cognito_app.services.config import ClientConfig, PoolConfig

MESSAGE_STEP = 0.05
"""Seconds, for what stores and sends messages."""
REFUSAL_STEP = 0.005
"""Seconds, for refused sign-ins: a hash, and the records of the try."""
EXCHANGE_STEP = 0.001
"""Seconds, for the first answer of SRP, which hides the row of a user alone."""
P = ParamSpec("P")
R = TypeVar("R")
UseCase: TypeAlias = Callable[Concatenate[PoolConfig, ClientConfig, P], R]


@contextmanager
def answering(client: ClientConfig, *, only_refusals: bool = False, step: float = MESSAGE_STEP) -> Iterator[None]:
    """Let a use case end at the next step, if the client hides who exists; ``only_refusals`` leaves success as it is.

    ``step`` is in seconds. Never use it in a transaction.
    """
    begun = time.perf_counter()
    try:
        yield
    except ServiceError:
        _wait(client, begun, step)
        raise
    if not only_refusals:
        _wait(client, begun, step)


def evenly(*, only_refusals: bool = False) -> Callable[[UseCase[P, R]], UseCase[P, R]]:
    """Return a decorator that runs a use case of a pool and its client within ``answering``."""

    def decorate(use_case: UseCase[P, R]) -> UseCase[P, R]:
        @wraps(use_case)
        def answered(pool: PoolConfig, client: ClientConfig, /, *args: P.args, **kwargs: P.kwargs) -> R:
            with answering(client, only_refusals=only_refusals):
                return use_case(pool, client, *args, **kwargs)

        return answered

    return decorate


def _wait(client: ClientConfig, begun: float, step: float) -> None:
    if client.hides_users:
        spent = time.perf_counter() - begun
        time.sleep(step - spent % step)
