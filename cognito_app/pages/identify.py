"""The first form of the sign-in page: sign-in name, and the password unless the user chooses the factor."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext_noop as _

from cognito_app.pages import flow
from cognito_app.pages.site import Visit
from cognito_app.services import authorization, pool_profile
from cognito_app.services.config import ClientConfig
from cognito_app.services.sign_in import hosted

NO_NAME = _("Enter your sign-in name.")
NOTICES = {
    "password_changed": _("Your password was changed. Sign in with the new one."),
    "too_late": _("Something went wrong. Sign in again."),
    "confirmed": _("Your account is confirmed. You can sign in now."),
}


def label_of(visit: Visit) -> tuple[str, str]:
    """Return the label and input type of the sign-in name."""
    names = visit.site.pool.username_attributes
    if names == {"email"}:
        return _("Email address"), "email"
    if names == {"phone_number"}:
        return _("Phone number"), "tel"
    return (_("Email or phone number") if names else _("Username")), "text"


def has_recovery(visit: Visit) -> bool:
    """Whether users can reset their own password."""
    return visit.site.pool.recovery != ("admin_only",)


def is_choice_based(visit: Visit, client: ClientConfig) -> bool:
    """Whether the page asks for the name first, and then for a factor that the user has."""
    return hosted.is_choice_based(visit.site.pool, client, classic=visit.site.classic)


def form(visit: Visit, client: ClientConfig, *, username: str, message: str = "") -> HttpResponse:
    """Show the form."""
    if visit.authorize is not None and not authorization.is_local(client, visit.authorize):
        if not visit.federation:
            # The client's providers were deleted.
            raise visit.authorize.error("invalid_request", authorization.NOT_ENABLED)
        return visit.render("providers", message=message, notice=NOTICES.get(_notice(visit), ""))
    label, kind = label_of(visit)
    choice_based = is_choice_based(visit, client)
    passkey = _passkey(visit, client) if choice_based else {}
    return visit.render(
        "identify" if choice_based else "login",
        username=username,
        label=label,
        input_type=kind,
        message=message,
        notice=NOTICES.get(_notice(visit), ""),
        sign_up=not visit.site.pool.admin_create_only,
        recovery=has_recovery(visit) and not choice_based,
        confirmation=pool_profile.of(visit.site.pool).hardened,
        autocomplete="username webauthn" if passkey else "username",
        **passkey,
    )


def _notice(visit: Visit) -> str:
    return str(visit.request.GET.get("notice", ""))


def _passkey(visit: Visit, client: ClientConfig) -> dict[str, Any]:
    """Return what the page needs to let the browser propose a passkey, which tells the name too."""
    challenge = hosted.invitation(flow.context(visit, client), visit.origin)
    if challenge is None:
        return {}
    options = challenge.parameters["CREDENTIAL_REQUEST_OPTIONS"]
    return {"passkey_options": options, "session": challenge.session or ""}
