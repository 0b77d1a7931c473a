"""Sign-up, confirmation, forgotten passwords: the public operations of users without a session."""

from __future__ import annotations

from typing import Any

from cognito_app.aws.call import Call
from cognito_app.aws.cognito_idp import present
from cognito_app.aws.registry import operation
from cognito_app.services import attributes, clients, context_data, recovery, sign_up
from cognito_app.services.sign_in import auto


@operation("SignUp")
def sign_up_user(
    call: Call,
    *,
    ClientId: str,
    Username: str,
    Password: str | None = None,
    SecretHash: str | None = None,
    UserAttributes: list[dict[str, str]] | None = None,
    UserContextData: dict[str, Any] | None = None,
    ValidationData: list[dict[str, str]] | None = None,
    ClientMetadata: dict[str, str] | None = None,
    **unused: Any,
) -> dict[str, Any]:
    clients.verify_secret_hash(call.client, [Username], SecretHash)
    actor = context_data.of_user(call.pool, call.client, call.actor, UserContextData)
    registered = sign_up.register(
        call.pool,
        call.client,
        actor,
        username=Username,
        password=Password,
        given=attributes.from_wire(UserAttributes),
        validation_data=attributes.from_wire(ValidationData),
        metadata=ClientMetadata,
    )
    delivery = registered.delivery
    return {
        "UserConfirmed": sign_up.is_confirmed(registered.user),
        "CodeDeliveryDetails": present.code_delivery(delivery) if delivery else None,
        "UserSub": registered.user.sub,
        "Session": auto.after_sign_up(call.pool, call.client, registered.user),
    }


@operation("ConfirmSignUp")
def confirm_sign_up(
    call: Call,
    *,
    ClientId: str,
    Username: str,
    ConfirmationCode: str,
    SecretHash: str | None = None,
    ForceAliasCreation: bool = False,
    Session: str | None = None,
    UserContextData: dict[str, Any] | None = None,
    ClientMetadata: dict[str, str] | None = None,
    **unused: Any,
) -> dict[str, Any]:
    clients.verify_secret_hash(call.client, [Username], SecretHash)
    actor = context_data.of_user(call.pool, call.client, call.actor, UserContextData)
    session = auto.check(call.client, Session)
    user = sign_up.confirm(
        call.pool,
        call.client,
        actor,
        username=Username,
        code=ConfirmationCode,
        force_alias=ForceAliasCreation,
        metadata=ClientMetadata,
    )
    return {"Session": auto.after_confirmation(call.pool, call.client, session, user)}


@operation("ResendConfirmationCode")
def resend_confirmation_code(
    call: Call,
    *,
    ClientId: str,
    Username: str,
    SecretHash: str | None = None,
    UserContextData: dict[str, Any] | None = None,
    ClientMetadata: dict[str, str] | None = None,
    **unused: Any,
) -> dict[str, Any]:
    clients.verify_secret_hash(call.client, [Username], SecretHash)
    actor = context_data.of_user(call.pool, call.client, call.actor, UserContextData)
    details = sign_up.resend(call.pool, call.client, actor, username=Username, metadata=ClientMetadata)
    return {"CodeDeliveryDetails": present.code_delivery(details)}


@operation("ForgotPassword")
def forgot_password(
    call: Call,
    *,
    ClientId: str,
    Username: str,
    SecretHash: str | None = None,
    UserContextData: dict[str, Any] | None = None,
    ClientMetadata: dict[str, str] | None = None,
    **unused: Any,
) -> dict[str, Any]:
    clients.verify_secret_hash(call.client, [Username], SecretHash)
    actor = context_data.of_user(call.pool, call.client, call.actor, UserContextData)
    details = recovery.forgot(call.pool, call.client, actor, username=Username, metadata=ClientMetadata)
    return {"CodeDeliveryDetails": present.code_delivery(details)}


@operation("ConfirmForgotPassword")
def confirm_forgot_password(
    call: Call,
    *,
    ClientId: str,
    Username: str,
    ConfirmationCode: str,
    Password: str,
    SecretHash: str | None = None,
    UserContextData: dict[str, Any] | None = None,
    ClientMetadata: dict[str, str] | None = None,
    **unused: Any,
) -> dict[str, Any]:
    clients.verify_secret_hash(call.client, [Username], SecretHash)
    actor = context_data.of_user(call.pool, call.client, call.actor, UserContextData)
    recovery.confirm_forgot(
        call.pool,
        call.client,
        actor,
        username=Username,
        code=ConfirmationCode,
        password=Password,
        metadata=ClientMetadata,
    )
    return {}
