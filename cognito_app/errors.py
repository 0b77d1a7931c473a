"""Every error a use case may raise: the class name is the code on the wire.

Source of the codes: the ``exception`` shapes of botocore's service models; of the protocol-level ones:
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations


class ServiceError(Exception):
    """An answer that is an error, raised anywhere below the faces.

    ``message`` is public text; ``status`` is the HTTP status of the JSON faces; ``extra`` holds further members of
    the error's shape (for example ``reasonCode``).
    """

    status: int = 400
    default_message: str = ""

    def __init__(self, message: str | None = None, **extra: str) -> None:
        self.message = self.default_message if message is None else message
        self.extra = extra
        super().__init__(self.message)

    @property
    def code(self) -> str:
        """The name on the wire."""
        return type(self).__name__


# Errors of the user pools model.
class AliasExistsException(ServiceError): ...


class CodeDeliveryFailureException(ServiceError): ...


class CodeMismatchException(ServiceError):
    default_message = "Invalid verification code provided, please try again."


class ConcurrentModificationException(ServiceError): ...


class DeviceKeyExistsException(ServiceError): ...


class DuplicateProviderException(ServiceError): ...


class EnableSoftwareTokenMFAException(ServiceError):
    default_message = "Code mismatch and fail enable Software Token MFA"


class ExpiredCodeException(ServiceError):
    default_message = "Invalid code provided, please request a code again."


class FeatureUnavailableInTierException(ServiceError): ...


class ForbiddenException(ServiceError):
    status = 403


class GroupExistsException(ServiceError): ...


class InternalErrorException(ServiceError):
    status = 500


class InvalidEmailRoleAccessPolicyException(ServiceError): ...


class InvalidLambdaResponseException(ServiceError): ...


class InvalidOAuthFlowException(ServiceError): ...


class InvalidParameterException(ServiceError): ...


class InvalidPasswordException(ServiceError): ...


class InvalidSmsRoleAccessPolicyException(ServiceError): ...


class InvalidSmsRoleTrustRelationshipException(ServiceError): ...


class InvalidUserPoolConfigurationException(ServiceError): ...


class LimitExceededException(ServiceError):
    default_message = "Attempt limit exceeded, please try after some time."


class ManagedLoginBrandingExistsException(ServiceError): ...


class MFAMethodNotFoundException(ServiceError): ...


class NotAuthorizedException(ServiceError): ...


class OperationNotEnabledException(ServiceError): ...


class PasswordHistoryPolicyViolationException(ServiceError):
    default_message = "Password has previously been used"


class PasswordResetRequiredException(ServiceError):
    default_message = "Password reset required for the user"


class PreconditionNotMetException(ServiceError): ...


class RefreshTokenReuseException(ServiceError):
    default_message = "Refresh token has been reused"


class ResourceConflictException(ServiceError): ...


class ResourceNotFoundException(ServiceError): ...


class ScopeDoesNotExistException(ServiceError): ...


class ServiceQuotaExceededException(ServiceError): ...


class SoftwareTokenMFANotFoundException(ServiceError):
    default_message = "Software Token MFA has not been enabled by the userPool"


class TermsExistsException(ServiceError): ...


class TierChangeNotAllowedException(ServiceError): ...


class TooManyFailedAttemptsException(ServiceError): ...


class TooManyRequestsException(ServiceError):
    """``retry_seconds`` is when to come again; pages tell it as ``Retry-After``."""

    default_message = "Rate exceeded"
    retry_seconds: int = 1


class UnauthorizedException(ServiceError): ...


class UnexpectedLambdaException(ServiceError): ...


class UnsupportedIdentityProviderException(ServiceError): ...


class UnsupportedOperationException(ServiceError): ...


class UnsupportedTokenTypeException(ServiceError): ...


class UnsupportedUserStateException(ServiceError): ...


class UserImportInProgressException(ServiceError): ...


class UserLambdaValidationException(ServiceError): ...


class UserNotConfirmedException(ServiceError):
    default_message = "User is not confirmed."


class UserNotFoundException(ServiceError):
    default_message = "User does not exist."


class UserPoolAddOnNotEnabledException(ServiceError):
    default_message = "Threat protection is not enabled for this user pool."


class UserPoolTaggingException(ServiceError): ...


class WebAuthnChallengeNotFoundException(ServiceError): ...


class WebAuthnClientMismatchException(ServiceError): ...


class WebAuthnConfigurationMissingException(ServiceError): ...


class WebAuthnCredentialNotSupportedException(ServiceError): ...


class WebAuthnNotEnabledException(ServiceError): ...


class WebAuthnOriginNotAllowedException(ServiceError): ...


class WebAuthnRelyingPartyMismatchException(ServiceError): ...


class UsernameExistsException(ServiceError):
    default_message = "User already exists"


# Errors of the identity pools model.
class DeveloperUserAlreadyRegisteredException(ServiceError): ...


class ExternalServiceException(ServiceError): ...


class InvalidIdentityPoolConfigurationException(ServiceError):
    default_message = "Invalid identity pool configuration. Check assigned IAM roles for this pool."


# Errors of the KMS model.
class IncorrectKeyException(ServiceError): ...


class InvalidCiphertextException(ServiceError): ...


class NotFoundException(ServiceError): ...


# Errors of the protocols, which no model lists.
class AccessDeniedException(ServiceError): ...


class ExpiredTokenException(ServiceError):
    default_message = "The security token included in the request is expired"


class IncompleteSignatureException(ServiceError): ...


class InvalidSignatureException(ServiceError):
    default_message = (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. Consult the service documentation for details."
    )


class MissingAuthenticationTokenException(ServiceError):
    default_message = "Missing Authentication Token"


class NotImplementedException(ServiceError):
    """Ours: the operation is in AWS's model and has no handler here yet."""

    status = 501


class SerializationException(ServiceError): ...


class UnknownOperationException(ServiceError): ...


class UnrecognizedClientException(ServiceError):
    default_message = "The security token included in the request is invalid."


class ValidationException(ServiceError): ...


# Errors of STS, which speak the query protocol's spellings.
class AccessDenied(ServiceError):
    status = 403


class ExpiredWebIdentityToken(ServiceError):
    """An identity token past its time; STS spells it unlike an expired session."""

    @property
    def code(self) -> str:
        """The name on the wire."""
        return "ExpiredTokenException"


class IDPCommunicationError(ServiceError): ...


class IDPRejectedClaim(ServiceError):
    status = 403


class InvalidIdentityToken(ServiceError): ...


class MalformedPolicyDocument(ServiceError): ...


class PackedPolicyTooLarge(ServiceError): ...


class ValidationError(ServiceError): ...


class InvalidAction(ServiceError): ...


# Errors of IAM, which speaks the query protocol too.
class DeleteConflict(ServiceError):
    status = 409


class EntityAlreadyExists(ServiceError):
    status = 409


class InvalidInput(ServiceError): ...


class LimitExceeded(ServiceError):
    status = 409


class NoSuchEntity(ServiceError):
    status = 404


class PolicyNotAttachable(ServiceError): ...


class UnmodifiableEntity(ServiceError): ...
