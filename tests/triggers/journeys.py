"""What users and administrators do, so that every trigger fires; the pools have every function that fits."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from django.test import Client
from pycognito import AWSSRP
from pytest_django import Settings

from tests.agents import FIREFOX_LINUX, trust_one_proxy
from tests.aws.mfa import DEVELOPER, PHONE, SMS_CONFIGURATION
from tests.clients import devices
from tests.conftest import FLOWS, PASSWORD, App, Inbox, make_app, refused
from tests.oauth.browser import Site
from tests.threats import AWAY, HOME, add_ons, takeover
from tests.threats import sign_in as sign_in_from
from tests.triggers.functions_of_pool import arn, lambda_config

SENT = {"from": "app"}
OTHER = "Another-Horse-9!"
KEY = "arn:aws:kms:us-east-1:000000000000:key/0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
LOCAL = (
    "PreSignUp",
    "PostConfirmation",
    "PreAuthentication",
    "PostAuthentication",
    "PreTokenGeneration",
    "CustomMessage",
    "UserMigration",
    "DefineAuthChallenge",
    "CreateAuthChallenge",
    "VerifyAuthChallengeResponse",
)
SENDERS = {
    **{name: {"LambdaVersion": "V1_0", "LambdaArn": arn(name)} for name in ("CustomEmailSender", "CustomSMSSender")},
    "KMSKeyID": KEY,
}


def pool(idp: Any, inbox: Inbox, **settings: Any) -> App:
    """Make a pool with every function but the senders, and a client that says who exists."""
    app = make_app(idp, inbox, **{"LambdaConfig": lambda_config(*LOCAL), **settings})
    flows = [*FLOWS, "ALLOW_CUSTOM_AUTH"]
    app.client_id = app.client(ExplicitAuthFlows=flows, PreventUserExistenceErrors="LEGACY")["ClientId"]
    return app


def user(app: App, name: str = "ann", **attributes: str) -> None:
    """Make a user with a password and no message."""
    given = [{"Name": key, "Value": value} for key, value in attributes.items()]
    who = {"UserPoolId": app.pool_id, "Username": name}
    app.idp.admin_create_user(**who, UserAttributes=given, MessageAction="SUPPRESS")
    app.idp.admin_set_user_password(**who, Password=PASSWORD, Permanent=True)


def start(app: App, name: str = "ann", client_id: str | None = None) -> Any:
    """Begin a sign-in by password with metadata."""
    return app.idp.initiate_auth(
        ClientId=client_id or app.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD},
        ClientMetadata=SENT,
    )


def answer(app: App, challenge: Any, name: str = "ann", **answers: str) -> Any:
    """Answer a challenge with metadata."""
    return app.idp.respond_to_auth_challenge(
        ClientId=app.client_id,
        ChallengeName=challenge["ChallengeName"],
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": name, **answers},
        ClientMetadata=SENT,
    )


def sign_up(idp: Any, inbox: Inbox, settings: Settings) -> None:
    """Register with a code, at once, and with an administrator's help."""
    app = pool(idp, inbox)
    attributes = [{"Name": "email", "Value": "ann@example.com"}, {"Name": "phone_number", "Value": PHONE}]
    given = {"ClientId": app.client_id, "Password": PASSWORD}
    data = [{"Name": "captcha", "Value": "42"}]
    idp.sign_up(**given, Username="ann", UserAttributes=attributes, ValidationData=data, ClientMetadata=SENT)
    idp.resend_confirmation_code(ClientId=app.client_id, Username="ann", ClientMetadata=SENT)
    code = inbox.code("ann@example.com")
    idp.confirm_sign_up(ClientId=app.client_id, Username="ann", ConfirmationCode=code, ClientMetadata=SENT)
    idp.sign_up(**given, Username="auto", UserAttributes=[{"Name": "email", "Value": "auto@example.com"}])
    idp.sign_up(**given, Username="bob", UserAttributes=[{"Name": "email", "Value": "bob@example.com"}])
    idp.admin_confirm_sign_up(UserPoolId=app.pool_id, Username="bob", ClientMetadata=SENT)


def invitation(idp: Any, inbox: Inbox, settings: Settings) -> None:
    """Be invited, invited again, and choose a password."""
    app = pool(idp, inbox)
    who = {"UserPoolId": app.pool_id, "Username": "eve", "DesiredDeliveryMediums": ["EMAIL"]}
    idp.admin_create_user(
        **who,
        TemporaryPassword=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": "eve@example.com"}],
        ValidationData=[{"Name": "captcha", "Value": "42"}],
        ClientMetadata=SENT,
    )
    idp.admin_create_user(**who, TemporaryPassword=PASSWORD, MessageAction="RESEND")
    assert answer(app, start(app, "eve"), "eve", NEW_PASSWORD=OTHER)["AuthenticationResult"]


def passwords(idp: Any, inbox: Inbox, settings: Settings) -> None:
    """Forget the password; an administrator resets it."""
    app = pool(idp, inbox)
    user(app, email="ann@example.com", email_verified="true")
    who = {"ClientId": app.client_id, "Username": "ann"}
    idp.forgot_password(**who, ClientMetadata=SENT)
    code = inbox.code("ann@example.com")
    idp.confirm_forgot_password(**who, ConfirmationCode=code, Password=OTHER, ClientMetadata=SENT)
    idp.admin_reset_user_password(UserPoolId=app.pool_id, Username="ann", ClientMetadata=SENT)


def attributes(idp: Any, inbox: Inbox, settings: Settings) -> None:
    """Verify an address, change it, have it changed."""
    app = pool(idp, inbox)
    user(app, email="ann@example.com")
    token = start(app)["AuthenticationResult"]["AccessToken"]
    idp.get_user_attribute_verification_code(AccessToken=token, AttributeName="email", ClientMetadata=SENT)
    new = [{"Name": "email", "Value": "new@example.com"}]
    idp.update_user_attributes(AccessToken=token, UserAttributes=new, ClientMetadata=SENT)
    who = {"UserPoolId": app.pool_id, "Username": "ann"}
    third = [{"Name": "email", "Value": "third@example.com"}]
    idp.admin_update_user_attributes(**who, UserAttributes=third, ClientMetadata=SENT)


def sign_in(idp: Any, inbox: Inbox, settings: Settings) -> None:
    """Sign in by password and by SRP, renew tokens, try names that nobody has."""
    app = pool(idp, inbox)
    user(app, email="ann@example.com", email_verified="true")
    renewal = start(app)["AuthenticationResult"]["RefreshToken"]
    flow = {"AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": renewal}}
    idp.initiate_auth(ClientId=app.client_id, **flow, ClientMetadata=SENT)
    idp.get_tokens_from_refresh_token(ClientId=app.client_id, RefreshToken=renewal, ClientMetadata=SENT)
    assert AWSSRP("ann", PASSWORD, app.pool_id, app.client_id, client=idp).authenticate_user(client_metadata=SENT)
    hiding = app.client(PreventUserExistenceErrors="ENABLED")["ClientId"]
    assert start(app, client_id=hiding)["AuthenticationResult"]
    with refused("NotAuthorizedException"):
        start(app, "nobody", hiding)


def migration(idp: Any, inbox: Inbox, settings: Settings) -> None:
    """Come over from elsewhere, at sign-in and with a forgotten password."""
    app = pool(idp, inbox)
    assert start(app, "moved-1")["AuthenticationResult"]
    idp.forgot_password(ClientId=app.client_id, Username="moved-2", ClientMetadata=SENT)


def custom(idp: Any, inbox: Inbox, settings: Settings) -> None:
    """Say a word, wrong and right, without and with the password; nobody says it as well."""
    app = pool(idp, inbox)
    user(app, email="ann@example.com", email_verified="true")
    flow: dict[str, Any] = {"ClientId": app.client_id, "AuthFlow": "CUSTOM_AUTH", "ClientMetadata": SENT}
    asked = idp.initiate_auth(**flow, AuthParameters={"USERNAME": "ann"})
    asked = answer(app, asked, ANSWER="herring")
    assert answer(app, asked, ANSWER="swordfish")["AuthenticationResult"]
    helper = AWSSRP("ann", PASSWORD, app.pool_id, app.client_id, client=idp)
    first = {"USERNAME": "ann", "CHALLENGE_NAME": "SRP_A", "SRP_A": helper.get_auth_params()["SRP_A"]}
    asked = idp.initiate_auth(**flow, AuthParameters=first)
    proof = helper.process_challenge(asked["ChallengeParameters"], {"USERNAME": "ann"})
    asked = idp.respond_to_auth_challenge(
        ClientId=app.client_id, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=proof, ClientMetadata=SENT
    )
    assert answer(app, asked, ANSWER="swordfish")["AuthenticationResult"]
    hiding = app.client(ExplicitAuthFlows=["ALLOW_CUSTOM_AUTH"], PreventUserExistenceErrors="ENABLED")["ClientId"]
    app.client_id = hiding
    asked = idp.initiate_auth(**{**flow, "ClientId": hiding}, AuthParameters={"USERNAME": "nobody"})
    with refused("NotAuthorizedException"):
        answer(app, asked, "nobody", ANSWER="swordfish")


def second_factor(idp: Any, inbox: Inbox, settings: Settings) -> None:
    """Sign in with a code by SMS, then from a device that is remembered."""
    tracking = {"ChallengeRequiredOnNewDevice": True, "DeviceOnlyRememberedOnUserPrompt": False}
    app = pool(
        idp, inbox, MfaConfiguration="OPTIONAL", SmsConfiguration=SMS_CONFIGURATION, DeviceConfiguration=tracking
    )
    user(app, email="ann@example.com", email_verified="true", phone_number=PHONE, phone_number_verified="true")
    settings_of_factor = {"Enabled": True, "PreferredMfa": True}
    idp.admin_set_user_mfa_preference(UserPoolId=app.pool_id, Username="ann", SMSMfaSettings=settings_of_factor)
    asked = start(app)
    tokens = answer(app, asked, SMS_MFA_CODE=inbox.code(PHONE))["AuthenticationResult"]
    device = devices.confirm(app, tokens)
    with devices.redirect_requests():
        assert devices.pycognito(app, device).authenticate_user()["AuthenticationResult"]


def hosted(idp: Any, inbox: Inbox, settings: Settings) -> None:
    """Sign in on the page, renew, and act as a machine; the events are those of version 3."""
    config = lambda_config("PreAuthentication", "PostAuthentication")
    config["PreTokenGenerationConfig"] = {"LambdaVersion": "V3_0", "LambdaArn": arn("PreTokenGeneration")}
    app = make_app(idp, inbox, LambdaConfig=config)
    user(app, email="ann@example.com", email_verified="true")
    site = Site(app)
    tokens = site.exchange(site.code()).json()
    assert site.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).status_code == 200
    scopes = [{"ScopeName": "read", "ScopeDescription": "read"}]
    idp.create_resource_server(UserPoolId=app.pool_id, Identifier="api", Name="api", Scopes=scopes)
    machine = app.client(
        GenerateSecret=True,
        ExplicitAuthFlows=[],
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=["api/read"],
    )
    form = {
        "grant_type": "client_credentials",
        "client_id": machine["ClientId"],
        "client_secret": machine["ClientSecret"],
        "aws_client_metadata": json.dumps(SENT),
    }
    given = Client().post(
        f"/{app.pool_id}/oauth2/token", urlencode(form), content_type="application/x-www-form-urlencoded"
    )
    assert given.status_code == 200


def _senders(idp: Any, inbox: Inbox, contact: str, medium: str, addresses: list[str]) -> App:
    app = make_app(
        idp,
        inbox,
        LambdaConfig=lambda_config("CustomMessage", **SENDERS),
        AutoVerifiedAttributes=[contact],
        EmailConfiguration=DEVELOPER,
    )
    idp.set_user_pool_mfa_config(
        UserPoolId=app.pool_id,
        MfaConfiguration="OPTIONAL",
        SmsMfaConfiguration={"SmsConfiguration": SMS_CONFIGURATION},
        EmailMfaConfiguration={},
    )
    user(app, **{contact: addresses[0], f"{contact}_verified": "true"})
    token = app.sign_in()["AccessToken"]
    bob = {"ClientId": app.client_id, "Username": "bob"}
    given = [{"Name": contact, "Value": addresses[1]}]
    idp.sign_up(**bob, Password=PASSWORD, UserAttributes=given, ClientMetadata=SENT)
    idp.resend_confirmation_code(**bob, ClientMetadata=SENT)
    idp.forgot_password(ClientId=app.client_id, Username="ann", ClientMetadata=SENT)
    idp.get_user_attribute_verification_code(AccessToken=token, AttributeName=contact, ClientMetadata=SENT)
    factor = "EmailMfaSettings" if contact == "email" else "SMSMfaSettings"
    preferred: dict[str, Any] = {factor: {"Enabled": True, "PreferredMfa": True}}
    idp.admin_set_user_mfa_preference(UserPoolId=app.pool_id, Username="ann", **preferred)
    assert start(app)["ChallengeName"] in ("EMAIL_OTP", "SMS_MFA")
    new = [{"Name": contact, "Value": addresses[2]}]
    idp.update_user_attributes(AccessToken=token, UserAttributes=new, ClientMetadata=SENT)
    idp.admin_create_user(
        UserPoolId=app.pool_id,
        Username="eve",
        UserAttributes=[{"Name": contact, "Value": addresses[3]}],
        DesiredDeliveryMediums=[medium],
        ClientMetadata=SENT,
    )
    return app


def mail_by_function(idp: Any, inbox: Inbox, settings: Settings) -> None:
    """Every mail of a pool goes to its function."""
    _senders(idp, inbox, "email", "EMAIL", [f"{name}@example.com" for name in ("ann", "bob", "new", "eve")])


def sms_by_function(idp: Any, inbox: Inbox, settings: Settings) -> None:
    """Every SMS of a pool goes to its function."""
    _senders(idp, inbox, "phone_number", "SMS", [f"+1555000222{number}" for number in range(4)])


def code_on_request(idp: Any, inbox: Inbox, settings: Settings) -> None:
    """Choose the factor at sign-in: the metadata of the answer reaches the sender."""
    config = {name: SENDERS[name] for name in ("CustomEmailSender", "KMSKeyID")}
    app = make_app(idp, inbox, LambdaConfig=config, EmailConfiguration=DEVELOPER)
    idp.set_user_pool_mfa_config(
        UserPoolId=app.pool_id,
        MfaConfiguration="OPTIONAL",
        SmsMfaConfiguration={"SmsConfiguration": SMS_CONFIGURATION},
        EmailMfaConfiguration={},
    )
    user(app, email="ann@example.com", email_verified="true", phone_number=PHONE, phone_number_verified="true")
    on = {"Enabled": True, "PreferredMfa": False}
    who = {"UserPoolId": app.pool_id, "Username": "ann"}
    idp.admin_set_user_mfa_preference(**who, SMSMfaSettings=on, EmailMfaSettings=on)
    answer(app, start(app), ANSWER="EMAIL_OTP")


def notice(idp: Any, inbox: Inbox, settings: Settings) -> None:
    """Somebody else tries the password from far away."""
    trust_one_proxy(settings)
    config = {name: SENDERS[name] for name in ("CustomEmailSender", "KMSKeyID")}
    app = make_app(idp, inbox, LambdaConfig=config, **add_ons("ENFORCED"))
    user(app, email="ann@example.com", email_verified="true")
    sign_in_from(app, HOME)
    takeover(app, "BLOCK", notify=True)
    with refused("NotAuthorizedException"):
        sign_in_from(app, AWAY, FIREFOX_LINUX, ClientMetadata=SENT)


JOURNEYS = (
    sign_up,
    invitation,
    passwords,
    attributes,
    sign_in,
    migration,
    custom,
    second_factor,
    hosted,
    mail_by_function,
    sms_by_function,
    code_on_request,
    notice,
)
