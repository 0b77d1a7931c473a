"""Rules for identity providers beside their details: names, identifiers, the mapping of attributes and levels.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-specifying-attribute-mapping.html
"""

from __future__ import annotations

from collections.abc import Mapping

from cognito_app.errors import InvalidParameterException
from cognito_app.services.config import PoolConfig
from cognito_app.services.provider_details import SOCIAL

LOCAL = "cognito"
SUBJECT_CLAIMS = {
    "Facebook": "id",
    "Google": "sub",
    "LoginWithAmazon": "user_id",
    "SignInWithApple": "sub",
    "OIDC": "sub",
    "SAML": "NameID",
}
NOT_MAPPABLE = frozenset({"sub", "identities"})


def is_local(name: str) -> bool:
    """Whether a provider's name stands for the pool's own users, however it is written."""
    return name.casefold() == LOCAL


def check_name(name: str, kind: str) -> None:
    """A social provider bears the name of its type, and no other provider does. Raises InvalidParameterException."""
    if is_local(name) or (name != kind and (kind in SOCIAL or name in SOCIAL)):
        raise InvalidParameterException(f"Provider {name} cannot be of type {kind}.")


def check_identifiers(identifiers: list[str]) -> None:
    """Raises InvalidParameterException for one that is given twice."""
    if len(set(identifiers)) != len(identifiers):
        raise InvalidParameterException("IdpIdentifiers must be unique.")


def attribute_mapping(pool: PoolConfig, kind: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return the mapping as Describe shows it: ``username`` is always the subject at the provider.

    Raises InvalidParameterException that names what cannot be mapped.
    """
    subject = SUBJECT_CLAIMS[kind]
    invalid = [
        name
        for name, claim in given.items()
        if not claim.strip()
        or name in NOT_MAPPABLE
        or (claim != subject if name == "username" else name not in pool.attributes)
    ]
    if invalid:
        raise InvalidParameterException(f"AttributeMapping contains invalid mapping: [{', '.join(sorted(invalid))}]")
    # AWS adds the mapping of the subject for all but SAML providers.
    return dict(given) if kind == "SAML" else {**given, "username": subject}
