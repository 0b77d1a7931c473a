"""Codes for the custom senders, encrypted as messages of the AWS Encryption SDK.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-custom-sender-triggers.html
"""

from __future__ import annotations

import base64
import io
import json
from functools import lru_cache
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.exceptions import BotoCoreError, ClientError

from cognito_app.conf import app_settings
from cognito_app.core import data_keys, secrets
from cognito_app.errors import UnexpectedLambdaException

CONTEXT_KEY = "userpool-id"
DATA_KEY_BYTES = 32


def encrypt(code: str, key_arn: str, pool_id: str, trigger: str) -> str:
    """Return base64 of the encrypted code. Raises UnexpectedLambdaException."""
    try:
        import aws_encryption_sdk as sdk
        from aws_encryption_sdk.key_providers.kms import KMSMasterKey, KMSMasterKeyConfig
    except ImportError:
        raise UnexpectedLambdaException(
            f"{trigger} invocation failed due to error: the extra 'lambda' is not installed."
        ) from None
    client = sdk.EncryptionSDKClient(commitment_policy=sdk.CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
    master = KMSMasterKey(config=KMSMasterKeyConfig(key_id=key_arn, client=_kms(_endpoint(), key_arn.split(":")[3])))
    try:
        # The smallest suite that every commitment policy of the handlers' SDKs can open.
        message, _ = client.encrypt(
            source=code.encode(),
            key_provider=master,
            encryption_context={CONTEXT_KEY: pool_id},
            algorithm=sdk.Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
        )
    except (BotoCoreError, ClientError, sdk.exceptions.AWSEncryptionSDKClientError) as error:
        raise UnexpectedLambdaException(f"{trigger} invocation failed due to error {type(error).__name__}.") from None
    return base64.b64encode(message).decode()


def _endpoint() -> str | None:
    """``COGNITO["TRIGGERS"]["kms"]``: a KMS by its URL, or ``aws``; without it the installation's own keys serve."""
    given: str | None = app_settings.triggers.get("kms")
    return given


@lru_cache(maxsize=8)
def _kms(endpoint: str | None, region: str) -> Any:
    make: Any = boto3.client
    if endpoint == "aws":
        return make("kms", region_name=region)
    if endpoint is not None:
        return make("kms", region_name=region, endpoint_url=endpoint)
    here = make(
        "kms",
        region_name=region,
        endpoint_url="http://localhost",
        aws_access_key_id="-",
        aws_secret_access_key="-",  # noqa: S106  # no request leaves the process
    )
    here.meta.events.register("before-send.kms.GenerateDataKey", _answer_here)
    return here


def _answer_here(request: Any, **unused: Any) -> AWSResponse:
    """Answer GenerateDataKey in this process: the SDK wants a client of botocore's, our keys need no network."""
    asked = json.loads(request.body)
    plaintext = secrets.token_bytes(asked.get("NumberOfBytes", DATA_KEY_BYTES))
    blob = data_keys.wrap(plaintext, asked["KeyId"], asked.get("EncryptionContext", {}))
    answer = {
        "KeyId": asked["KeyId"],
        "Plaintext": base64.b64encode(plaintext).decode(),
        "CiphertextBlob": base64.b64encode(blob).decode(),
    }
    response: Any = AWSResponse
    made: AWSResponse = response(request.url, 200, HeadersDict(), _Body(json.dumps(answer).encode()))
    return made


class _Body(io.BytesIO):
    """What botocore expects below a response."""

    def stream(self, *args: Any, **kwargs: Any) -> Any:
        """Yield the body."""
        yield self.read()
