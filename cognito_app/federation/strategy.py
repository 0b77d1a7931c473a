"""One sign-in as social-auth-core sees it: settings of one provider, a memory of its own, no users and no pipeline.

Source: https://python-social-auth.readthedocs.io/en/latest/strategies.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from social_core.backends.base import BaseAuth
from social_core.storage import AssociationMixin, BaseStorage, NonceMixin
from social_core.strategy import BaseStrategy

from cognito_app.core import secrets


class _Nonce(NonceMixin):
    """``state`` is stored and spent by the caller, before an answer is looked at."""

    @classmethod
    def use(cls, server_url: str, timestamp: Any, salt: str) -> bool:
        """Take a new value."""
        return True

    @classmethod
    def consume(cls, server_url: str, timestamp: int, salt: str) -> bool:
        """Spend a value."""
        return True


class _Association(AssociationMixin):
    """Nonces live in the memory of the sign-in, and nowhere else."""

    @classmethod
    def store(cls, server_url: str, association: Any) -> None:
        """Keep nothing."""


class _Storage(BaseStorage):
    nonce = _Nonce
    association = _Association


class ProviderStrategy(BaseStrategy[Any]):
    """Settings, memory and request of one sign-in at one provider."""

    def __init__(
        self, settings: Mapping[str, Any], state: str, memory: dict[str, Any], answer: Mapping[str, str]
    ) -> None:
        super().__init__(_Storage)
        self.settings = settings
        self.state = state
        self.memory = memory
        self.answer = dict(answer)

    def get_setting(self, name: str) -> Any:
        """Return a setting of the provider; nothing comes from Django's settings."""
        return self.settings[name]

    def get_request_data(self, merge: bool = True) -> dict[str, Any]:
        """Return the parameters of the provider's answer."""
        return self.answer

    def session_get(self, name: str, default: Any = None) -> Any:
        """Return what this sign-in remembers."""
        return self.memory.get(name, default)

    def session_set(self, name: str, value: Any) -> None:
        """Let this sign-in remember something."""
        self.memory[name] = value

    def session_pop(self, name: str) -> Any:
        """Forget something."""
        return self.memory.pop(name, None)

    def build_absolute_uri(self, path: str | None = None) -> str:
        """Return the redirect URI, which is absolute already."""
        return path or ""

    def random_string(self, length: int = 12, chars: str = BaseStrategy.ALLOWED_CHARS) -> str:
        """Return a random text, from the one source of randomness."""
        return secrets.alphanumeric(length, chars)

    def authenticate(self, backend: BaseAuth[Any], *args: Any, **kwargs: Any) -> Any:
        """Return what the provider said: who that is here is not this library's matter."""
        return kwargs["response"]
