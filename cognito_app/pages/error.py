"""The error page: a fixed sentence, never reflected text."""

from __future__ import annotations

from django.http import HttpResponse

from cognito_app.pages.site import Visit, page

SENTENCES = {
    "redirect_mismatch": "The address that the application wants you to return to is not registered for it.",
    "invalid_client": "The application is not known here.",
    "unauthorized_client": "The application may not use this sign-in page.",
    "sign_up_not_permitted": "New accounts are made by an administrator.",
    "passkeys_unavailable": "Passkeys cannot be used with this application here.",
    "saml_response": "Invalid samlResponse or relayState from identity provider",
    "sign_in_lost": "Something went wrong. Go back to the application and sign in again.",
    "invalid_request": "The request was incomplete or malformed.",
    "invalid_scope": "The application asked for access that it may not have.",
}
DEFAULT = "Something went wrong"


@page
def error(visit: Visit) -> HttpResponse:
    """Say what happened and what to do."""
    code = str(visit.request.GET.get("error", ""))
    known = code if code in SENTENCES else ""
    return visit.render("error", status=400, code=known, message=SENTENCES.get(code, DEFAULT))
