"""A wheel built from the tree works in a Django project that knows nothing of this one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.server import ROOT

pytestmark = pytest.mark.e2e

SETTINGS = """
INSTALLED_APPS += ["cognito_app"]
ALLOWED_HOSTS = ["*"]
"""
OTP = 'INSTALLED_APPS += ["django_otp", "django_otp.plugins.otp_totp"]\n'
URLS = """
from django.urls import include, path
urlpatterns = [path("", include("cognito_app.urls"))]
"""
PROBE = """
import json, sys
import django
django.setup()
import cognito_app
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client
assert cognito_app.__file__.startswith(sys.argv[1]), cognito_app.__file__
call_command("check")
call_command("migrate", verbosity=0)
from cognito_app.services import access_keys, clients, config, pools
from cognito_app.services.actor import SYSTEM
pool = config.pool(pools.create(SYSTEM, name="p", settings={}).id)
client = clients.create(pool, SYSTEM, name="c", settings={
    "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"], "CallbackURLs": ["https://a.example/"],
    "AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["openid"], "AllowedOAuthFlowsUserPoolClient": True})
def call(operation, **body):
    target = "AWSCognitoIdentityProviderService." + operation
    answer = Client(enforce_csrf_checks=True).post(
        "/", json.dumps(body), content_type="application/x-amz-json-1.1", HTTP_X_AMZ_TARGET=target)
    return answer.status_code, json.loads(answer.content)
assert call("SignUp", ClientId=client.id, Username="ann", Password="Foreign-Horse-6!")[0] == 200
from cognito_app.services import sign_up
sign_up.admin_confirm(pool, SYSTEM, username="ann")
status, body = call("InitiateAuth", ClientId=client.id, AuthFlow="USER_PASSWORD_AUTH",
    AuthParameters={"USERNAME": "ann", "PASSWORD": "Foreign-Horse-6!"})
assert status == 200 and body["AuthenticationResult"]["IdToken"], body
page = Client().get(f"/{pool.id}/login", {"client_id": client.id, "redirect_uri": "https://a.example/",
    "response_type": "code"})
assert page.status_code == 200 and b"<h1>Sign in</h1>" in page.content
for language, heading in (("de", "Anmelden"), ("ja", "サインイン"), ("zh-TW", "登入")):
    page = Client().get(f"/{pool.id}/login", {"client_id": client.id, "redirect_uri": "https://a.example/",
        "response_type": "code", "lang": language})
    assert f"<h1>{heading}</h1>" in page.content.decode(), language
assert finders.find("cognito_app/css/managed-login.css")
assert Client().get(f"/{pool.id}/.well-known/openid-configuration").status_code == 200
print("portal", Client().get("/portal/login/").status_code)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked where only the foreign project finds it."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(ROOT)], check=True, timeout=180
    )
    wheel = next(folder.glob("*.whl"))
    target = folder / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(target), str(wheel)],
        check=True,
        timeout=180,
    )
    return target


@pytest.mark.parametrize(("extra", "portal"), [("", "404"), (OTP, "200")])
def test_the_wheel_in_a_foreign_project(installed: Path, tmp_path: Path, extra: str, portal: str) -> None:
    subprocess.run([sys.executable, "-m", "django", "startproject", "shop", str(tmp_path)], check=True, timeout=60)
    with (tmp_path / "shop" / "settings.py").open("a") as settings:
        settings.write(SETTINGS + extra)
    (tmp_path / "shop" / "urls.py").write_text(URLS)
    (tmp_path / "probe.py").write_text(PROBE, encoding="utf-8")
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{installed}{os.pathsep}{tmp_path}",
        "DJANGO_SETTINGS_MODULE": "shop.settings",
    }
    done = subprocess.run(
        [sys.executable, "probe.py", str(installed)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-2:] == ["portal", portal]
