"""Mounts the faces.

A pool's site is addressed by host name or by a first path segment (pool id or domain prefix); the same patterns serve
both. Paths match in any case and with or without a final slash, as Cognito's do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.urls import URLPattern, URLResolver, path, re_path

from cognito_app.aws.uploads import upload
from cognito_app.aws.view import aws_view
from cognito_app.oauth import authorize, discovery, identity_documents, logout, revoke, token, userinfo
from cognito_app.pages import (
    assets,
    confirm,
    error,
    event_feedback,
    faults,
    idp_response,
    login,
    passkeys,
    recovery,
    saml,
    signed_out,
    signup,
)

SEGMENT = r"^(?:(?P<segment>[A-Za-z0-9_-]{1,63})/)?"

UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def _on_site(route: str, view: Callable[..., Any]) -> URLPattern:
    # Django cannot reverse a URLconf that has inline flags in it.
    any_case = "".join(f"[{char.lower()}{char.upper()}]" if char.isalpha() else char for char in route)
    return re_path(rf"{SEGMENT}{any_case}/?$", view)


urlpatterns: list[URLPattern | URLResolver] = [
    path("", aws_view, name="aws"),
    re_path(r"^user-import/(?P<job_id>import-[0-9A-Za-z]{10})$", upload, name="user-import"),
    path(".well-known/jwks_uri", identity_documents.jwks),
    re_path(r"^(?P<segment>[A-Za-z0-9_-]{1,63})/\.well-known/openid-configuration$", discovery.openid_configuration),
    re_path(
        r"^(?P<segment>[A-Za-z0-9_-]{1,63})/\.well-known/oauth-authorization-server$", discovery.openid_configuration
    ),
    re_path(r"^(?P<segment>[A-Za-z0-9_-]{1,63})/\.well-known/jwks\.json$", discovery.jwks),
    path(".well-known/openid-configuration", identity_documents.configuration),
    path(".well-known/jwks.json", identity_documents.jwks),
    _on_site("oauth2/authorize", faults.as_page(authorize.authorize)),
    _on_site("oauth2/token", token.token),
    _on_site("oauth2/userInfo", userinfo.userinfo),
    _on_site("oauth2/revoke", revoke.revoke),
    _on_site("saml2/idpresponse", saml.idpresponse),
    _on_site("saml2/logout", saml.logout),
    _on_site("oauth2/idpresponse", idp_response.idp_response),
    _on_site("logout", faults.as_page(logout.logout)),
    _on_site("login", login.login),
    _on_site("signup", signup.signup),
    _on_site("confirm", confirm.confirm),
    _on_site("resendcode", confirm.resend_code),
    _on_site("confirmUser", confirm.confirm_user),
    _on_site("forgotPassword", recovery.forgot_password),
    _on_site("confirmForgotPassword", recovery.confirm_forgot_password),
    _on_site("eventFeedback", event_feedback.event_feedback),
    _on_site("passkeys/add", passkeys.add_passkey),
    _on_site("signedOut", signed_out.signed_out),
    _on_site("error", error.error),
    re_path(rf"{SEGMENT}branding\.css$", assets.stylesheet),
    re_path(
        rf"{SEGMENT}branding/(?P<style>{UUID})/(?P<number>[0-9]{{1,18}})\.(?P<extension>[a-z]{{3,4}})$",
        assets.style_image,
    ),
    re_path(
        rf"{SEGMENT}(?P<owner>[A-Za-z0-9_+]{{1,128}})/(?P<version>[0-9]{{14,20}})/assets/images/(?P<name>image\.[a-z]{{3}})$",
        assets.classic_logo,
    ),
]

if apps.is_installed("django.contrib.admin") and apps.is_installed("django_otp.plugins.otp_totp"):
    # Without its second factor there is no portal.
    from cognito_app.portal.pages import portal_site

    if apps.is_installed("cognito_app.contrib.object_storage"):
        from cognito_app.contrib.object_storage import portal as object_pages
        from cognito_app.portal.base import ServiceAdmin, actor_of

        object_pages.register(portal_site, ServiceAdmin, actor_of)
    urlpatterns.insert(0, path("portal/", portal_site.urls))
