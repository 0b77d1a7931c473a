"""The sign-in page, and what the forms of challenges send to it."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext_noop as _

from cognito_app.errors import PasswordResetRequiredException, ServiceError, UserNotConfirmedException
from cognito_app.pages import (
    account,
    federation,
    flow,
    identify,
    mfa,
    new_password,
    provider_choice,
    recovery,
    step_up,
)
from cognito_app.pages.challenges import NEW_PASSWORD
from cognito_app.pages.confirm import confirmation_page
from cognito_app.pages.first_factor import FirstFactor
from cognito_app.pages.site import Visit, page, told
from cognito_app.services import authorization, users
from cognito_app.services.authorization import AuthorizeRequest
from cognito_app.services.config import ClientConfig
from cognito_app.services.federated_sign_in import choices
from cognito_app.services.sign_in import engine
from cognito_app.services.sign_in.state import seal_session

CONFIRM = "SIGN_UP"
MAX_EMAIL = 320
NO_PROVIDER = _("No sign-in is set up for the domain of this email address.")
NOT_FINISHED = _("Something went wrong. Sign in again.")


@page
def login(visit: Visit) -> HttpResponse:
    """Show the form, or check what was sent."""
    request, client = visit.read_authorize()
    if not visit.is_post:
        return _page(visit, request, client)
    if visit.field("action") in account.ACTIONS:
        return account.answer(visit, request, client)
    if visit.field("action") == provider_choice.SEARCH:
        return _search(visit, client)
    if not authorization.is_local(client, request):
        return identify.form(visit, client, username="")
    challenge = visit.field("challenge")
    if challenge in mfa.CHALLENGES or challenge in (NEW_PASSWORD, step_up.CHALLENGE):
        return _answer(visit, request, client, challenge)
    if identify.is_choice_based(visit, client):
        return FirstFactor(visit, request, client).take()
    return _password(visit, request, client)


def _page(visit: Visit, request: AuthorizeRequest, client: ClientConfig) -> HttpResponse:
    session = account.present(visit, request, client)
    if session is not None:
        return account.show(visit, session.user)
    told = "notice" in visit.request.GET  # the user reads it before they leave again
    if not told and not authorization.is_local(client, request) and federation.leaves_at_once(client, request):
        return federation.leave(visit)
    stepping_up = step_up.show(visit, request, client)
    if stepping_up is not None:
        return stepping_up
    hint = visit.field("username") or request.login_hint or ""
    return identify.form(visit, client, username=hint[:128])


def _search(visit: Visit, client: ClientConfig) -> HttpResponse:
    """Go to the provider that has the domain of an email address."""
    identifier = choices.identifier_of(visit.site.pool, client, visit.field("email")[:MAX_EMAIL])
    if identifier is None:
        return identify.form(visit, client, username="", message=NO_PROVIDER)
    response = HttpResponse(status=302)
    response["Location"] = provider_choice.link_to(visit, idp_identifier=identifier)
    return response


def _answer(visit: Visit, request: AuthorizeRequest, client: ClientConfig, challenge: str) -> HttpResponse:
    try:
        if challenge == NEW_PASSWORD:
            return new_password.answer(visit, request, client)
        if challenge == step_up.CHALLENGE:
            return step_up.answer(visit, request, client) or identify.form(
                visit, client, username="", message=NOT_FINISHED
            )
        return mfa.answer(visit, request, client)
    except ServiceError as error:
        message = NOT_FINISHED if "session" in error.message else told(error)
        return identify.form(visit, client, username=visit.field("username")[:128], message=message)


def _password(visit: Visit, request: AuthorizeRequest, client: ClientConfig) -> HttpResponse:
    username, password = visit.field("username").strip(), visit.field("password")
    if not username or not password:
        return identify.form(visit, client, username=username, message=_("Enter your sign-in name and password."))
    context = flow.context(visit, client)
    try:
        outcome = engine.start(context, "USER_PASSWORD_AUTH", {"USERNAME": username, "PASSWORD": password})
    except UserNotConfirmedException:
        # Raised only after a right password, so this browser may go on to confirm and be signed in.
        user = users.find(visit.site.pool, username)
        return confirmation_page(visit, username, seal_session(context, CONFIRM, user, ("pwd",)))
    except PasswordResetRequiredException:
        return recovery.ask(visit, username, message=recovery.RESET_FIRST)
    except ServiceError as error:
        return identify.form(visit, client, username=username, message=told(error))
    return flow.show(visit, request, outcome)
