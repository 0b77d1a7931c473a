"""What a user can sign in with: first factors of choice-based sign-in.

Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUserAuthFactors.html
"""

from __future__ import annotations

from cognito_app.models import PoolUser, WebAuthnCredential
from cognito_app.services.config import PoolConfig

CONTACT_OF = {"EMAIL_OTP": "email", "SMS_OTP": "phone_number"}


def configured(pool: PoolConfig, user: PoolUser) -> list[str]:
    """Return the first factors that the user has: a password, contacts that the pool sends codes to, passkeys."""
    found = ["PASSWORD"] if user.password_hash is not None else []
    found += [
        factor
        for factor, contact in CONTACT_OF.items()
        if factor in pool.first_factors and user.attributes.get(contact)
    ]
    if WebAuthnCredential.objects.filter(user=user).exists():
        found.append("WEB_AUTHN")
    return found
