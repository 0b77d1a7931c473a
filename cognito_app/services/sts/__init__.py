"""The security token service: temporary credentials for tokens, assertions, roles and users.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html
"""

from cognito_app.services.sts.identity import assume
from cognito_app.services.sts.minting import Minted

__all__ = ["Minted", "assume"]
