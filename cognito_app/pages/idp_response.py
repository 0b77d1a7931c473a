"""``/oauth2/idpresponse``: a browser comes back from a social or OpenID Connect provider (Apple's with a form)."""

from __future__ import annotations

from django.http import HttpResponse

from cognito_app.errors import ResourceNotFoundException
from cognito_app.pages import federation
from cognito_app.pages.site import Visit, page
from cognito_app.services import providers
from cognito_app.services.authorization import NOT_ENABLED
from cognito_app.services.federated_sign_in import openid
from cognito_app.services.federated_sign_in.refusals import FederationRefused, TransactionLost


@page
def idp_response(visit: Visit) -> HttpResponse:
    """Finish the sign-in that ``state`` names."""
    answer = _answer(visit)
    state = answer.get("state", "")
    transaction, client = federation.claim(visit, state)
    if transaction.expired:
        return federation.start_again(visit)
    try:
        provider = providers.find(visit.site.pool, transaction.provider_name)
        if provider.type not in openid.TYPES:
            raise FederationRefused(NOT_ENABLED)
        identity = openid.arrived(visit.site.pool, provider, transaction, state, answer)
    except ResourceNotFoundException:
        return federation.refused(FederationRefused(NOT_ENABLED), transaction.request)
    except FederationRefused as error:
        return federation.refused(error, transaction.request)
    return federation.arrive(visit, transaction.request, client, identity)


def _answer(visit: Visit) -> dict[str, str]:
    """Return what the browser brought, where each parameter stands once. Raises TransactionLost."""
    given = visit.request.POST if visit.request.method == "POST" else visit.request.GET
    lists = {name: [str(value) for value in values] for name, values in given.lists()}
    if any(len(values) != 1 for values in lists.values()):
        raise TransactionLost
    return {name: values[0] for name, values in lists.items()}
