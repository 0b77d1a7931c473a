"""The classic hosted UI (``ManagedLoginVersion`` 1) in Chromium: every screen, plain and with CSS and a logo."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from tests.aws.mfa import DEVELOPER, code_now
from tests.aws.pictures import png
from tests.e2e.hosted import CHROMIUM, PASSWORD, PHONE, HostedPool, NewWalk, set_mfa, sign_in
from tests.e2e.server import Running

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js is not installed"),
]

CSS = """
.banner-customizable { padding: 25px 0px 25px 0px; background-color: #123456; }
.submitButton-customizable { font-size: 14px; font-weight: bold; color: #ffffff; background-color: #005a9c; }
.submitButton-customizable:hover { color: #ffffff; background-color: #003a6c; }
.label-customizable { font-weight: 400; color: #222222; }
.inputField-customizable { color: #111111; background-color: #ffffff; border: 1px solid #666666; }
.idpButton-customizable { color: #ffffff; background-color: #404040; border-color: #404040; }
.errorMessage-customizable { padding: 5px; border: 1px solid #a00000; background: #ffffff; color: #a00000; }
"""
PROVIDER = {
    "client_id": "x",
    "client_secret": "y",
    "attributes_request_method": "GET",
    "authorize_scopes": "openid",
    "oidc_issuer": "https://idp.example.com",
    "authorize_url": "https://idp.example.com/authorize",
    "token_url": "https://idp.example.com/token",
    "attributes_url": "https://idp.example.com/userinfo",
    "jwks_uri": "https://idp.example.com/jwks",
}


@pytest.fixture(scope="module", params=["plain", "custom"])
def classic(request: pytest.FixtureRequest, server: Running, idp: Any, callback: str) -> HostedPool:
    """A pool with a domain of the classic version, a provider and optional second factors."""
    flows = ("ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")
    pool = HostedPool(server, idp, callback, {"EmailConfiguration": DEVELOPER}, flows)
    at = {"UserPoolId": pool.pool_id}
    idp.create_user_pool_domain(**at, Domain=f"classic-{pool.client_id[:10]}", ManagedLoginVersion=1)
    set_mfa(pool, "OPTIONAL")
    idp.create_identity_provider(**at, ProviderName="Corp", ProviderType="OIDC", ProviderDetails=PROVIDER)
    client = idp.describe_user_pool_client(**at, ClientId=pool.client_id)["UserPoolClient"]
    kept = {
        name: client[name] for name in ("ExplicitAuthFlows", "AllowedOAuthFlows", "AllowedOAuthScopes", "CallbackURLs")
    }
    idp.update_user_pool_client(
        **at,
        ClientId=pool.client_id,
        AllowedOAuthFlowsUserPoolClient=True,
        SupportedIdentityProviders=["COGNITO", "Corp"],
        **kept,
    )
    if request.param == "custom":
        idp.set_ui_customization(**at, ClientId=pool.client_id, CSS=CSS, ImageFile=png())
    pool.settings["kind"] = request.param
    return pool


def test_every_classic_screen(classic: HostedPool, new_walk: NewWalk) -> None:
    kind, walk = f"classic-{classic.settings['kind']}", new_walk()
    name = classic.create(phone_number=PHONE, phone_number_verified="true")
    walk.go(classic.address())
    walk.see("Sign in", f"{kind}-login")
    assert walk.page.get_by_role("link", name="Continue with Corp").count() == 1
    sign_in(walk, classic, name, "Wrong-Horse-5!")
    walk.page.get_by_role("alert").get_by_text("Incorrect username or password.").wait_for()
    walk.see("Sign in", f"{kind}-login-wrong")
    walk.press("Forgot your password?", "link")
    walk.see("Reset your password", f"{kind}-forgot")
    walk.enter("Username", name)
    walk.see("Choose a new password", f"{kind}-reset")
    walk.type("Code", "000000")
    walk.type("New password", "Other-Horse-6!")
    walk.enter("New password once more", "Other-Horse-6!")
    walk.page.get_by_role("alert").wait_for()
    walk.see("Choose a new password", f"{kind}-reset-wrong")
    walk.go(classic.address("signup"))
    walk.see("Create an account", f"{kind}-signup")
    visitor = f"new-{kind}"
    walk.type("Username", visitor)
    walk.type("Email address", f"{visitor}@example.com")
    walk.type("Password", "short")
    walk.enter("Password once more", "short")
    walk.page.get_by_role("alert").wait_for()
    walk.see("Create an account", f"{kind}-signup-wrong")
    walk.type("Password", PASSWORD)
    walk.enter("Password once more", PASSWORD)
    walk.see("Confirm your account", f"{kind}-confirm")
    walk.enter("Confirmation code", classic.code(f"{visitor}@example.com"))
    walk.arrive(classic.callback)
    walk.go(classic.address("login"))
    walk.see("You are signed in", f"{kind}-account")
    walk.go(classic.address(redirect_uri="https://evil.example.com/"))
    walk.see("An error was encountered with the requested page.", f"{kind}-error")
    assert all("400" in problem for problem in walk.problems)
    walk.problems.clear()


def test_classic_passwords_and_factors(classic: HostedPool, new_walk: NewWalk) -> None:
    kind, walk = f"classic-{classic.settings['kind']}", new_walk()
    temporary = classic.create(password="Temporary-5!", permanent=False)
    sign_in(walk, classic, temporary, "Temporary-5!")
    walk.see("Choose a new password", f"{kind}-new-password")
    walk.type("New password", PASSWORD)
    walk.enter("New password once more", PASSWORD)
    walk.arrive(classic.callback)
    name = classic.create(phone_number=PHONE, phone_number_verified="true")
    on = {"Enabled": True, "PreferredMfa": False}
    classic.idp.admin_set_user_mfa_preference(
        UserPoolId=classic.pool_id, Username=name, SMSMfaSettings=on, EmailMfaSettings=on
    )
    walk = new_walk()
    sign_in(walk, classic, name)
    walk.see("Choose a second step", f"{kind}-mfa-choice")
    walk.press("Email")
    walk.see("Enter your code", f"{kind}-mfa-code")
    walk.enter("Code", classic.code(f"{name}@example.com"))
    walk.arrive(classic.callback)


def test_classic_set_up_of_an_authenticator_app(classic: HostedPool, new_walk: NewWalk) -> None:
    set_mfa(classic, "ON", SoftwareTokenMfaConfiguration={"Enabled": True})
    kind, walk = f"classic-{classic.settings['kind']}", new_walk()
    sign_in(walk, classic, classic.create())
    walk.see("Set up your authenticator app", f"{kind}-setup-app")
    walk.focus(walk.page.locator("summary"))
    walk.page.keyboard.press("Enter")
    secret = walk.page.locator("code.key").inner_text().replace(" ", "")
    walk.enter("Code", code_now(secret))
    walk.arrive(classic.callback)
