"""The sign-up page: name, required attributes, password."""

from __future__ import annotations

from django.http import HttpResponse

from cognito_app.errors import ServiceError
from cognito_app.pages import flow
from cognito_app.pages.confirm import confirmation_page, sign_in_confirmed
from cognito_app.pages.look import terms_of
from cognito_app.pages.site import Visit, page
from cognito_app.services import sign_up
from cognito_app.services.sign_in.state import seal_session

FIELDS = {
    "email": ("Email address", "email", "email"),
    "phone_number": ("Phone number", "tel", "tel"),
    "name": ("Name", "text", "name"),
    "given_name": ("Given name", "text", "given-name"),
    "family_name": ("Family name", "text", "family-name"),
    "birthdate": ("Birthdate", "date", "bday"),
    "address": ("Address", "text", "street-address"),
    "nickname": ("Nickname", "text", "nickname"),
    "website": ("Website", "url", "url"),
}


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
    request, client = visit.read_authorize()
    if visit.site.pool.admin_create_only:
        return visit.error("sign_up_not_permitted")
    if not visit.is_post:
        return _form(visit)
    username, password = visit.field("username").strip(), visit.field("password")
    given = {name: visit.field(name).strip() for name in _attribute_names(visit)}
    if not username or not password:
        return _form(visit, message="Fill in all fields.")
    if password != visit.field("password_again"):
        return _form(visit, message="The passwords differ.")
    try:
        registered = sign_up.register(
            visit.site.pool,
            client,
            flow.actor(visit),
            username=username[:128],
            password=password[:256],
            given={name: value for name, value in given.items() if value},
        )
    except ServiceError as error:
        return _form(visit, message=error.message)
    session = seal_session(flow.context(visit, client), "SIGN_UP", registered.user, ("pwd",))
    if sign_up.is_confirmed(registered.user):
        return sign_in_confirmed(visit, request, client, registered.user, session)
    destination = registered.delivery.destination if registered.delivery else ""
    return confirmation_page(visit, username, session, destination=destination)


def _form(visit: Visit, message: str = "") -> HttpResponse:
    pool = visit.site.pool
    names = pool.username_attributes
    label, kind, autocomplete = ("Username", "text", "username")
    if len(names) == 1:
        label, kind, autocomplete = FIELDS[next(iter(names))]
    elif names:
        label = "Email or phone number"
    fields = [
        {"name": name, "label": spec[0], "type": spec[1], "autocomplete": spec[2], "value": visit.field(name)}
        for name in _attribute_names(visit)
        for spec in [FIELDS.get(name, (name.replace("_", " ").capitalize(), "text", "off"))]
    ]
    return visit.render(
        "signup",
        message=message,
        username=visit.field("username"),
        label=label,
        input_type=kind,
        autocomplete=autocomplete,
        fields=fields,
        policy=_policy_lines(visit),
        terms=terms_of(visit),
    )


def _policy_lines(visit: Visit) -> list[str]:
    policy = visit.site.pool.password_policy
    lines = [f"At least {policy.minimum_length} characters"]
    for wanted, text in (
        (policy.uppercase, "An upper-case letter"),
        (policy.lowercase, "A lower-case letter"),
        (policy.numbers, "A number"),
        (policy.symbols, "A symbol or a space inside"),
    ):
        if wanted:
            lines.append(text)
    return lines
