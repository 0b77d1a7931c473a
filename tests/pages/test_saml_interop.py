"""A SAML provider that others wrote: pysaml2 reads our metadata and requests, and we read what it answers.

pysaml2 needs the program xmlsec1 (Debian package of that name); without it these tests are left out.
"""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from re import findall
from shutil import which
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import serialization
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from pytest_django import Settings

from cognito_app.models import IdentityProvider
from cognito_app.services import config
from cognito_app.services.saml import service_provider
from tests.clients.providers import CERTIFICATE, KEY, add, attributes
from tests.clients.saml_federation import FORM, code_of
from tests.conftest import App
from tests.oauth.browser import Site

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.e2e,
    pytest.mark.skipif(which("xmlsec1") is None, reason="xmlsec1 is not installed"),
]

SCRIPT = Path(__file__).parent.parent / "e2e" / "pysaml2_idp.py"
MAIL = "urn:oid:0.9.2342.19200300.100.1.3"
AFFILIATION = "urn:oid:1.3.6.1.4.1.5923.1.1.1.1"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter of its own with pysaml2."""
    folder = tmp_path_factory.mktemp("pysaml2") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=120)
    command = [str(folder / "bin" / "pip"), "install", "--quiet", "pysaml2==7.5.5"]
    subprocess.run(command, check=True, timeout=300)
    return str(folder / "bin" / "python")


@pytest.fixture(params=["plain", "encrypted"])
def provider(python: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[str, Path, str]]:
    """The running provider: its address, its folder, and how it answers."""
    key = KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    (tmp_path / "key.pem").write_bytes(key)
    (tmp_path / "cert.pem").write_text(OneLogin_Saml2_Utils.format_cert(CERTIFICATE))
    command = [python, str(SCRIPT), str(tmp_path), str(request.param)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ.copy())
    assert process.stdout is not None
    yield process.stdout.readline().strip(), tmp_path, str(request.param)
    process.kill()
    process.communicate()


def _form(url: str) -> tuple[str, dict[str, str]]:
    """Follow a redirect to the provider, and return the form that its page sends."""
    page = urllib.request.urlopen(url, timeout=30).read().decode()  # the loopback
    action = findall(r'action="([^"]*)"', page)[0]
    return unescape(action), {name: unescape(value) for name, value in findall(r'name="(\w+)"\s+value="([^"]*)"', page)}


def _post(site: Site, url: str) -> Any:
    action, fields = _form(url)
    return site.browser.post(action.removeprefix("http://localhost:8000"), urlencode(fields), content_type=FORM)


def test_pysaml2_signs_in_and_out(app: App, settings: Settings, provider: tuple[str, Path, str]) -> None:
    address, folder, how = provider
    settings.COGNITO = {**settings.COGNITO, "OUTGOING_PRIVATE_NETWORKS": True}
    details = {
        "MetadataURL": f"{address}/metadata",
        "RequestSigningAlgorithm": "rsa-sha256",
        "IDPSignout": "true",
        "EncryptedResponses": "true" if how == "encrypted" else "false",
    }
    add(app, "Corp", "SAML", details, AttributeMapping={"email": MAIL, "profile": AFFILIATION})
    document = service_provider.metadata(config.pool(app.pool_id), IdentityProvider.objects.get())
    (folder / "sp.xml").write_text(document)
    site = Site(app, SupportedIdentityProviders=["Corp"])

    leaving = site.get("oauth2/authorize", **site.request())
    assert code_of(_post(site, leaving["Location"]))
    assert attributes(app, "Corp_ann-1")["profile"] == "[staff,member]"
    assert attributes(app, "Corp_ann-1")["email"] == "ann@example.com"

    bye = "https://app.example.com/bye"
    leaving = site.get("logout", client_id=site.client["ClientId"], logout_uri=bye)
    assert leaving["Location"].startswith(f"{address}/slo")
    assert _post(site, leaving["Location"])["Location"] == bye
