"""``/saml2/logout``: a SAML provider's answer to a sign-out there.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-saml-idp-sign-out.html
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from cognito_app.core.saml_xml import SamlError
from cognito_app.oauth.redirects import redirect, to_error_page
from cognito_app.oauth.site import FORM, endpoint
from cognito_app.services.saml import logout as saml_logout
from cognito_app.services.sites import Site

MAX_BODY = 512 * 1024


@endpoint("POST")
def logout(request: HttpRequest, site: Site) -> HttpResponse:
    """Go on to where the sign-out leads; what a provider asks without being asked is refused."""
    form = _form(request)
    try:
        return redirect(saml_logout.finish(site.pool, form.get("SAMLResponse", ""), form.get("RelayState", "")))
    except SamlError:
        return to_error_page(site, "invalid_request", "")


def _form(request: HttpRequest) -> dict[str, str]:
    """Return the fields that were posted once; a body that is no form or too long has none."""
    declared = request.META.get("CONTENT_LENGTH") or "0"
    if request.content_type != FORM or not declared.isdigit() or int(declared) > MAX_BODY:
        return {}
    return {name: str(values[0]) for name, values in request.POST.lists() if len(values) == 1}
