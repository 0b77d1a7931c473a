"""Django projects as relying parties, as docs/developers has them: in through the hosted page, back with a user."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.e2e.documents import example, write
from tests.e2e.relying import EMAIL, App, Visitor, listening, pip_folder, port_of
from tests.e2e.server import Running, free_port

pytestmark = pytest.mark.e2e

URLS = "from django.urls import include, path\nfrom __main__ import home\nurlpatterns = [path('', home)]\n"
PROJECTS = [
    ("mozilla-django-oidc", "/oidc/authenticate/"),
    ("social-auth", "/login/cognito/"),
    ("social-auth", "/login/oidc/"),
    ("allauth", "/accounts/oidc/cognito/login/"),
]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The libraries, apart from the environment of the tests; social-auth is there."""
    wanted = ["Django>=5.2,<5.3", "mozilla-django-oidc>=5,<6", "django-allauth[socialaccount]>=65,<66"]
    return pip_folder(tmp_path_factory.mktemp("django"), *wanted)


@pytest.fixture(scope="module")
def app(server: Running) -> App:
    """The app of the project."""
    return App(server, f"http://localhost:{free_port()}")


def project(folder: Path, app: App, name: str) -> list[str]:
    """Write a project with the settings and URLs of an example; returns the command that serves it."""
    shutil.copy(Path(__file__).with_name("django_site.py"), folder)
    write(folder, "example_settings.py", name, app.values)
    (folder / "django_urls.py").write_text(URLS + example(f"{name}-urls", app.values))
    return [sys.executable, "django_site.py", str(port_of(app.address))]


@pytest.mark.parametrize(("name", "begin"), PROJECTS)
def test_a_django_project_signs_in(app: App, packages: Path, tmp_path: Path, name: str, begin: str) -> None:
    command = project(tmp_path, app, name)
    with listening(command, tmp_path, port_of(app.address), PYTHONPATH=str(packages)) as log:
        visitor = Visitor()
        assert visitor.open(app.address + "/").json()["signed_in"] is False
        page = visitor.open(app.address + begin, method="POST" if name == "social-auth" else "GET")
        assert page.url.startswith(app.issuer + "/login?")
        home = visitor.sign_in(page)
        assert home.url == app.address + "/", log.read_text()
        assert home.json() == {"email": EMAIL, "signed_in": True}
