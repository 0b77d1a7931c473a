"""What every page goes through: the pool, the form's token, the headers, the page for errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, wraps
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import structlog
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.templatetags.static import static
from django.views.decorators.csrf import csrf_exempt

from cognito_app.core import ids, secrets
from cognito_app.core.http import client_ip, is_too_long
from cognito_app.errors import LimitExceededException, ServiceError, TooManyRequestsException
from cognito_app.pages import languages, rendering, steps
from cognito_app.pages.look import look_context
from cognito_app.pages.provider_choice import ProviderChoice, choice_of
from cognito_app.services import authorization, replicas, sites, stamps, throttle
from cognito_app.services.authorization import AuthorizeRequest, PageError, RedirectError
from cognito_app.services.config import ClientConfig
from cognito_app.services.federated_sign_in.refusals import TransactionLost
from cognito_app.services.sites import Site

CSRF_COOKIE = "XSRF-TOKEN"
CSRF_FIELD = "_csrf"
SESSION_COOKIE = "cognito"
ADD_PASSKEY = "add_passkey"
FACTOR_COOKIE = "preferred-factor"
SAME_ORIGIN = "same-origin"
YEAR_SECONDS = 365 * 86_400
MAX_BODY = 64 * 1024

PAGES = {
    "login": "login",
    "signup": "signup",
    "confirm": "confirm",
    "resend_code": "resendcode",
    "add_passkey": "passkeys/add",
    "forgot_password": "forgotPassword",
    "confirm_forgot_password": "confirmForgotPassword",
}

FORM_CATEGORIES = {
    "signup": "UserCreation",
    "confirm": "UserCreation",
    "confirmuser": "UserCreation",
    "resendcode": "UserCreation",
    "forgotpassword": throttle.RECOVERY,
    "confirmforgotpassword": throttle.RECOVERY,
}
"""Where forms that are sent are counted, by the last part of the path; every other one is a step of a sign-in."""

SCRIPTS = {"passkey_options": "passkeys", "policy": "passwords"}
"""The scripts of pages, by what stands in their context."""

log = structlog.get_logger(__name__)

UNREADABLE = (SuspiciousOperation, MultiPartParserError, UnreadablePostError)
"""What Django raises for forms that are none: too many fields, a broken body."""

PageView = Callable[["Visit"], HttpResponse]


class Visit:
    """A request to a page of a pool's site."""

    def __init__(self, request: HttpRequest, site: Site, request_id: str) -> None:
        self.request = request
        self.request_id = request_id
        self.site = site
        self.query = steps.without_own(request.META.get("QUERY_STRING", ""))
        self._csrf = request.COOKIES.get(CSRF_COOKIE) or secrets.urlsafe(24)
        self.authorize: AuthorizeRequest | None = None
        self.client: ClientConfig | None = None
        self.nonce = ""
        self.confirmed_account = False

    def read_authorize(self) -> tuple[AuthorizeRequest, ClientConfig]:
        """Check the authorization request that the page's query repeats. Raises PageError or RedirectError."""
        lists = self.request.GET.lists()
        given = {name: [str(value) for value in values] for name, values in lists if name != steps.PARAMETER}
        self.authorize, self.client = authorization.parse(self.site.pool, given)
        return self.authorize, self.client

    def read_local(self) -> tuple[AuthorizeRequest, ClientConfig]:
        """As ``read_authorize``, for pages that only the pool's own users need. Raises PageError or RedirectError."""
        request, client = self.read_authorize()
        if not authorization.is_local(client, request):
            raise request.error("invalid_request", authorization.NOT_ENABLED)
        return request, client

    @property
    def client_id(self) -> str | None:
        """The client that the page is shown for, as far as it is known."""
        named = str(self.request.GET.get("client_id", ""))
        client = self.client or authorization.client_of(self.site.pool, named)
        return client.id if client else None

    @cached_property
    def language(self) -> str | None:
        """The language that the browser asked for, now or before; managed login alone has languages."""
        return None if self.site.classic else languages.asked(self.request)

    @property
    def new_account(self) -> bool:
        """Whether the sign-in goes on from a sign-up."""
        return self.confirmed_account or bool(self.field("new_account"))

    @property
    def wants_passkey(self) -> bool:
        """Whether a passkey is to be offered at the end of the sign-in."""
        return self.new_account or ADD_PASSKEY in self.request.GET

    def _script_of(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a page with a script needs, if it has one; its headers let that script run and no other."""
        found = next((script for name, script in SCRIPTS.items() if context.get(name)), None)
        if found is None:
            return {}
        self.nonce = self.nonce or secrets.urlsafe(16)
        return {"nonce": self.nonce, f"{found}_script": static(f"cognito_app/js/{found}.js")}

    @property
    def origin(self) -> str:
        """The origin of the page, as browsers see it."""
        return f"{'https' if self.site.secure else 'http'}://{self.request.META.get('HTTP_HOST', '')}"

    @property
    def preferred_factor(self) -> str:
        """The first factor that was used last in this browser."""
        return self.request.COOKIES.get(FACTOR_COOKIE, "")

    def remember_factor(self, response: HttpResponse, factor: str) -> None:
        """Keep the name of the factor that was used, for the next sign-in in this browser."""
        self._set_cookie(response, FACTOR_COOKIE, factor, max_age=YEAR_SECONDS)

    def field(self, name: str) -> str:
        """Return a field of the posted form; absent is empty."""
        return str(self.request.POST.get(name, "")).replace("\x00", "")

    @property
    def is_post(self) -> bool:
        """Whether a form was sent whose token is good: another form is shown anew, with a fresh token.

        What browsers say of another origin's form counts beside the token, as a neighbouring host can plant cookies.
        """
        if self.request.method != "POST" or self.request.headers.get("Sec-Fetch-Site", SAME_ORIGIN) != SAME_ORIGIN:
            return False
        sent, cookie = self.field(CSRF_FIELD), self.request.COOKIES.get(CSRF_COOKIE, "")
        return bool(cookie) and secrets.compare(sent, cookie)

    @property
    def category(self) -> str:
        """The category of the form that was sent."""
        if self.field("challenge") == throttle.NEW_PASSWORD:
            return throttle.RECOVERY
        return FORM_CATEGORIES.get(self.request.path.rstrip("/").rpartition("/")[2].lower(), throttle.SIGN_IN)

    def count(self) -> None:
        """Count the visit, and a form in its category. Raises TooManyRequestsException."""
        pool = self.site.pool
        throttle.count_visit(pool, client_ip(self.request), self.request.GET.get("client_id"))
        if self.is_post:
            throttle.count(self.category, pool=pool, user=self.field("username").strip()[:128] or None)

    def check_role(self) -> None:
        """Refuse forms that make or change users on a secondary site. Raises OperationNotEnabledException."""
        if self.is_post and self.category != throttle.SIGN_IN:
            replicas.require_primary(self.site.pool.id)

    @cached_property
    def federation(self) -> ProviderChoice | None:
        """The providers to choose from, on a page that asks who is there."""
        return choice_of(self)

    def link(self, page: str) -> str:
        """Return the address of another page of the same flow."""
        return f"{self.site.prefix}/{page}" + (f"?{self.query}" if self.query else "")

    def link_to_other_account(self) -> str:
        """Return the address of the sign-in form of the same flow, whoever is signed in to this browser."""
        kept = [(name, value) for name, value in parse_qsl(self.query, keep_blank_values=True) if name != "prompt"]
        return f"{self.site.prefix}/login?" + urlencode([*kept, ("prompt", "login")])

    def render(self, template: str, status: int = 200, **context: Any) -> HttpResponse:
        """Show a page; one that answers a form has an address of its own, for the Back button and the reload."""
        if self.is_post and self.authorize is not None and status == 200:
            step = steps.seal(self._csrf, template, {**context, "new_account": self.new_account})
            if step is not None:
                response = HttpResponse(status=303)
                response["Location"] = f"{self.request.path}?{self.query}&{steps.PARAMETER}={step}"
                return response
        return self._page(template, status, context)

    def shown_again(self) -> HttpResponse | None:
        """Show the page that the address holds, None if it holds none for this browser."""
        sealed = self.request.GET.get(steps.PARAMETER)
        kept = steps.opened(self._csrf, str(sealed)) if sealed and self.request.method != "POST" else None
        if kept is None:
            return None
        self.read_authorize()
        template, context = kept
        self.confirmed_account = bool(context["new_account"])
        return self._page(template, 200, context)

    def _page(self, template: str, status: int, context: Mapping[str, Any]) -> HttpResponse:
        shown = {
            "csrf": self._csrf,
            "pool_name": self.site.pool.name,
            "client_name": self.client.name if self.client else "",
            "links": {name: self.link(path) for name, path in PAGES.items()},
            "request_id": self.request_id,
            "new_account": self.new_account,
            "federation": lambda: self.federation,
            "minutes": self.client.session_minutes if self.client and context.get("session") else None,
            **look_context(self.site, self.client_id, template, context),
            **context,
            **self._script_of(context),
        }
        response = rendering.rendered(template, status, shown, self.language or languages.ENGLISH)
        self._set_cookie(response, CSRF_COOKIE, self._csrf)
        named = None if self.site.classic else languages.by_parameter(self.request)
        if named and named != self.request.COOKIES.get(languages.COOKIE):
            self._set_cookie(response, languages.COOKIE, named, max_age=YEAR_SECONDS)
        return response

    def fault(self, status: int, message: str = "", **context: Any) -> HttpResponse:
        """Show the page of a fault, in the look of the client as long as that can be read."""
        try:
            return self._page(rendering.FAULTS[status], status, {"message": message, **context})
        except Exception:
            log.exception("fault_page_crashed", request_id=self.request_id, path=self.request.path)
            return rendering.bare_fault(self.request, status, self.request_id)

    def _set_cookie(self, response: HttpResponse, name: str, value: str, max_age: int | None = None) -> None:
        response.set_cookie(
            name,
            value,
            max_age=max_age,
            path=self.site.cookie_path,
            secure=self.site.secure,
            httponly=True,
            samesite="Lax",
        )

    def error(self, code: str) -> HttpResponse:
        """Go to the error page."""
        response = HttpResponse(status=302)
        named = languages.by_parameter(self.request)
        response["Location"] = f"{self.site.prefix}/error?error={code}" + (f"&lang={named}" if named else "")
        return response


def page_up_to(max_body: int) -> Callable[[PageView], Callable[..., HttpResponse]]:
    """Return what turns a function of a visit into a view, whose forms may have so many bytes."""
    return lambda view: _page(view, max_body)


def _page(view: PageView, max_body: int) -> Callable[..., HttpResponse]:
    @wraps(view)
    def handle(request: HttpRequest, segment: str | None = None) -> HttpResponse:
        request_id = ids.uuid4()
        stamps.begin_request()
        visit: Visit | None = None
        try:
            site = sites.find(request.META.get("HTTP_HOST", ""), segment)
            if site is None or not replicas.serves_users(site.pool.id):
                response = rendering.bare_fault(request, 404, request_id)
            else:
                visit = Visit(request, site, request_id)
                response = _answer(view, visit, max_body)
        except Exception:
            log.exception("page_crashed", request_id=request_id, path=request.path)
            response = visit.fault(500) if visit else rendering.bare_fault(request, 500, request_id)
        finally:
            stamps.end_request()
        add_headers(response, request_id, visit)
        return response

    return csrf_exempt(handle)


page = page_up_to(MAX_BODY)
"""Turns a function of a visit into a view."""


def _answer(view: PageView, visit: Visit, max_body: int) -> HttpResponse:
    if visit.request.method not in ("GET", "HEAD", "POST"):
        response = visit.fault(405)
        response["Allow"] = "GET, POST"
        return response
    if is_too_long(visit.request, max_body):
        return visit.fault(413)
    try:
        visit.count()
        visit.check_role()
        return visit.shown_again() or view(visit)
    except UNREADABLE:
        visit.request.POST = QueryDict()
        return visit.fault(400)
    except TooManyRequestsException as error:
        return too_many(visit, error)
    except PageError as error:
        return visit.error(error.error)
    except TransactionLost:
        return visit.error("sign_in_lost")
    except RedirectError as error:
        return visit.error(error.error)
    except ServiceError as error:
        return visit.render("error", status=400, code=error.code, message=error.message)


def told(error: ServiceError) -> str:
    """Return what a form says of an error; where nothing but waiting helps, there is a page without a form.

    Raises TooManyRequestsException.
    """
    # The limits of a name leave other ways to sign in, those of an address or of the whole installation none.
    if isinstance(error, TooManyRequestsException) and error.message != LimitExceededException.default_message:
        raise error
    return error.message


def too_many(visit: Visit, error: TooManyRequestsException) -> HttpResponse:
    """Show that there were too many requests, and when to come again."""
    response = visit.fault(429, "" if error.message == error.default_message else error.message)
    response["Retry-After"] = str(error.retry_seconds)
    return response


def add_headers(response: HttpResponse, request_id: str, visit: Visit | None) -> None:
    response["x-amz-cognito-request-id"] = request_id
    response["Content-Length"] = str(len(response.content))
    response["Cache-Control"] = "no-cache, no-store, max-age=0, must-revalidate"
    response["Pragma"] = "no-cache"
    response["X-Content-Type-Options"] = "nosniff"
    response["X-Frame-Options"] = "DENY"
    response["Referrer-Policy"] = "no-referrer"
    # Browsers apply form-action to the redirects that follow a form, so the client's address must be in it.
    target = f" {_origin(visit.authorize.redirect_uri)}" if visit and visit.authorize else ""
    if visit and "federation" in visit.__dict__ and visit.federation:
        target += "".join(f" {origin}" for origin in visit.federation.choices.origins)
    script = f"script-src 'nonce-{visit.nonce}'; " if visit and visit.nonce else ""
    response["Content-Security-Policy"] = (
        f"default-src 'none'; {script}style-src 'self'; img-src 'self' data:; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action 'self'{target}"
    )


def _origin(uri: str) -> str:
    parts = urlsplit(uri)
    if parts.scheme in ("http", "https"):
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}:"
