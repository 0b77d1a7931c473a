"""Beginning and completing a sign-in at a social or OpenID Connect provider."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from social_core.exceptions import SocialAuthBaseException

from cognito_app.federation.backends import BACKENDS, Said
from cognito_app.federation.strategy import ProviderStrategy


class ProviderError(Exception):
    """The provider or its answer ended the sign-in.

    ``stage`` is ``begin``, ``callback``, ``token_exchange``, ``token_validation`` or ``user_info``; ``reason`` is
    ``timeout``, ``connection_failed``, or what else social-auth-core says; ``status`` and ``provider_code`` come from
    the provider's answer.
    """

    def __init__(
        self, stage: str, reason: str, *, status: int | None = None, provider_code: str = "", claim: str = ""
    ) -> None:
        super().__init__(f"{stage}: {reason}")
        self.stage = stage
        self.reason = reason
        self.status = status
        self.provider_code = provider_code
        self.claim = claim


@dataclass(frozen=True, slots=True)
class Relation:
    """A provider as one sign-in deals with it; ``settings`` bear social-auth-core's names.

    ``verify`` returns the claims of an ID token whose signature, issuer, audience and times it checked, and raises
    ProviderError.
    """

    kind: str
    settings: Mapping[str, Any] = field(repr=False)
    redirect_uri: str
    verify: Callable[[str], dict[str, Any]]


def begin(relation: Relation, state: str) -> tuple[str, dict[str, Any]]:
    """Return where the browser goes, and what the sign-in must remember. Raises ProviderError."""
    memory: dict[str, Any] = {}
    with _translated():
        return str(_backend(relation, state, memory, {}).auth_url()), memory


def complete(relation: Relation, state: str, memory: Mapping[str, Any], answer: Mapping[str, str]) -> Said:
    """Exchange the code of an answer, check what comes for it, and return what the provider said.

    ``state`` and the browser must have been checked, and the sign-in be spent. Raises ProviderError.
    """
    with _translated():
        said = _backend(relation, state, dict(memory), answer).auth_complete()
        assert isinstance(said, Said)
        return said


def _backend(relation: Relation, state: str, memory: dict[str, Any], answer: Mapping[str, str]) -> Any:
    settings = {**relation.settings, "VERIFY": relation.verify}
    # The backends look for settings under longer names first (SOCIAL_AUTH_OIDC_KEY); those do not exist here.
    strategy = ProviderStrategy(settings, state, memory, answer)
    return BACKENDS[relation.kind](strategy, relation.redirect_uri)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the library's exceptions into one."""
    try:
        yield
    except SocialAuthBaseException as error:
        raise ProviderError(
            str(error.stage),
            str(error.code),
            status=error.status_code,
            provider_code=str(error.provider_code or ""),
            claim=str(error.claim or ""),
        ) from None
