"""The category in which each user pools operation is counted.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html#category_operations. Below the marks stand
operations that AWS's table leaves out; they are counted with what they resemble.
"""

from __future__ import annotations

_LISTED = """
UserAuthentication:
    InitiateAuth AdminInitiateAuth RespondToAuthChallenge AdminRespondToAuthChallenge GetTokensFromRefreshToken
    # GetDerivedToken
UserCreation:
    SignUp ConfirmSignUp AdminCreateUser AdminConfirmSignUp
UserAccountRecovery:
    ChangePassword ForgotPassword ConfirmForgotPassword AdminResetUserPassword AdminSetUserPassword
UserRead:
    GetUser AdminGetUser AdminGetUserAuthFactors
    # GetUserAuthFactors ListUserSessions AdminListUserSessions
UserUpdate:
    AdminAddUserToGroup AdminRemoveUserFromGroup AdminDeleteUser DeleteUser AdminUpdateUserAttributes
    UpdateUserAttributes AdminDeleteUserAttributes DeleteUserAttributes AdminDisableUser AdminEnableUser
    AdminLinkProviderForUser AdminDisableProviderForUser VerifyUserAttribute AdminUserGlobalSignOut GlobalSignOut
    # RevokeUserSession AdminRevokeUserSession
UserToken:
    RevokeToken
UserResourceRead:
    AdminGetDevice GetDevice AdminListDevices ListDevices AdminListGroupsForUser GetUserAttributeVerificationCode
    ResendConfirmationCode AdminListUserAuthEvents
    # ListWebAuthnCredentials
UserResourceUpdate:
    ConfirmDevice AdminForgetDevice ForgetDevice AdminUpdateDeviceStatus UpdateDeviceStatus
    AdminUpdateAuthEventFeedback UpdateAuthEventFeedback AdminSetUserMFAPreference SetUserMFAPreference
    AdminSetUserSettings SetUserSettings AssociateSoftwareToken VerifySoftwareToken
    # AdminDeleteSoftwareToken StartWebAuthnRegistration CompleteWebAuthnRegistration DeleteWebAuthnCredential
UserList:
    ListUsers ListUsersInGroup
UserPoolRead:
    DescribeUserPool ListUserPools
    # ListUserPoolReplicas DescribePointInTimeRecovery ListPointInTimeRecoveries
UserPoolUpdate:
    CreateUserPool UpdateUserPool DeleteUserPool
    # CreateUserPoolReplica UpdateUserPoolReplica DeleteUserPoolReplica
    # InitiatePointInTimeRecovery StartPointInTimeRecovery CancelPointInTimeRecovery
UserPoolResourceRead:
    DescribeIdentityProvider DescribeResourceServer DescribeUserImportJob DescribeUserPoolDomain GetCSVHeader GetGroup
    GetSigningCertificate GetIdentityProviderByIdentifier GetUserPoolMfaConfig ListGroups ListIdentityProviders
    ListResourceServers ListTagsForResource ListUserImportJobs DescribeRiskConfiguration GetUICustomization
    DescribeManagedLoginBranding DescribeManagedLoginBrandingByClient
    # DescribeTerms DescribeTermsByClient ListTerms GetLogDeliveryConfiguration GetUserPoolSessionConfiguration
    # DescribeCIMDPolicy ListCIMDPolicies
UserPoolResourceUpdate:
    AddCustomAttributes CreateGroup CreateIdentityProvider CreateResourceServer CreateUserImportJob
    CreateUserPoolDomain DeleteGroup DeleteIdentityProvider DeleteResourceServer DeleteUserPoolDomain
    SetUserPoolMfaConfig StartUserImportJob StopUserImportJob UpdateGroup UpdateIdentityProvider UpdateResourceServer
    UpdateUserPoolDomain SetRiskConfiguration SetUICustomization TagResource UntagResource CreateManagedLoginBranding
    UpdateManagedLoginBranding DeleteManagedLoginBranding
    # CreateTerms UpdateTerms DeleteTerms SetLogDeliveryConfiguration SetUserPoolSessionConfiguration
    # CreateCIMDPolicy UpdateCIMDPolicy DeleteCIMDPolicy
UserPoolClientRead:
    DescribeUserPoolClient ListUserPoolClients
    # ListUserPoolClientSecrets GetUserPoolClientSessionConfiguration ListClientMetadataURLs
UserPoolClientUpdate:
    CreateUserPoolClient UpdateUserPoolClient DeleteUserPoolClient
    # AddUserPoolClientSecret DeleteUserPoolClientSecret SetUserPoolClientSessionConfiguration
    # UpdateClientMetadataURLState
ClientAuthentication:
    # GetClientToken
LimitManagement:
    GetProvisionedLimit UpdateProvisionedLimit
"""

READS = ("Describe", "Get", "List")


def _read(text: str) -> dict[str, str]:
    found, category = {}, ""
    for word in text.replace("#", " ").split():
        if word.endswith(":"):
            category = word[:-1]
        else:
            found[word] = category
    return found


CATEGORY_OF = _read(_LISTED)
OPERATION_LIMITS = {"TagResource": 5, "UntagResource": 5, "ListTagsForResource": 5}
"""Operations that are also held to so many requests a second in the whole installation."""


def category_of(operation: str) -> str:
    """Return an operation's category; one that is newer than this table counts as a resource of the pool."""
    fallback = "UserPoolResourceRead" if operation.startswith(READS) else "UserPoolResourceUpdate"
    return CATEGORY_OF.get(operation, fallback)
