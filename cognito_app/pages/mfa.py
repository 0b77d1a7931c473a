"""What the forms of second factors send: codes, the choice of a factor, its set-up."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext_noop as _

from cognito_app.errors import (
    CodeMismatchException,
    EnableSoftwareTokenMFAException,
    ExpiredCodeException,
    InvalidParameterException,
    NotAuthorizedException,
)
from cognito_app.pages import challenges, flow
from cognito_app.pages.site import Visit
from cognito_app.services.attempts import LOCKED
from cognito_app.services.authorization import AuthorizeRequest
from cognito_app.services.config import ClientConfig
from cognito_app.services.mfa_rules import TOTP
from cognito_app.services.sign_in import engine, totp_setup
from cognito_app.services.sign_in.factors import SELECT, SETUP

CHALLENGES = frozenset({*challenges.CODE_FIELDS, SELECT, SETUP})
MAX_APP_NAME = 131
NO_CODE = _("Enter the code.")
WRONG_CODE = _("The code is not right. Try again.")
WRONG_APP_CODE = _("The code is not right. Check the clock of your device and try the next one.")
USED_CODE = _("This code was used already. Wait for the next one.")
WAIT = _("Too many attempts. Wait a moment, then try again.")


def answer(visit: Visit, request: AuthorizeRequest, client: ClientConfig) -> HttpResponse:
    """Take what a form of a challenge in ``CHALLENGES`` sent.

    Raises ServiceError when this sign-in cannot go on.
    """
    challenge = visit.field("challenge")
    if challenge == SETUP:
        return _set_up(visit, request, client)
    if challenge == SELECT:
        return _go_on(visit, request, client, SELECT, visit.field("session"), ANSWER=visit.field("answer"))
    return _code(visit, request, client, challenge)


def _go_on(
    visit: Visit, request: AuthorizeRequest, client: ClientConfig, challenge: str, session: str, **answers: str
) -> HttpResponse:
    given = {"USERNAME": visit.field("username"), **answers}
    return flow.show(visit, request, engine.respond(flow.context(visit, client), challenge, session, given))


def _code(visit: Visit, request: AuthorizeRequest, client: ClientConfig, challenge: str) -> HttpResponse:
    session, code = visit.field("session"), _typed_code(visit)
    try:
        if code:
            answers = {challenges.CODE_FIELDS[challenge]: code}
            return _go_on(visit, request, client, challenge, session, **answers)
        message = NO_CODE
    except CodeMismatchException:
        message = WRONG_APP_CODE if challenge == TOTP else WRONG_CODE
    except ExpiredCodeException:
        message = USED_CODE
    except NotAuthorizedException as error:
        if error.message != LOCKED:
            raise
        message = WAIT
    destination = visit.field("destination")[:64]
    return challenges.code(visit, challenge, session, visit.field("username"), destination, message)


def _typed_code(visit: Visit) -> str:
    """Return the code without the spaces that apps show in it."""
    return "".join(visit.field("code").split())[:64]


def _set_up(visit: Visit, request: AuthorizeRequest, client: ClientConfig) -> HttpResponse:
    session, username, factor = visit.field("session"), visit.field("username"), visit.field("factor")
    if factor == TOTP:
        return _app(visit, request, client, session)
    if factor in challenges.CONTACT_FIELDS:
        return _contact(visit, request, client, factor)
    chosen = visit.field("answer")
    if chosen not in challenges.LABELS:
        raise InvalidParameterException(_("Choose one of the ways."))
    return challenges.set_up(visit, chosen, session, username)


def _app(visit: Visit, request: AuthorizeRequest, client: ClientConfig, session: str) -> HttpResponse:
    code, name = _typed_code(visit), visit.field("app_name").strip()[:MAX_APP_NAME]
    try:
        if code:
            verified = totp_setup.verify(session, code=code, name=name or None)
            return _go_on(visit, request, client, SETUP, verified)
        message = NO_CODE
    except EnableSoftwareTokenMFAException:
        message = WRONG_APP_CODE
    return challenges.app_set_up(visit, totp_setup.shown_again(session), visit.field("username"), message)


def _contact(visit: Visit, request: AuthorizeRequest, client: ClientConfig, factor: str) -> HttpResponse:
    session, name = visit.field("session"), challenges.CONTACT_FIELDS[factor]["name"]
    try:
        return _go_on(visit, request, client, SETUP, session, **{name: visit.field(name).strip()})
    except InvalidParameterException as error:
        return challenges.contact_set_up(visit, factor, session, visit.field("username"), error.message)
