"""The error page: a fixed sentence, never reflected text."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext_noop as _

from cognito_app.pages.site import Visit, page

SENTENCES = {
    "redirect_mismatch": _("The address that the application wants you to return to is not registered for it."),
    "invalid_client": _("The application is not known here."),
    "unauthorized_client": _("The application may not use this sign-in page."),
    "sign_up_not_permitted": _("New accounts are made by an administrator."),
    "passkeys_unavailable": _("Passkeys cannot be used with this application here."),
    "saml_response": _("Invalid samlResponse or relayState from identity provider"),
    "sign_in_lost": _("Something went wrong. Go back to the application and sign in again."),
    "invalid_request": _("The request was incomplete or malformed."),
    "invalid_scope": _("The application asked for access that it may not have."),
}
DEFAULT = _("Something went wrong")


@page
def error(visit: Visit) -> HttpResponse:
    """Say what happened and what to do."""
    code = str(visit.request.GET.get("error", ""))
    known = code if code in SENTENCES else ""
    return visit.render("error", status=400, code=known, message=SENTENCES.get(code, DEFAULT))
