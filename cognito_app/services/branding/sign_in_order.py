"""In which order a style's sign-in page offers its ways: providers before or after the form, and which provider first.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/managed-login-brandingeditor.html (authentication
behavior)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SignInOrder:
    """Whether providers' buttons stand before the form, and the names of those that come first."""

    providers_first: bool = True
    first_names: tuple[str, ...] = ()

    def sort(self, names: Iterable[str]) -> list[str]:
        """Return providers' names: those that the style names in its order, then the others as they were."""
        given = list(names)
        wanted = [name for name in self.first_names if name in given]
        return wanted + [name for name in given if name not in wanted]


def of(settings: Mapping[str, Any]) -> SignInOrder:
    """Read ``authMethodOrder`` (groups of methods, as they stand on the page) and ``federation.order``."""
    auth = settings["categories"]["auth"]
    kinds = [method.get("type") for group in auth["authMethodOrder"] for method in group]
    form = kinds.index("USERNAME_PASSWORD") if "USERNAME_PASSWORD" in kinds else len(kinds)
    names = dict.fromkeys(auth["federation"]["order"])
    return SignInOrder(providers_first="FEDERATED" in kinds[:form], first_names=tuple(names))
