"""The examples of docs/developers that run without a browser, against a started quickstart."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import jwt
import pytest

from tests.e2e.documents import PAGES, example, examples, write
from tests.e2e.relying import (
    EMAIL,
    USERNAME,
    App,
    Visitor,
    converse,
    listening,
    npm_folder,
    pip_folder,
    port_of,
    run,
)
from tests.e2e.server import Running, free_port, start, stop

pytestmark = pytest.mark.e2e
needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js is not installed")
PACKAGES = ["openid-client@6", "@auth/core@0.41", "aws-jwt-verify@5", "aws-amplify@6", "amazon-cognito-identity-js@6"]
BROWSER = "globalThis.navigator ??= { userAgent: 'node', platform: 'linux' }\n"


@pytest.fixture(scope="module")
def app(server: Running) -> App:
    """An app whose address nobody listens on."""
    return App(server, f"http://localhost:{free_port()}")


@pytest.fixture(scope="module")
def js(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of npm."""
    return npm_folder(tmp_path_factory.mktemp("js"), *PACKAGES)


@pytest.fixture(scope="module")
def authlib(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Authlib."""
    return pip_folder(tmp_path_factory.mktemp("authlib"), "authlib>=1.6,<2", "joserfc>=1,<2")


def python(path: Path, *more: Path, **environment: str) -> str:
    """Run a Python file."""
    return run([sys.executable, str(path)], path.parent, PYTHONPATH=":".join(map(str, more)), **environment)


def test_boto3(app: App, tmp_path: Path) -> None:
    assert python(write(tmp_path, "example.py", "boto3", app.values)) == f"{USERNAME}\n"


def test_pycognito(app: App, tmp_path: Path) -> None:
    # boto3 wants a Region, which developers have in their AWS configuration.
    path = write(tmp_path, "example.py", "pycognito", app.values)
    assert python(path, AWS_DEFAULT_REGION="us-east-1") == f"{USERNAME}\n"


def test_aws_cli(app: App, tmp_path: Path) -> None:
    shell = example("cli", app.values)
    tools = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    output = run(["sh", "-ec", shell], tmp_path, PATH=tools, AWS_PAGER="", AWS_CONFIG_FILE=str(tmp_path / "none"))
    assert f'"{USERNAME}"' in output
    assert "quickstart-administrator" in output


@needs_npm
@pytest.mark.parametrize("name", ["identity-js", "amplify"])
def test_javascript_libraries_of_aws(app: App, js: Path, name: str) -> None:
    path = write(js, f"{name}.mjs", name, app.values)
    path.write_text(BROWSER + path.read_text())
    assert run(["node", path.name], js) == f"{USERNAME}\n"


@needs_npm
def test_openid_client(app: App, js: Path) -> None:
    write(js, "oidc.mjs", "openid-client", app.values)
    (js / "oidc_run.mjs").write_text(
        "import { begin, finish } from './oidc.mjs'\n"
        "import { createInterface } from 'node:readline/promises'\n"
        "const session = {}\n"
        "const lines = createInterface({ input: process.stdin })\n"
        "console.log((await begin(session)).href)\n"
        "for await (const line of lines) {\n"
        "  console.log(JSON.stringify(await finish(session, new URL(line))))\n"
        "  process.exit(0)\n"
        "}\n"
    )
    assert converse(["node", "oidc_run.mjs"], js, app)["email"] == EMAIL


def test_authlib(app: App, authlib: Path, tmp_path: Path) -> None:
    after = """
import json
address, state = begin("v" * 64, "n-1")
print(address, flush=True)
claims = finish(input(), state, "v" * 64, "n-1")
before = client.token
renewed = client.refresh_token(server["token_endpoint"], refresh_token=before["refresh_token"])
refresh = {"token": before["refresh_token"], "token_type_hint": "refresh_token"}
gone = client.revoke_token(server["revocation_endpoint"], **refresh)
try:
    client.refresh_token(server["token_endpoint"], refresh_token=before["refresh_token"])
    error = None
except Exception as problem:
    error = problem.error
outcome = {"email": claims["email"], "renewed": renewed["access_token"] != before["access_token"]}
print(json.dumps({**outcome, "revoked": gone.status_code, "error": error}))
"""
    path = write(tmp_path, "example.py", "authlib", app.values, after)
    result = converse([sys.executable, path.name], tmp_path, app, PYTHONPATH=str(authlib))
    assert result == {"email": EMAIL, "renewed": True, "revoked": 200, "error": "invalid_grant"}


def test_authlib_as_a_machine(app: App, authlib: Path, tmp_path: Path) -> None:
    token = python(write(tmp_path, "example.py", "machine", app.values), authlib).strip()
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["client_id"], claims["scope"]) == (app.machine["ClientId"], "shop/read")


@needs_npm
def test_authjs(app: App, js: Path) -> None:
    write(js, "authjs.mjs", "authjs", app.values)
    shutil.copy(Path(__file__).with_name("authjs_server.mjs"), js / "authjs_server.mjs")
    port = port_of(app.address)
    with listening(["node", "authjs_server.mjs", str(port)], js, port) as log:
        visitor = Visitor()
        form = {"csrfToken": visitor.open(app.address + "/auth/csrf").json()["csrfToken"]}
        begun = visitor.session.post(app.address + "/auth/signin/cognito", data=form, timeout=20)
        visitor.sign_in(begun)
        session = visitor.open(app.address + "/auth/session").json()
        assert session is not None, log.read_text()
    assert session["user"]["email"] == EMAIL


TRY_TOKENS = """
const outcome = {}
for (const [name, token] of Object.entries(JSON.parse(process.env.TOKENS))) {
  try {
    outcome[name] = (await verifier.verify(token)).token_use
  } catch (error) {
    outcome[name] = error.constructor.name
  }
}
console.log(JSON.stringify(outcome))
"""


def verified(js: Path, app: App, name: str) -> dict[str, str]:
    """Let an example's verifier judge tokens of the app."""
    mine = app.tokens()
    head, claims, _ = mine["AccessToken"].split(".")
    given = {
        "access": mine["AccessToken"],
        "id": mine["IdToken"],
        "forged": f"{head}.{claims}." + mine["IdToken"].split(".")[2],
        "other": app.tokens(app.other_client())["AccessToken"],
    }
    write(js, f"{name}.mjs", name, app.values, TRY_TOKENS)
    return dict(json.loads(run(["node", f"{name}.mjs"], js, TOKENS=json.dumps(given))))


JUDGED = {
    "access": "access",
    "id": "CognitoJwtInvalidTokenUseError",
    "forged": "JwtInvalidSignatureError",
    "other": "CognitoJwtInvalidClientIdError",
}


@needs_npm
def test_aws_jwt_verify(app: App, js: Path) -> None:
    assert verified(js, app, "jwt-verify") == JUDGED


@needs_npm
def test_aws_jwt_verify_with_the_issuer_of_aws(js: Path, tmp_path: Path) -> None:
    issuer = "https://cognito-idp.{region}.amazonaws.com/{pool_id}"
    running = start(tmp_path, "--no-demo", **{"COGNITO_ISSUER": issuer})
    try:
        app = App(running, f"http://localhost:{free_port()}")
        assert verified(js, app, "cognito-jwt-verify") == JUDGED
    finally:
        stop(running)


def test_pyjwt(app: App) -> None:
    place: dict[str, object] = {}
    exec(example("pyjwt", app.values), place)  # our own page
    claims_of = place["claims_of"]
    assert callable(claims_of)
    tokens = app.tokens()
    assert claims_of(tokens["AccessToken"])["username"] == USERNAME
    with pytest.raises(jwt.InvalidTokenError):
        claims_of(tokens["IdToken"])


def test_every_example_is_run() -> None:
    text = "".join(path.read_text() for path in Path(__file__).parents[1].rglob("test_*.py"))
    named = [name.removesuffix("-urls") for name in examples()]
    assert [name for name in named if f'"{name}"' not in text] == []


def test_the_pages_link_to_what_exists() -> None:
    for page in PAGES.glob("*.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
