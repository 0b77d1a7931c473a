"""Choice-based sign-in on the pages: the sign-in name first, then a first factor that this user has.

Each form carries the sign-in name, so that a page which lay open too long, or was left by the Back button, starts the
engine anew instead of ending in an error.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext_noop as _

from cognito_app.errors import (
    CodeMismatchException,
    NotAuthorizedException,
    PasswordResetRequiredException,
    ServiceError,
    UserNotConfirmedException,
)
from cognito_app.pages import flow, identify, recovery
from cognito_app.pages.confirm import confirmation_page
from cognito_app.pages.site import Visit, told
from cognito_app.services import users
from cognito_app.services.attempts import LOCKED
from cognito_app.services.auth_factors import CONTACT_OF, PASSKEY, PASSWORD
from cognito_app.services.authorization import AuthorizeRequest
from cognito_app.services.config import ClientConfig
from cognito_app.services.sign_in import engine, hosted
from cognito_app.services.sign_in.state import Challenge, Context, Outcome, seal_session
from cognito_app.services.sign_in.steps.passkey import OF_ANYONE

LABELS = {
    PASSKEY: _("Passkey"),
    PASSWORD: _("Password"),
    "EMAIL_OTP": _("Code by email"),
    "SMS_OTP": _("Code by text message"),
}
CHOOSE = "CHOOSE"
SELECT = "SELECT_CHALLENGE"
CODE_FIELDS = {"EMAIL_OTP": "EMAIL_OTP_CODE", "SMS_OTP": "SMS_OTP_CODE"}
NO_CODE = _("Enter the code.")
NO_PASSWORD = _("Enter your password.")
WRONG_CODE = _("The code is not right. Try again.")
WAIT = _("Too many attempts. Wait a moment, then try again.")
OVER = _("This code is no longer good. We sent a new one.")
PASSKEY_REFUSED = _("This passkey did not work. Try again, or sign in another way.")
NOTHING_HERE = _("This account has no way to sign in here.")


class FirstFactor:
    """One step of choice-based sign-in on the pages."""

    def __init__(self, visit: Visit, request: AuthorizeRequest, client: ClientConfig) -> None:
        self.visit = visit
        self.request = request
        self.client = client
        self.name = visit.field("username").strip()
        self.factor = visit.field("factor")

    def take(self) -> HttpResponse:
        """Take what a form sent: a name, the choice of a factor, or what the factor asks for."""
        if not self.name:
            if self.factor == PASSKEY and self.visit.field("credential"):
                return self._passkey_of_anyone()
            return identify.form(self.visit, self.client, username="", message=identify.NO_NAME)
        try:
            if self.visit.field("session") and self.visit.field("action") != "resend":
                if self.factor in CODE_FIELDS:
                    return self._code()
                if self.factor == PASSKEY:
                    return self._passkey()
            if self.factor == PASSWORD:
                return self._password()
            resent = self.visit.field("action") == "resend"
            return self._start(self.factor, notice=_("We sent a new code.") if resent else "")
        except UserNotConfirmedException:
            # Raised only after a right password, so this browser may go on to confirm and be signed in.
            context = flow.context(self.visit, self.client)
            user = users.find(self.visit.site.pool, self.name)
            return confirmation_page(self.visit, self.name, seal_session(context, "SIGN_UP", user, ("pwd",)))
        except PasswordResetRequiredException:
            return recovery.ask(self.visit, self.name, message=recovery.RESET_FIRST)
        except ServiceError as error:
            return identify.form(self.visit, self.client, username=self.name, message=told(error))

    def show(self, outcome: Outcome, factor: str = "", **context: Any) -> HttpResponse:
        """Show a challenge of the engine, or go back to the application."""
        if not isinstance(outcome, Challenge):
            return self._remember(factor, flow.finish(self.visit, self.request, outcome))
        ways = hosted.usable(self.visit.site.pool, outcome.available, self.visit.origin)
        if outcome.name == SELECT:
            return self._choice(ways, **context)
        if not outcome.available:
            # A second factor or a new password: the first factor was right.
            return self._remember(factor, flow.show(self.visit, self.request, outcome))
        shown = {"factor": outcome.name, "others": len(ways) > 1, **context}
        if outcome.name == PASSWORD:
            return self._form("first_password", recovery=identify.has_recovery(self.visit), **shown)
        if outcome.name == PASSKEY:
            options = outcome.parameters["CREDENTIAL_REQUEST_OPTIONS"]
            return self._form("first_passkey", session=outcome.session, passkey_options=options, **shown)
        destination = outcome.parameters["CODE_DELIVERY_DESTINATION"]
        return self._form("first_code", session=outcome.session, destination=destination, **shown)

    def _start(self, wanted: str = "", **context: Any) -> HttpResponse:
        """Put the factor that was chosen, else the one used last in this browser, else let the user choose."""
        given = {"USERNAME": self.name}
        password = self.visit.field("password")
        preferred = wanted or (PASSWORD if password else self.visit.preferred_factor)
        if preferred in LABELS:
            given["PREFERRED_CHALLENGE"] = preferred
        if password and preferred == PASSWORD:
            given["PASSWORD"] = password
        outcome = engine.start(self._context(), "USER_AUTH", given)
        if isinstance(outcome, Challenge) and outcome.name == SELECT and wanted != CHOOSE:
            ways = hosted.usable(self.visit.site.pool, outcome.available, self.visit.origin)
            if len(ways) == 1:
                only = {"USERNAME": self.name, "PREFERRED_CHALLENGE": ways[0]}
                outcome = engine.start(self._context(), "USER_AUTH", only)
        return self.show(outcome, preferred, **context)

    def _password(self) -> HttpResponse:
        """Check the password; a wrong one is asked for again on the same page."""
        given = {"USERNAME": self.name, "PREFERRED_CHALLENGE": PASSWORD}
        password, message = self.visit.field("password"), ""
        if not password and self.visit.field("asked"):
            message = NO_PASSWORD
        try:
            outcome = engine.start(self._context(), "USER_AUTH", {**given, "PASSWORD": password} if password else given)
        except NotAuthorizedException as error:
            message = error.message
            outcome = engine.start(self._context(), "USER_AUTH", given)
        return self.show(outcome, PASSWORD, message=message)

    def _code(self) -> HttpResponse:
        code, session = "".join(self.visit.field("code").split())[:64], self.visit.field("session")
        message = NO_CODE
        try:
            if code:
                answers = {"USERNAME": self.name, CODE_FIELDS[self.factor]: code}
                outcome = engine.respond(self._context(), self.factor, session, answers)
                return self.show(outcome, self.factor)
        except CodeMismatchException:
            message = WRONG_CODE
        except NotAuthorizedException as error:
            if "session" in error.message:
                return self._start(self.factor, message=OVER)
            message = WAIT if error.message == LOCKED else error.message
        return self._form(
            "first_code",
            session=session,
            destination=self.visit.field("destination")[:64],
            factor=self.factor,
            others=bool(self.visit.field("others")),
            message=message,
        )

    def _passkey(self) -> HttpResponse:
        answers = {"USERNAME": self.name, "CREDENTIAL": self.visit.field("credential")}
        try:
            outcome = engine.respond(self._context(), PASSKEY, self.visit.field("session"), answers)
        except ServiceError:
            return self._start(PASSKEY, message=PASSKEY_REFUSED)
        return self.show(outcome, PASSKEY)

    def _passkey_of_anyone(self) -> HttpResponse:
        answers = {"CREDENTIAL": self.visit.field("credential")}
        try:
            outcome = engine.respond(self._context(), OF_ANYONE, self.visit.field("session"), answers)
        except ServiceError:
            return identify.form(self.visit, self.client, username="", message=PASSKEY_REFUSED)
        return self.show(outcome, PASSKEY)

    def _choice(self, ways: list[str], **context: Any) -> HttpResponse:
        if not ways:
            return identify.form(self.visit, self.client, username=self.name, message=NOTHING_HERE)
        options = [{"value": name, "label": LABELS[name], "sends": name in CONTACT_OF} for name in ways]
        return self._form("first_choice", options=options, **context)

    def _form(self, template: str, **context: Any) -> HttpResponse:
        return self.visit.render(template, username=self.name, **context)

    def _context(self) -> Context:
        return flow.context(self.visit, self.client)

    def _remember(self, factor: str, response: HttpResponse) -> HttpResponse:
        if factor in LABELS:
            self.visit.remember_factor(response, factor)
        return response
