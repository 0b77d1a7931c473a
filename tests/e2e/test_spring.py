"""Spring Boot as an API and as a relying party, configured as docs/developers says; needs Java and Maven."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.e2e.documents import example
from tests.e2e.relying import EMAIL, USERNAME, App, Visitor, listening, port_of, run
from tests.e2e.server import Running, free_port

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("mvn") is None, reason="Maven is not installed"),
    pytest.mark.skipif(shutil.which("java") is None, reason="Java is not installed"),
]

HERE = Path(__file__).with_name("spring")
BUILD = ["mvn", "-q", "-B", "compile", "dependency:build-classpath", "-Dmdep.outputFile=classpath"]


@pytest.fixture(scope="module")
def app(server: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The application, built and started."""
    app = App(server, f"http://localhost:{free_port()}")
    folder = tmp_path_factory.mktemp("spring")
    code, resources = folder / "src/main/java/example", folder / "src/main/resources"
    code.mkdir(parents=True)
    resources.mkdir()
    shutil.copy(HERE / "pom.xml", folder)
    shutil.copy(HERE / "Shop.java", code)
    (code / "PoolTokens.java").write_text("package example;\n" + example("spring-validator", app.values))
    settings = [example(name, app.values) for name in ("spring-api", "spring-client")]
    (resources / "application.yml").write_text("---\n".join(settings))
    run(BUILD, folder)
    classpath = "target/classes:" + (folder / "classpath").read_text().strip()
    port = port_of(app.address)
    with listening(["java", "-cp", classpath, "example.Shop", f"--server.port={port}"], folder, port, 90):
        yield app


def test_the_api_takes_access_tokens_of_its_client(app: App) -> None:
    def ask(token: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(app.address + "/api/me", headers=headers, timeout=20)

    mine = app.tokens()
    assert ask(mine["AccessToken"]).json() == {"username": USERNAME}
    head, claims, _ = mine["AccessToken"].split(".")
    forged = ".".join([head, claims, mine["IdToken"].split(".")[2]])
    others = app.tokens(app.other_client())["AccessToken"]
    assert [ask(token).status_code for token in (mine["IdToken"], forged, others)] == [401, 401, 401]


def test_people_sign_in(app: App) -> None:
    visitor = Visitor()
    page = visitor.open(app.address + "/")
    home = visitor.sign_in(page)
    assert home.json() == {"name": USERNAME, "email": EMAIL}
