"""What every page goes through: the pool, the form's token, the headers, the page for errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, wraps
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import structlog
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.templatetags.static import static
from django.views.decorators.csrf import csrf_exempt

from cognito_app.core import ids, qr_code, secrets
from cognito_app.core.http import client_ip
from cognito_app.errors import ServiceError, TooManyRequestsException
from cognito_app.pages import steps
from cognito_app.pages.look import look_context
from cognito_app.services import authorization, replicas, sites, stamps, terms, throttle
from cognito_app.services.authorization import AuthorizeRequest, PageError, RedirectError
from cognito_app.services.config import ClientConfig
from cognito_app.services.sites import Site

CSRF_COOKIE = "XSRF-TOKEN"
CSRF_FIELD = "_csrf"
SESSION_COOKIE = "cognito"
LANGUAGE_COOKIE = "lang"
ADD_PASSKEY = "add_passkey"
FACTOR_COOKIE = "preferred-factor"
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

log = structlog.get_logger(__name__)

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

    @property
    def client_id(self) -> str | None:
        """The client that the page is shown for, as far as it is known."""
        named = str(self.request.GET.get("client_id", ""))
        client = self.client or authorization.client_of(self.site.pool, named)
        return client.id if client else None

    @cached_property
    def language(self) -> str | None:
        """The language that the browser asked for, now or before; managed login alone has languages."""
        asked = (self.request.GET.get("lang"), self.request.COOKIES.get(LANGUAGE_COOKIE))
        return None if self.site.classic else next((code for code in asked if code in terms.LANGUAGES), None)

    @property
    def new_account(self) -> bool:
        """Whether the sign-in goes on from a sign-up."""
        return self.confirmed_account or bool(self.field("new_account"))

    @property
    def wants_passkey(self) -> bool:
        """Whether a passkey is to be offered at the end of the sign-in."""
        return self.new_account or ADD_PASSKEY in self.request.GET

    def _passkey_script(self) -> dict[str, Any]:
        """Return what a page with the script of passkeys needs; its headers let that script run and no other."""
        self.nonce = self.nonce or secrets.urlsafe(16)
        return {"nonce": self.nonce, "passkey_script": static("cognito_app/js/passkeys.js")}

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
        """Whether a form was sent whose token is good: another form is shown anew, with a fresh token."""
        if self.request.method != "POST":
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
            "stylesheet": static("cognito_app/css/managed-login.css"),
            **look_context(self.site, self.client_id, template, context),
            **context,
            **(self._passkey_script() if "passkey_options" in context else {}),
        }
        if "qr_text" in context:
            shown["picture"] = qr_code.data_uri(context["qr_text"])
        html = loader.render_to_string(f"cognito_app/managed_login/{template}.html", shown)
        response = HttpResponse(html, status=status)
        self._set_cookie(response, CSRF_COOKIE, self._csrf)
        if self.language and self.language != self.request.COOKIES.get(LANGUAGE_COOKIE):
            self._set_cookie(response, LANGUAGE_COOKIE, self.language, max_age=YEAR_SECONDS)
        return response

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
        response["Location"] = f"{self.site.prefix}/error?error={code}"
        return response


def page(view: PageView) -> Callable[..., HttpResponse]:
    """Turn a function of a visit into a view."""

    @wraps(view)
    def handle(request: HttpRequest, segment: str | None = None) -> HttpResponse:
        request_id = ids.uuid4()
        stamps.begin_request()
        visit: Visit | None = None
        try:
            site = sites.find(request.META.get("HTTP_HOST", ""), segment)
            if site is None or not replicas.serves_users(site.pool.id):
                return _not_found()
            visit = Visit(request, site, request_id)
            response = _answer(view, visit)
        except TooManyRequestsException as error:
            response = HttpResponse(error.message, status=429, content_type="text/plain", headers={"Retry-After": "1"})
        except Exception:
            log.exception("page_crashed", request_id=request_id, path=request.path)
            response = HttpResponse("Something went wrong", status=500, content_type="text/plain")
        finally:
            stamps.end_request()
        _add_headers(response, request_id, visit)
        return response

    return csrf_exempt(handle)


def _answer(view: PageView, visit: Visit) -> HttpResponse:
    if visit.request.method not in ("GET", "HEAD", "POST"):
        return HttpResponse(status=405, headers={"Allow": "GET, POST"})
    declared = visit.request.META.get("CONTENT_LENGTH") or "0"
    if not declared.isdigit() or int(declared) > MAX_BODY:
        return visit.error("invalid_request")
    visit.count()
    try:
        visit.check_role()
        return visit.shown_again() or view(visit)
    except PageError as error:
        return visit.error(error.error)
    except RedirectError as error:
        return visit.error(error.error)
    except ServiceError as error:
        return visit.render("error", status=400, code=error.code, message=error.message)


def _not_found() -> HttpResponse:
    return HttpResponse("Not found", status=404, content_type="text/plain")


def _add_headers(response: HttpResponse, request_id: str, visit: Visit | None) -> None:
    response["x-amz-cognito-request-id"] = request_id
    response["Content-Length"] = str(len(response.content))
    response["Cache-Control"] = "no-cache, no-store, max-age=0, must-revalidate"
    response["Pragma"] = "no-cache"
    response["X-Content-Type-Options"] = "nosniff"
    response["X-Frame-Options"] = "DENY"
    response["Referrer-Policy"] = "no-referrer"
    # Browsers apply form-action to the redirects that follow a form, so the client's address must be in it.
    target = f" {_origin(visit.authorize.redirect_uri)}" if visit and visit.authorize else ""
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
