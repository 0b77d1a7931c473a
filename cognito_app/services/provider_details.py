"""ProviderDetails of each type of identity provider: what must be given, what follows, what is kept secret.

Source: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateIdentityProvider.html
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from cognito_app.conf import app_settings
from cognito_app.core import certificates, clock, jose, safe_http, saml_metadata
from cognito_app.errors import InvalidParameterException

LONGEST = 4096
SECRET_MEMBERS = ("client_secret", "private_key")
DEFAULT_FACEBOOK_VERSION = "v17.0"
_VERSION = re.compile(r"v\d{1,3}\.\d{1,2}")

COMMON = ("client_id", "client_secret", "authorize_scopes")
ENDPOINTS = {
    "authorize_url": "authorization_endpoint",
    "token_url": "token_endpoint",
    "attributes_url": "userinfo_endpoint",
    "jwks_uri": "jwks_uri",
}
FLAGS = ("true", "false")
METADATA_STAYS = timedelta(hours=6)
METADATA_RETRIED = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Details:
    """A provider's details: what Describe shows, what is sealed, and what a SAML provider says of itself.

    ``due_at`` is when that is read again.
    """

    shown: dict[str, str]
    secrets: dict[str, str] = field(repr=False)
    metadata: dict[str, Any] = field(default_factory=dict)
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Kind:
    """The members of a type: those that must and may be given, and those that follow (taken back, and ignored)."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    derived: tuple[str, ...]
    complete: Callable[[dict[str, str]], Details]


def build(kind: str, given: Mapping[str, str], kept: Mapping[str, str], pool_id: str) -> Details:
    """Check the details of a provider of a type and fill in what follows; may ask the provider for its metadata.

    ``kept`` holds the secrets of the provider that is changed. Call it outside of transactions.
    Raises InvalidParameterException.
    """
    rules = KINDS[kind]
    unknown = sorted(set(given) - {*rules.required, *rules.optional, *rules.derived})
    if unknown:
        raise InvalidParameterException(f"Invalid ProviderDetails for a provider of type {kind}: {unknown[0][:128]}")
    values = {name: value for name, value in given.items() if name not in rules.derived and value.strip()}
    for name in set(rules.required) & set(kept) & {"private_key"}:
        values.setdefault(name, kept[name])  # Describe does not show it, so it cannot be sent back
    if any(name not in values for name in rules.required):
        listed = f"{', '.join(rules.required[:-1])} and {rules.required[-1]}"
        raise InvalidParameterException(f"{listed} are all required idp details.")
    for name, value in values.items():
        if len(value) > LONGEST and name != "MetadataFile":
            raise InvalidParameterException(f"The value of {name} is longer than {LONGEST} characters.")
    built = rules.complete(values)
    return _with_encryption(built, kept, pool_id) if kind == "SAML" else built


def _split(values: Mapping[str, str], **derived: str) -> Details:
    shown = {name: value for name, value in values.items() if name not in SECRET_MEMBERS}
    secrets = {name: value for name, value in values.items() if name in SECRET_MEMBERS}
    return Details(shown={**shown, **derived}, secrets=secrets)


def _google(values: dict[str, str]) -> Details:
    return _split(
        values,
        attributes_url="https://people.googleapis.com/v1/people/me?personFields=",
        attributes_url_add_attributes="true",
        authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
        oidc_issuer="https://accounts.google.com",
        token_request_method="POST",  # noqa: S106  # an HTTP method
        token_url="https://www.googleapis.com/oauth2/v4/token",  # noqa: S106  # an address
    )


def _facebook(values: dict[str, str]) -> Details:
    version = values.setdefault("api_version", DEFAULT_FACEBOOK_VERSION)
    if not _VERSION.fullmatch(version):
        raise InvalidParameterException("api_version must have the form v17.0.")
    return _split(
        values,
        attributes_url=f"https://graph.facebook.com/{version}/me?fields=",
        attributes_url_add_attributes="true",
        authorize_url=f"https://www.facebook.com/{version}/dialog/oauth",
        token_request_method="GET",  # noqa: S106  # an HTTP method
        token_url=f"https://graph.facebook.com/{version}/oauth/access_token",
    )


def _amazon(values: dict[str, str]) -> Details:
    return _split(
        values,
        attributes_url="https://api.amazon.com/user/profile",
        attributes_url_add_attributes="false",
        authorize_url="https://www.amazon.com/ap/oa",
        token_request_method="POST",  # noqa: S106  # an HTTP method
        token_url="https://api.amazon.com/auth/o2/token",  # noqa: S106  # an address
    )


def _apple(values: dict[str, str]) -> Details:
    return _split(
        values,
        attributes_url_add_attributes="false",
        authorize_url="https://appleid.apple.com/auth/authorize",
        oidc_issuer="https://appleid.apple.com",
        token_request_method="POST",  # noqa: S106  # an HTTP method
        token_url="https://appleid.apple.com/auth/token",  # noqa: S106  # an address
    )


def _oidc(values: dict[str, str]) -> Details:
    method = values.setdefault("attributes_request_method", "GET")
    if method not in ("GET", "POST"):
        raise InvalidParameterException("attributes_request_method must be GET or POST.")
    _check_address("oidc_issuer", values["oidc_issuer"])
    if any(name not in values for name in ENDPOINTS):
        found = _discover(values["oidc_issuer"])
        for name, member in ENDPOINTS.items():
            if name not in values:
                values[name] = _discovered(found, member)
    for name in ENDPOINTS:
        _check_address(name, values[name])
    return _split(values, attributes_url_add_attributes="false")


def _check_address(name: str, url: str) -> None:
    try:
        parts = safe_http.check_url(url)
    except safe_http.FetchError as error:
        raise InvalidParameterException(f"Invalid {name}: {error}.") from None
    if parts.scheme != "https" and not app_settings.outgoing_private_networks:
        raise InvalidParameterException(f"Invalid {name}: the URL must start with https://.")


def _discover(issuer: str) -> dict[str, Any]:
    url = issuer.rstrip("/") + "/.well-known/openid-configuration"
    try:
        answer = safe_http.get(url, accept="application/json")
    except safe_http.FetchError as error:
        raise InvalidParameterException(f"Unable to contact well-known endpoint {url}: {error}.") from None
    if answer.status != 200:
        raise InvalidParameterException(f"Non-ok status code {answer.status} returned from well-known endpoint {url}")
    document = answer.json_object()
    if document is None:
        raise InvalidParameterException(f"The document of the well-known endpoint {url} is no JSON object.")
    return document


def _discovered(document: Mapping[str, Any], member: str) -> str:
    value = document.get(member)
    if not isinstance(value, str) or not value or "\x00" in value:
        raise InvalidParameterException(f"The discovery document of the issuer has no valid {member}.")
    return value


def _saml(values: dict[str, str]) -> Details:
    for name in ("IDPInit", "IDPSignout", "EncryptedResponses"):
        if name in values:
            values[name] = values[name].lower()
            if values[name] not in FLAGS:
                raise InvalidParameterException(f"{name} must be true or false.")
    if values.get("RequestSigningAlgorithm", "rsa-sha256") != "rsa-sha256":
        raise InvalidParameterException("RequestSigningAlgorithm must be rsa-sha256.")
    found = _metadata(values)
    shown = {**values, "SSORedirectBindingURI": found.sso_redirect}
    if found.slo_redirect is not None:
        shown["SLORedirectBindingURI"] = found.slo_redirect
    metadata = {
        "entity_id": found.entity_id,
        "sso_redirect": found.sso_redirect,
        "slo_redirect": found.slo_redirect,
        "certificates": list(found.certificates),
        "read_at": clock.epoch(),
    }
    due_at = _due_at(found) if "MetadataURL" in values else None
    return Details(shown=shown, secrets={}, metadata=metadata, due_at=due_at)


def _due_at(found: saml_metadata.Metadata) -> datetime:
    """Return when metadata from a URL is read again: after six hours, or earlier if it says so."""
    now = clock.now()
    latest = now + METADATA_STAYS
    return latest if found.stale_at is None else min(latest, max(found.stale_at, now + METADATA_RETRIED))


def reread(kept: Details) -> Details:
    """Read a SAML provider's metadata again from its URL. Call it outside of transactions.

    Raises InvalidParameterException.
    """
    given = {name: value for name, value in kept.shown.items() if name not in KINDS["SAML"].derived}
    built = _saml(given)
    certificate = kept.shown.get("ActiveEncryptionCertificate")
    shown = {**built.shown, "ActiveEncryptionCertificate": certificate} if certificate else built.shown
    return replace(built, shown=shown, secrets=kept.secrets)


def _metadata(values: dict[str, str]) -> saml_metadata.Metadata:
    """Read the metadata; of a URL and a file the URL counts, for it stays up to date."""
    url = values.get("MetadataURL")
    if url is None:
        if "MetadataFile" not in values:
            raise InvalidParameterException("At least one of the MetadataURL or MetadataFile should be provided.")
        document = values["MetadataFile"].encode("utf-8", "replace")
    else:
        values.pop("MetadataFile", None)
        document = _fetch_metadata(url)
    try:
        return saml_metadata.parse(document, clock.now())
    except saml_metadata.MetadataError as error:
        raise InvalidParameterException(str(error)) from None


def _fetch_metadata(url: str) -> bytes:
    try:
        answer = safe_http.get(url, accept="application/samlmetadata+xml, application/xml, text/xml")
    except safe_http.FetchError as error:
        raise InvalidParameterException(f"Error retrieving metadata from {url}: {error}.") from None
    if answer.status != 200:
        raise InvalidParameterException(
            f"Non-ok status code {answer.status} returned from remote metadata source {url}"
        )
    return answer.body


def _with_encryption(built: Details, kept: Mapping[str, str], pool_id: str) -> Details:
    """Add the key that a SAML provider encrypts assertions for; each provider has its own and keeps it."""
    pair = {name: value for name, value in kept.items() if name.startswith("encryption_")}
    if not pair:
        key = jose.generate_private_key()
        pair = {
            "encryption_key": base64.b64encode(jose.to_der(key)).decode(),
            "encryption_certificate": certificates.self_signed(key, pool_id, clock.now()),
        }
    shown = {**built.shown, "ActiveEncryptionCertificate": pair["encryption_certificate"]}
    return replace(built, shown=shown, secrets={**built.secrets, **pair})


_OAUTH_DERIVED = (
    "attributes_url",
    "attributes_url_add_attributes",
    "authorize_url",
    "oidc_issuer",
    "token_request_method",
    "token_url",
)
KINDS = {
    "Google": _Kind(COMMON, (), _OAUTH_DERIVED, _google),
    "Facebook": _Kind(COMMON, ("api_version",), _OAUTH_DERIVED, _facebook),
    "LoginWithAmazon": _Kind(COMMON, (), _OAUTH_DERIVED, _amazon),
    "SignInWithApple": _Kind(
        ("client_id", "team_id", "key_id", "private_key", "authorize_scopes"), (), _OAUTH_DERIVED, _apple
    ),
    "OIDC": _Kind(
        (*COMMON, "oidc_issuer"),
        ("attributes_request_method", *ENDPOINTS),
        ("attributes_url_add_attributes",),
        _oidc,
    ),
    "SAML": _Kind(
        (),
        (
            "MetadataURL",
            "MetadataFile",
            "IDPInit",
            "IDPSignout",
            "EncryptedResponses",
            "RequestSigningAlgorithm",
        ),
        ("ActiveEncryptionCertificate", "SLORedirectBindingURI", "SSORedirectBindingURI"),
        _saml,
    ),
}
SOCIAL = frozenset({"Google", "Facebook", "LoginWithAmazon", "SignInWithApple"})
