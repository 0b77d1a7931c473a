"""A small Django project of somebody else, whose settings and URLs are an example of docs/developers.

Started as ``python django_site.py <port>``, beside ``example_settings.py`` and ``example_urls.py``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, JsonResponse

BASE: dict[str, Any] = {
    "DEBUG": False,
    "SECRET_KEY": "only for this test",
    "ALLOWED_HOSTS": ["localhost"],
    "ROOT_URLCONF": "django_urls",
    "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "app.sqlite3"}},
    "LOGGING_CONFIG": None,
    "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
    "INSTALLED_APPS": [
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
    ],
    "MIDDLEWARE": [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    "TEMPLATES": [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
        }
    ],
}


def home(request: HttpRequest) -> JsonResponse:
    """Tell who is signed in."""
    user: Any = request.user
    return JsonResponse({"email": getattr(user, "email", None), "signed_in": user.is_authenticated})


def main(port: str) -> None:
    """Make the tables and serve."""
    sys.path.insert(0, str(Path.cwd()))
    given: dict[str, Any] = dict(BASE)
    exec(Path("example_settings.py").read_text(), given)  # our own page
    settings.configure(**{name: value for name, value in given.items() if name.isupper()})
    import logging

    import django
    from django.core.management import call_command

    logging.basicConfig(level=logging.INFO)
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("runserver", f"localhost:{port}", use_reloader=False, use_threading=True)


if __name__ == "__main__":
    main(sys.argv[1])
