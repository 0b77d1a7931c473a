"""What the form for the change of a temporary password sends."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext_noop as _

from cognito_app.errors import NotAuthorizedException, ServiceError
from cognito_app.pages import challenges, flow
from cognito_app.pages.challenges import ATTRIBUTE_PREFIX, NEW_PASSWORD
from cognito_app.pages.site import Visit, told
from cognito_app.services.authorization import AuthorizeRequest
from cognito_app.services.config import ClientConfig
from cognito_app.services.sign_in import engine


def answer(visit: Visit, request: AuthorizeRequest, client: ClientConfig) -> HttpResponse:
    """Take the new password. Raises NotAuthorizedException when the sign-in cannot go on."""
    username, session = visit.field("username"), visit.field("session")
    missing = [name for name in visit.field("missing").split() if name in visit.site.pool.attributes]
    first = visit.field("password")
    try:
        message = "" if first else _("Enter a new password.")
        if first != visit.field("password_again"):
            message = _("The passwords differ.")
        if not message:
            given = {f"{ATTRIBUTE_PREFIX}{name}": value for name in missing if (value := visit.field(name).strip())}
            answers = {"USERNAME": username, "NEW_PASSWORD": first, **given}
            return flow.show(
                visit, request, engine.respond(flow.context(visit, client), NEW_PASSWORD, session, answers)
            )
    except NotAuthorizedException:
        raise
    except ServiceError as error:
        message = told(error)
    return challenges.new_password(visit, session, username, missing, message)
