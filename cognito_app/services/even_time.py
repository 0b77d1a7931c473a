"""Answers that take a whole number of steps of time: what was done for a name does not show in how long it took.

For clients that hide who exists: a message to a user is written, and nothing for a name that nobody has.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, TypeAlias, TypeVar

from cognito_app.errors import ServiceError
from cognito_app.services.config import ClientConfig, PoolConfig

STEP_SECONDS = 0.05
P = ParamSpec("P")
R = TypeVar("R")
UseCase: TypeAlias = Callable[Concatenate[PoolConfig, ClientConfig, P], R]


@contextmanager
def answering(client: ClientConfig, *, only_refusals: bool = False) -> Iterator[None]:
    """Let a use case end at the next step, if the client hides who exists; ``only_refusals`` leaves success as it is.

    Never use it in a transaction.
    """
    begun = time.perf_counter()
    try:
        yield
    except ServiceError:
        _wait(client, begun)
        raise
    if not only_refusals:
        _wait(client, begun)


def evenly(*, only_refusals: bool = False) -> Callable[[UseCase[P, R]], UseCase[P, R]]:
    """Return a decorator that runs a use case of a pool and its client within ``answering``."""

    def decorate(use_case: UseCase[P, R]) -> UseCase[P, R]:
        @wraps(use_case)
        def answered(pool: PoolConfig, client: ClientConfig, /, *args: P.args, **kwargs: P.kwargs) -> R:
            with answering(client, only_refusals=only_refusals):
                return use_case(pool, client, *args, **kwargs)

        return answered

    return decorate


def _wait(client: ClientConfig, begun: float) -> None:
    if client.hides_users:
        spent = time.perf_counter() - begun
        time.sleep(STEP_SECONDS - spent % STEP_SECONDS)
