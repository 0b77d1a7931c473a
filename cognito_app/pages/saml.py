"""``/saml2/idpresponse`` and ``/saml2/logout``: where SAML providers send browsers back to, by POST.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/saml2-idpresponse-endpoint.html
These forms come from other sites: what ties them to a browser is the cookie that its departure set.
"""

from __future__ import annotations

from urllib.parse import parse_qs

from django.http import HttpResponse

from cognito_app.core.saml_xml import SamlError
from cognito_app.pages import federation
from cognito_app.pages.site import Visit, page_up_to
from cognito_app.services import authorization, authorization_answer
from cognito_app.services.authorization import RedirectError
from cognito_app.services.federated_sign_in.refusals import FederationRefused, TransactionLost
from cognito_app.services.saml import logout as saml_logout
from cognito_app.services.saml import sign_in

MAX_BODY = 512 * 1024
FORM = "application/x-www-form-urlencoded"
LONGEST_RELAY_STATE = 16 * 1024
MAX_PARAMETERS = 50
REFUSED = "saml_response"


@page_up_to(MAX_BODY)
def idpresponse(visit: Visit) -> HttpResponse:
    """Sign in whom a provider vouches for, in answer to a request or, where it may, without one."""
    if visit.request.method != "POST":
        return _only_post()
    state, text = _field(visit, "RelayState"), _field(visit, "SAMLResponse")
    asked_for = _parameters(state)
    try:
        return _unsolicited(visit, asked_for, text) if "client_id" in asked_for else _answered(visit, state, text)
    except TransactionLost:
        return visit.error(REFUSED)


def _answered(visit: Visit, state: str, text: str) -> HttpResponse:
    transaction, client = federation.claim(visit, state)
    if transaction.expired:
        return federation.start_again(visit)
    try:
        identity = sign_in.answered(visit.site.pool, transaction, text)
    except FederationRefused as error:
        return federation.refused(error, transaction.request)
    return federation.arrive(visit, transaction.request, client, identity)


def _unsolicited(visit: Visit, asked_for: dict[str, list[str]], text: str) -> HttpResponse:
    pool = visit.site.pool
    try:
        request, client = authorization.parse(pool, asked_for)
    except RedirectError as error:
        return _to(authorization_answer.of_error(error))
    visit.authorize, visit.client = request, client
    try:
        identity = sign_in.unsolicited(pool, client, request, text, base=_base(visit))
    except FederationRefused as error:
        return federation.refused(error, request)
    return federation.arrive(visit, request, client, identity)


@page_up_to(MAX_BODY)
def logout(visit: Visit) -> HttpResponse:
    """Go on to where the sign-out leads; what a provider asks for by itself is refused."""
    if visit.request.method != "POST":
        return _only_post()
    try:
        text, state = _field(visit, "SAMLResponse"), _field(visit, "RelayState")
        target = saml_logout.finish(visit.site.pool, text, state, base=_base(visit))
    except SamlError:
        return visit.error(REFUSED)
    return _to(target)


def _base(visit: Visit) -> str:
    return visit.site.base(visit.request.META.get("HTTP_HOST", ""))


def _field(visit: Visit, name: str) -> str:
    """Return what the form gives once, else nothing."""
    if visit.request.content_type != FORM:
        return ""
    values = visit.request.POST.getlist(name)
    return str(values[0]) if len(values) == 1 else ""


def _parameters(relay_state: str) -> dict[str, list[str]]:
    """Return the parameters of an authorization request that a provider's RelayState holds, if it does."""
    if len(relay_state) > LONGEST_RELAY_STATE:
        return {}
    try:
        return parse_qs(relay_state, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        return {}


def _only_post() -> HttpResponse:
    return HttpResponse(status=405, headers={"Allow": "POST"})


def _to(location: str) -> HttpResponse:
    response = HttpResponse(status=302)
    response["Location"] = location
    return response
