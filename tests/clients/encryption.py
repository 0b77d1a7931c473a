"""Encrypted assertions as identity providers make them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from lxml import etree  # type: ignore[import-untyped]  # has no types of its own
from onelogin.saml2.utils import OneLogin_Saml2_Utils

xmlsec: Any = import_module("xmlsec")  # its types leave out half of it
Transform = xmlsec.Transform

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"


def encrypted(
    xml: str,
    certificate: str,
    *,
    cipher: str = Transform.AES256,
    size: int = 256,
    transport: str = Transform.RSA_OAEP,
    kind: str = "AES",
) -> str:
    """Return a Response in XML with its assertion encrypted for a certificate."""
    root = etree.fromstring(xml.encode())
    assertion = root.find(f"{{{SAML}}}Assertion")
    # It stands alone when it is read again, so it names all of its namespaces.
    alone = etree.fromstring(etree.tostring(assertion))
    holder = etree.Element(f"{{{SAML}}}EncryptedAssertion", nsmap={"saml": SAML})
    root.replace(assertion, holder)
    holder.append(alone)
    template = xmlsec.template.encrypted_data_create(root, cipher, type=xmlsec.EncryptionType.ELEMENT, ns="xenc")
    xmlsec.template.encrypted_data_ensure_cipher_value(template)
    info = xmlsec.template.encrypted_data_ensure_key_info(template, ns="dsig")
    key = xmlsec.template.add_encrypted_key(info, transport)
    xmlsec.template.encrypted_data_ensure_cipher_value(key)
    manager = xmlsec.KeysManager()
    pem = OneLogin_Saml2_Utils.format_cert(certificate)
    manager.add_key(xmlsec.Key.from_memory(pem, xmlsec.KeyFormat.CERT_PEM, None))
    context = xmlsec.EncryptionContext(manager)
    context.key = xmlsec.Key.generate(getattr(xmlsec.KeyData, kind), size, xmlsec.KeyDataType.SESSION)
    data = context.encrypt_xml(template, alone)
    assert data.getparent() is holder
    return str(etree.tostring(root).decode())
