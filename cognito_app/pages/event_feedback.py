"""The page behind the links of a notification: was this sign-in yours?"""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext_noop as _

from cognito_app.errors import ServiceError
from cognito_app.pages.site import Visit, page
from cognito_app.services import auth_events

VALUES = {"valid": "Valid", "invalid": "Invalid"}
NOT_VALID = _("This link is no longer valid.")


@page
def event_feedback(visit: Visit) -> HttpResponse:
    """Ask for a click, because mail scanners open links; then store the answer."""
    given = {name: str(visit.request.GET.get(name, "")) for name in VALUES}
    name = next((name for name, token in given.items() if token), "")
    if not name:
        return visit.error("invalid_request")
    try:
        if visit.is_post:
            auth_events.give_feedback_by_link(visit.site.pool, given[name], VALUES[name])
            return visit.render("event_feedback", value=name, done=True)
        auth_events.open_token(visit.site.pool, given[name])
    except ServiceError:
        return visit.render("event_feedback", status=400, message=NOT_VALID)
    return visit.render("event_feedback", value=name, action=visit.link("eventFeedback"))
