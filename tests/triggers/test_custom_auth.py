"""CUSTOM_AUTH: three functions decide how somebody signs in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jwt
import pytest
import time_machine
from pycognito import AWSSRP
from pytest_django import Settings

from cognito_app.core import clock
from tests.clients.parallel import in_parallel
from tests.conftest import FLOWS, PASSWORD, App, Inbox, make_app, refused
from tests.triggers.lambdas import Lambdas, config, golden, serving

pytestmark = pytest.mark.django_db

TRIGGERS = ("DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse")
DEFINE, CREATE, VERIFY = (
    "DefineAuthChallenge_Authentication",
    "CreateAuthChallenge_Authentication",
    "VerifyAuthChallengeResponse_Authentication",
)
WRONG = "Incorrect username or password."
UNRECOGNIZABLE = "Unrecognizable lambda output"


def define(event: Any) -> Any:
    """Ask for a custom challenge until it is answered, three times at most; after SRP_A for the password first."""
    steps, response = event["request"]["session"], event["response"]
    if steps and steps[-1]["challengeName"] == "CUSTOM_CHALLENGE" and steps[-1]["challengeResult"]:
        response["issueTokens"] = True
    elif len([step for step in steps if not step["challengeResult"]]) >= 3:
        response["failAuthentication"] = True
    elif len(steps) == 1 and steps[0]["challengeName"] == "SRP_A":
        response["challengeName"] = "PASSWORD_VERIFIER"
    else:
        response["challengeName"] = "CUSTOM_CHALLENGE"
    return event


def create(event: Any) -> Any:
    """Ask for a word that only the function knows."""
    event["response"]["publicChallengeParameters"] = {"question": "the word?"}
    event["response"]["privateChallengeParameters"] = {"answer": "swordfish"}
    event["response"]["challengeMetadata"] = "WORD"
    return event


def verify(event: Any) -> Any:
    """Compare."""
    request = event["request"]
    event["response"]["answerCorrect"] = request["challengeAnswer"] == request["privateChallengeParameters"]["answer"]
    return event


@pytest.fixture
def lambdas(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lambdas]:
    with serving(settings, monkeypatch) as running:
        running.functions.update({DEFINE: define, CREATE: create, VERIFY: verify})
        yield running


@pytest.fixture
def custom(idp: Any, inbox: Inbox, lambdas: Lambdas) -> App:
    return custom_app(idp, inbox)


def custom_app(idp: Any, inbox: Inbox, hidden: bool = False, *more: str, **settings: Any) -> App:
    app = make_app(idp, inbox, LambdaConfig=config(*TRIGGERS, *more), **settings)
    hides = {"PreventUserExistenceErrors": "ENABLED"} if hidden else {"PreventUserExistenceErrors": "LEGACY"}
    app.client_id = app.client(ExplicitAuthFlows=[*FLOWS, "ALLOW_CUSTOM_AUTH"], **hides)["ClientId"]
    return app


def begin(app: App, name: str = "ann", **parameters: str) -> Any:
    return app.idp.initiate_auth(
        ClientId=app.client_id,
        AuthFlow="CUSTOM_AUTH",
        AuthParameters={"USERNAME": name, **parameters},
        ClientMetadata={"from": "start"},
    )


def reply(app: App, challenge: Any, answer: str, name: str = "ann", **more: Any) -> Any:
    return app.idp.respond_to_auth_challenge(
        ClientId=app.client_id,
        ChallengeName=challenge["ChallengeName"],
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": name, "ANSWER": answer},
        **more,
    )


def srp(app: App, password: str = PASSWORD) -> tuple[AWSSRP, Any]:
    helper = AWSSRP("ann", password, app.pool_id, app.client_id, client=app.idp)
    return helper, begin(app, CHALLENGE_NAME="SRP_A", SRP_A=helper.get_auth_params()["SRP_A"])


def prove(app: App, helper: AWSSRP, challenge: Any) -> Any:
    answers = helper.process_challenge(challenge["ChallengeParameters"], {"USERNAME": "ann"})
    return app.idp.respond_to_auth_challenge(
        ClientId=app.client_id, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=answers
    )


def test_the_three_functions_lead_from_the_name_to_tokens(custom: App, lambdas: Lambdas) -> None:
    custom.sign_up()
    challenge = begin(custom)
    assert challenge["ChallengeName"] == "CUSTOM_CHALLENGE"
    assert challenge["ChallengeParameters"] == {"question": "the word?", "USERNAME": "ann"}
    assert "swordfish" not in str(challenge)
    result = reply(custom, challenge, "swordfish", ClientMetadata={"from": "answer"})["AuthenticationResult"]
    assert custom.idp.get_user(AccessToken=result["AccessToken"])["Username"] == "ann"
    assert lambdas.sources == [DEFINE, CREATE, VERIFY, DEFINE]
    first, second = lambdas.endpoint.events(DEFINE)
    golden(first, f"{DEFINE}.start")
    golden(second)
    golden(lambdas.last(CREATE))
    golden(lambdas.last(VERIFY))


def test_wrong_answers_lock_nobody_and_define_ends_it(custom: App, lambdas: Lambdas) -> None:
    custom.sign_up()
    for _ in range(3):
        challenge = begin(custom)
        for _ in range(2):
            challenge = reply(custom, challenge, "no")
            assert challenge["ChallengeName"] == "CUSTOM_CHALLENGE"
        with refused("NotAuthorizedException", WRONG):
            reply(custom, challenge, "no")
    assert reply(custom, begin(custom), "swordfish")["AuthenticationResult"]
    assert custom.sign_in()


def test_a_session_is_good_for_one_answer(custom: App, lambdas: Lambdas) -> None:
    custom.sign_up()
    challenge = begin(custom)
    reply(custom, challenge, "no")
    with refused("NotAuthorizedException", "Invalid session for the user, session can only be used once."):
        reply(custom, challenge, "swordfish")
    assert len(lambdas.endpoint.events(VERIFY)) == 1


@pytest.mark.django_db(transaction=True)
def test_of_parallel_answers_one_is_looked_at(custom: App, lambdas: Lambdas) -> None:
    custom.sign_up()
    challenge = begin(custom)

    def attempt(number: int) -> bool:
        try:
            return bool(reply(custom, challenge, "swordfish"))
        except custom.idp.exceptions.NotAuthorizedException:
            return False

    assert sum(in_parallel(attempt, 6)) == 1
    assert len(lambdas.endpoint.events(VERIFY)) == 1


def test_sessions_end_and_belong_to_their_user(custom: App, lambdas: Lambdas) -> None:
    custom.sign_up()
    custom.sign_up("bob")
    challenge = begin(custom)
    with refused("NotAuthorizedException", "Invalid session for the user."):
        reply(custom, challenge, "swordfish", "bob")
    with (
        time_machine.travel(clock.now().timestamp() + 200, tick=False),
        refused("NotAuthorizedException", "Invalid session for the user, session is expired."),
    ):
        reply(custom, challenge, "swordfish")
    with refused("InvalidParameterException", "Missing required parameter ANSWER"):
        custom.idp.respond_to_auth_challenge(
            ClientId=custom.client_id,
            ChallengeName="CUSTOM_CHALLENGE",
            Session=challenge["Session"],
            ChallengeResponses={"USERNAME": "ann"},
        )


def test_the_password_by_srp_comes_first(custom: App, lambdas: Lambdas) -> None:
    custom.sign_up()
    helper, challenge = srp(custom)
    assert challenge["ChallengeName"] == "PASSWORD_VERIFIER"
    challenge = prove(custom, helper, challenge)
    assert challenge["ChallengeName"] == "CUSTOM_CHALLENGE"
    assert reply(custom, challenge, "swordfish")["AuthenticationResult"]
    seen = [
        [step["challengeName"] for step in event["request"]["session"]] for event in lambdas.endpoint.events(DEFINE)
    ]
    assert seen == [
        ["SRP_A"],
        ["SRP_A", "PASSWORD_VERIFIER"],
        ["SRP_A", "PASSWORD_VERIFIER", "CUSTOM_CHALLENGE"],
    ]


def test_a_wrong_password_ends_a_custom_sign_in(custom: App, lambdas: Lambdas) -> None:
    custom.sign_up()
    helper, challenge = srp(custom, "Wrong-Horse-9!")
    with refused("NotAuthorizedException", WRONG):
        prove(custom, helper, challenge)
    assert len(lambdas.endpoint.events(DEFINE)) == 1


def test_a_second_factor_follows_the_password_and_is_a_step(idp: Any, inbox: Inbox, lambdas: Lambdas) -> None:
    app = custom_app(idp, inbox)
    idp.set_user_pool_mfa_config(
        UserPoolId=app.pool_id,
        MfaConfiguration="OPTIONAL",
        SmsMfaConfiguration={"SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::000000000000:role/sms"}},
    )
    app.sign_up(phone_number="+15555550100")
    idp.admin_set_user_mfa_preference(
        UserPoolId=app.pool_id, Username="ann", SMSMfaSettings={"Enabled": True, "PreferredMfa": True}
    )
    helper, challenge = srp(app)
    challenge = prove(app, helper, challenge)
    assert challenge["ChallengeName"] == "SMS_MFA"
    challenge = app.idp.respond_to_auth_challenge(
        ClientId=app.client_id,
        ChallengeName="SMS_MFA",
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": "ann", "SMS_MFA_CODE": inbox.code("+15555550100")},
    )
    assert challenge["ChallengeName"] == "CUSTOM_CHALLENGE"
    assert [step["challengeName"] for step in lambdas.last(DEFINE)["request"]["session"]] == [
        "SRP_A",
        "PASSWORD_VERIFIER",
        "SMS_MFA",
    ]
    assert reply(app, challenge, "swordfish")["AuthenticationResult"]


def test_define_may_name_a_factor_that_the_user_has(custom: App, lambdas: Lambdas) -> None:
    custom.sign_up()
    lambdas.respond(DEFINE, challengeName="EMAIL_OTP")
    challenge = begin(custom)
    assert challenge["ChallengeName"] == "EMAIL_OTP"
    lambdas.respond(DEFINE, issueTokens=True)
    result = custom.idp.respond_to_auth_challenge(
        ClientId=custom.client_id,
        ChallengeName="EMAIL_OTP",
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": "ann", "EMAIL_OTP_CODE": custom.inbox.code("ann@example.com")},
    )
    assert result["AuthenticationResult"]
    assert [step["challengeName"] for step in lambdas.last(DEFINE)["request"]["session"]] == ["EMAIL_OTP"]


@pytest.mark.parametrize(
    "response",
    [
        {},
        {"challengeName": "SOMETHING"},
        {"challengeName": "PASSWORD_VERIFIER"},
        {"challengeName": "SMS_MFA"},
        {"challengeName": "DEVICE_SRP_AUTH"},
        {"challengeName": 5},
        {"issueTokens": "true"},
    ],
)
def test_what_define_cannot_mean_is_unrecognizable(custom: App, lambdas: Lambdas, response: Any) -> None:
    custom.sign_up()
    lambdas.respond(DEFINE, **response)
    with refused("InvalidLambdaResponseException", UNRECOGNIZABLE):
        begin(custom)


def test_failing_beats_issuing(custom: App, lambdas: Lambdas) -> None:
    custom.sign_up()
    lambdas.respond(DEFINE, issueTokens=True, failAuthentication=True)
    with refused("NotAuthorizedException", WRONG):
        begin(custom)


@pytest.mark.parametrize(
    ("source", "response"),
    [
        (CREATE, {"publicChallengeParameters": {"number": 5}}),
        (CREATE, {"privateChallengeParameters": {"x": "y" * 4000}}),
        (VERIFY, {"answerCorrect": "yes"}),
    ],
)
def test_other_answers_of_the_wrong_type(custom: App, lambdas: Lambdas, source: str, response: Any) -> None:
    custom.sign_up()
    lambdas.respond(source, **response)
    with refused("InvalidLambdaResponseException", UNRECOGNIZABLE):
        reply(custom, begin(custom), "x")


@pytest.mark.parametrize("source", [DEFINE, CREATE, VERIFY])
def test_a_function_that_raises_shows_its_text(custom: App, lambdas: Lambdas, source: str) -> None:
    custom.sign_up()
    lambdas.refuse(source)
    trigger = source.removesuffix("_Authentication")
    with refused("UserLambdaValidationException", f"{trigger} failed with error not today."):
        reply(custom, begin(custom), "x")


def test_names_that_nobody_has_go_the_same_way_where_they_are_hidden(idp: Any, inbox: Inbox, lambdas: Lambdas) -> None:
    app = custom_app(idp, inbox, True)
    app.sign_up()
    known, unknown = begin(app), begin(app, "nobody")
    assert known["ChallengeParameters"]["question"] == unknown["ChallengeParameters"]["question"]
    assert unknown["ChallengeParameters"]["USERNAME"] == "nobody"
    assert [event["request"]["userNotFound"] for event in lambdas.endpoint.events(CREATE)] == [False, True]
    with refused("NotAuthorizedException", WRONG):
        reply(app, unknown, "swordfish", "nobody")
    golden(lambdas.last(DEFINE), f"{DEFINE}.unknown")
    golden(lambdas.last(VERIFY), f"{VERIFY}.unknown")


def test_names_that_nobody_has_are_told_where_they_are_not_hidden(custom: App, lambdas: Lambdas) -> None:
    with refused("UserNotFoundException", "User does not exist."):
        begin(custom, "nobody")
    assert lambdas.sources == []


@pytest.mark.parametrize("hidden", [False, True])
def test_who_may_not_sign_in_by_password_may_not_do_so_here(
    idp: Any, inbox: Inbox, lambdas: Lambdas, hidden: bool
) -> None:
    app = custom_app(idp, inbox, hidden)
    for name in ("off", "reset"):
        app.sign_up(name)
    idp.admin_disable_user(UserPoolId=app.pool_id, Username="off")
    idp.admin_reset_user_password(UserPoolId=app.pool_id, Username="reset")
    idp.sign_up(ClientId=app.client_id, Username="new", Password=PASSWORD)
    errors = {
        "off": "NotAuthorizedException",
        "reset": "NotAuthorizedException" if hidden else "PasswordResetRequiredException",
        "new": "UserNotConfirmedException",
    }
    for name, code in errors.items():
        if hidden:
            challenge = begin(app, name)
            with refused(code):
                reply(app, challenge, "swordfish", name)
        else:
            with refused(code):
                begin(app, name)


def test_preauthentication_and_postauthentication_run_too(idp: Any, inbox: Inbox, lambdas: Lambdas) -> None:
    app = custom_app(idp, inbox, False, "PreAuthentication", "PostAuthentication", "PreTokenGeneration")
    app.sign_up()
    reply(app, begin(app), "swordfish", ClientMetadata={"from": "answer"})
    assert lambdas.sources == [
        "PreAuthentication_Authentication",
        DEFINE,
        CREATE,
        VERIFY,
        DEFINE,
        "PostAuthentication_Authentication",
        "TokenGeneration_Authentication",
    ]
    assert lambdas.last("PreAuthentication_Authentication")["request"]["validationData"] == {"from": "start"}
    assert lambdas.last("PostAuthentication_Authentication")["request"]["clientMetadata"] == {"from": "answer"}


def test_a_changed_password_ends_the_session(custom: App, lambdas: Lambdas) -> None:
    custom.sign_up()
    challenge = begin(custom)
    custom.idp.admin_set_user_password(
        UserPoolId=custom.pool_id, Username="ann", Password="Another-Horse-9!", Permanent=True
    )
    with refused("NotAuthorizedException", "Invalid session for the user."):
        reply(custom, challenge, "swordfish")


def test_custom_auth_needs_its_trigger_and_its_flow(app: App, lambdas: Lambdas) -> None:
    with refused("InvalidParameterException", "CUSTOM_AUTH is not enabled for the client."):
        begin(app)
    app.client_id = app.client(ExplicitAuthFlows=["ALLOW_CUSTOM_AUTH"])["ClientId"]
    with refused("InvalidParameterException", "Custom auth lambda trigger is not configured for the user pool."):
        begin(app)


def test_an_administrator_runs_the_same_flow(custom: App, lambdas: Lambdas) -> None:
    custom.sign_up()
    known = {"UserPoolId": custom.pool_id, "ClientId": custom.client_id}
    challenge = custom.idp.admin_initiate_auth(**known, AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": "ann"})
    result = custom.idp.admin_respond_to_auth_challenge(
        **known,
        ChallengeName="CUSTOM_CHALLENGE",
        Session=challenge["Session"],
        ChallengeResponses={"USERNAME": "ann", "ANSWER": "swordfish"},
    )
    claims = jwt.decode(result["AuthenticationResult"]["IdToken"], options={"verify_signature": False})
    assert claims["cognito:username"] == "ann"
