"""The page after a sign-out that leads nowhere else."""

from __future__ import annotations

from django.http import HttpResponse

from cognito_app.pages.site import Visit, page


@page
def signed_out(visit: Visit) -> HttpResponse:
    """Say that the browser is signed out."""
    return visit.render("signed_out")
