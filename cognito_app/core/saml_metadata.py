"""What a SAML identity provider says of itself in its metadata.

Standard: SAML V2.0 metadata, https://docs.oasis-open.org/security/saml/v2.0/saml-metadata-2.0-os.pdf
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.dateparse import parse_datetime, parse_duration
from lxml import etree  # type: ignore[import-untyped]  # has no types of its own

from cognito_app.core import certificates, safe_http

MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
CERTIFICATE = "{http://www.w3.org/2000/09/xmldsig#}X509Certificate"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
LONGEST_ENTITY_ID = 1024
MAX_CERTIFICATES = 20


class MetadataError(Exception):
    """The document cannot be used; the text is fit for whoever gave it."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """An identity provider: its name, where requests go, and what its signatures are checked with.

    ``stale_at`` is when it asks to be read again (``validUntil``, ``cacheDuration``), if it says so.
    """

    entity_id: str
    sso_redirect: str
    slo_redirect: str | None
    certificates: tuple[str, ...]
    stale_at: datetime | None = None


def parse(document: bytes, now: datetime) -> Metadata:
    """Read metadata that describes one identity provider.

    Raises MetadataError.
    """
    root = _root(document)
    entity = _entity(root)
    descriptor = entity.find(f"{MD}IDPSSODescriptor")
    if PROTOCOL not in str(descriptor.get("protocolSupportEnumeration", "")).split():
        raise MetadataError("The identity provider does not support SAML 2.0.")
    entity_id = str(entity.get("entityID", ""))
    if not entity_id or len(entity_id) > LONGEST_ENTITY_ID:
        raise MetadataError("The metadata has no valid entityID.")
    sso = _location(descriptor, "SingleSignOnService")
    if sso is None:
        raise MetadataError("The metadata has no SingleSignOnService with the HTTP-Redirect binding.")
    return Metadata(
        entity_id=entity_id,
        sso_redirect=sso,
        slo_redirect=_location(descriptor, "SingleLogoutService"),
        certificates=_signing_certificates(descriptor, now),
        stale_at=_stale_at((root, entity, descriptor), now),
    )


def _stale_at(elements: Iterable[Any], now: datetime) -> datetime | None:
    """Return the earliest end that an element states; what cannot be read states none."""
    found = []
    for element in elements:
        for name, read in (("validUntil", parse_datetime), ("cacheDuration", parse_duration)):
            try:
                value = read(element.get(name) or "?")
                if value is not None:
                    found.append(now + value if isinstance(value, timedelta) else _aware(value))
            except (ValueError, OverflowError):
                continue
    return min(found, default=None)


def _aware(instant: datetime) -> datetime:
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _root(document: bytes) -> Any:
    try:
        text = document.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise MetadataError("The metadata is not encoded in UTF-8.") from None
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise MetadataError("The metadata has a document type definition.")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        raise MetadataError("The metadata is not well-formed XML.") from None
    if root is None or root.getroottree().docinfo.doctype:
        raise MetadataError("The metadata has a document type definition.")
    return root


def _entity(root: Any) -> Any:
    found = [
        element for element in root.iter(f"{MD}EntityDescriptor") if element.find(f"{MD}IDPSSODescriptor") is not None
    ]
    if len(found) != 1:
        raise MetadataError("The metadata must describe exactly one identity provider.")
    return found[0]


def _location(descriptor: Any, service: str) -> str | None:
    for element in descriptor.findall(f"{MD}{service}"):
        if element.get("Binding") == REDIRECT:
            location = str(element.get("Location", ""))
            try:
                safe_http.check_url(location, any_port=True)
            except safe_http.FetchError as error:
                raise MetadataError(f"The location of {service} cannot be used: {error}.") from None
            return location
    return None


def _signing_certificates(descriptor: Any, now: datetime) -> tuple[str, ...]:
    """Return the certificates that are in force; keys without a stated use sign too."""
    found = []
    for key in descriptor.findall(f"{MD}KeyDescriptor"):
        if key.get("use") in (None, "signing"):
            found += [str(element.text or "") for element in key.iter(CERTIFICATE)]
    if not 0 < len(found) <= MAX_CERTIFICATES:
        raise MetadataError(f"The metadata must have 1 to {MAX_CERTIFICATES} signing certificates.")
    try:
        read = [certificates.read(text) for text in found]
    except certificates.CertificateError:
        raise MetadataError("A signing certificate of the metadata cannot be read.") from None
    in_force = [certificate for certificate, expires_at in read if expires_at > now]
    if not in_force:
        raise MetadataError("Signing certificates are expired")
    return tuple(dict.fromkeys(in_force))
