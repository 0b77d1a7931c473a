"""The sign-up page: name, required attributes, password (optional where a code can stand for it)."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext_noop as _

from cognito_app.errors import ServiceError
from cognito_app.pages import attribute_fields, flow, identify
from cognito_app.pages.confirm import confirmation_page, sign_in_confirmed, to_login
from cognito_app.pages.look import terms_of
from cognito_app.pages.site import Visit, page, told
from cognito_app.services import auth_factors, sign_up
from cognito_app.services.config import ClientConfig
from cognito_app.services.sign_in import auto
from cognito_app.services.sign_in.state import seal_session


def _attribute_names(visit: Visit) -> list[str]:
    """Required attributes, and the contact that the pool verifies; a sign-in name that is one of them comes first."""
    pool = visit.site.pool
    required = [rule.name for rule in pool.attributes.values() if rule.required and rule.name != "sub"]
    verified = [name for name in ("email", "phone_number") if name in pool.auto_verified]
    names = list(dict.fromkeys([*verified[:1], *required]))
    return [name for name in names if name not in pool.username_attributes]


@page
def signup(visit: Visit) -> HttpResponse:
    """Show the form, or register."""
    request, client = visit.read_local()
    if visit.site.pool.admin_create_only:
        return visit.error("sign_up_not_permitted")
    if not visit.is_post:
        return _form(visit, client)
    username, password = visit.field("username").strip(), visit.field("password")
    given = {name: visit.field(name).strip() for name in _attribute_names(visit)}
    if not username or not (password or _may_leave_out_password(visit, client)):
        return _form(visit, client, message=_("Fill in all fields."))
    if password != visit.field("password_again"):
        return _form(visit, client, message=_("The passwords differ."))
    try:
        registered = sign_up.register(
            visit.site.pool,
            client,
            flow.actor(visit),
            username=username[:128],
            password=password[:256] or None,
            given={name: value for name, value in given.items() if value},
        )
    except ServiceError as error:
        return _form(visit, client, message=told(error))
    destination = registered.delivery.destination if registered.delivery else ""
    if not password:
        if sign_up.is_confirmed(registered.user):
            # Nothing was proved yet: a function confirmed the account.
            return to_login(visit, notice="confirmed")
        session = auto.after_sign_up(visit.site.pool, client, registered.user) or ""
        return confirmation_page(visit, username, "", sign_up_session=session, destination=destination)
    session = seal_session(flow.context(visit, client), "SIGN_UP", registered.user, ("pwd",))
    if sign_up.is_confirmed(registered.user):
        visit.confirmed_account = True
        return sign_in_confirmed(visit, request, client, registered.user, session)
    return confirmation_page(visit, username, session, destination=destination)


def _may_leave_out_password(visit: Visit, client: ClientConfig) -> bool:
    return identify.is_choice_based(visit, client) and auth_factors.takes_codes(visit.site.pool)


def _takes_password(visit: Visit, client: ClientConfig) -> bool:
    return auth_factors.PASSWORD in visit.site.pool.first_factors or not _may_leave_out_password(visit, client)


def _form(visit: Visit, client: ClientConfig, message: str = "") -> HttpResponse:
    names = visit.site.pool.username_attributes
    label, kind, autocomplete = (_("Username"), "text", "username")
    if len(names) == 1:
        label, kind, autocomplete = attribute_fields.FIELDS[next(iter(names))]
    elif names:
        label = _("Email or phone number")
    return visit.render(
        "signup",
        message=message,
        username=visit.field("username"),
        label=label,
        input_type=kind,
        autocomplete=autocomplete,
        fields=attribute_fields.of(visit, _attribute_names(visit)),
        policy=attribute_fields.policy_lines(visit),
        takes_password=_takes_password(visit, client),
        password_optional=_may_leave_out_password(visit, client),
        terms=terms_of(visit),
    )
