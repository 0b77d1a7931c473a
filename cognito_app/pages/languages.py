"""Which language a page speaks: ``lang``, ``ui_locales``, the cookie, the browser's list if that is switched on.

Catalogs are Django's: ``cognito_app/locale``, and what an operator adds by ``LOCALE_PATHS`` and the setting
``PAGE_LANGUAGES``.
Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-managed-login.html
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

from cognito_app.conf import app_settings
from cognito_app.services import terms

ENGLISH = "en"
COOKIE = "lang"
NEAREST = {
    "in": "id",
    "pt": "pt-br",
    "zh": "zh-cn",
    "zh-hans": "zh-cn",
    "zh-hant": "zh-tw",
    "zh-hk": "zh-tw",
    "zh-mo": "zh-tw",
    "zh-sg": "zh-cn",
}
"""Tags that browsers and applications send, and the language of the pages that comes nearest."""


def offered() -> tuple[str, ...]:
    """Return the languages that there are."""
    return (*terms.LANGUAGES, *app_settings.page_languages) if settings.USE_I18N else (ENGLISH,)


def named(tag: str) -> str | None:
    """Return the language that a tag names exactly, in any case."""
    return {language.lower(): language for language in offered()}.get(tag.lower())


def nearest(tags: Iterable[str]) -> str | None:
    """Return the language of the first tag (RFC 5646) that the pages have one for: ``de-AT`` is German."""
    for tag in tags:
        parts = tag.replace("_", "-").lower().split("-")
        for length in range(len(parts), 0, -1):
            shorter = "-".join(parts[:length])
            found = named(NEAREST.get(shorter, shorter))
            if found is not None:
                return found
    return None


def of_header(header: str) -> str | None:
    """Return the language that a browser's ``Accept-Language`` likes most, if the setting ``ACCEPT_LANGUAGE`` is on."""
    if not app_settings.accept_language or len(header) > 500:
        return None
    return nearest(tag for tag, _ in parse_accept_lang_header(header) if tag != "*")


def speaking(language: str) -> AbstractContextManager[None]:
    """Return a context in which texts are in a language; API answers and messages are made outside of it."""
    return translation.override(language)


def direction(language: str) -> str:
    """Return the direction of a language's writing, for the attribute ``dir``."""
    return "rtl" if language.split("-")[0] in settings.LANGUAGES_BIDI else "ltr"


def by_parameter(request: HttpRequest) -> str | None:
    """Return the language that ``lang`` names; it is kept for later pages."""
    return named(str(request.GET.get("lang", "")))


def asked(request: HttpRequest) -> str | None:
    """Return the language that was asked for, now or before, None if nobody did."""
    return (
        by_parameter(request)
        or nearest(str(request.GET.get("ui_locales", ""))[:200].split())
        or named(request.COOKIES.get(COOKIE, ""))
        or of_header(request.headers.get("Accept-Language", ""))
    )
