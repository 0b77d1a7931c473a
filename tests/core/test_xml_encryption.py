"""Encrypted XML is read if its algorithms are good, and says nothing else about itself."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree  # type: ignore[import-untyped]  # has no types of its own

from cognito_app.core import saml_response, xml_encryption
from cognito_app.core.saml_xml import Reason, SamlError
from cognito_app.core.xml_encryption import DecryptionError
from tests.clients.assertions import encoded, signed
from tests.clients.encryption import Transform, encrypted
from tests.core.test_saml_response import EXPECTED, FOR_ME, MINE, verify, xml

NAMES = (
    'xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" xmlns:xenc11="http://www.w3.org/2009/xmlenc11#" '
    'xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'
)
SHA256 = '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
SHA1 = '<ds:DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"/>'
MGF256 = '<xenc11:MGF Algorithm="http://www.w3.org/2009/xmlenc11#mgf1sha256"/>'
LABEL = "<xenc:OAEPparams>bGFiZWw=</xenc:OAEPparams>"
OLD, NEW = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", "http://www.w3.org/2009/xmlenc11#rsa-oaep"
GCM = "http://www.w3.org/2009/xmlenc11#aes128-gcm"


def _cipher(value: bytes) -> str:
    text = base64.b64encode(value).decode()
    return f"<xenc:CipherData><xenc:CipherValue>\n{text}\n</xenc:CipherValue></xenc:CipherData>"


def holder(
    method: str = SHA1,
    *,
    name: str = OLD,
    digest: Any = None,
    mask: Any = None,
    label: bytes | None = None,
    content: str = GCM,
    size: int = 16,
    more: str = "",
    beside: bool = False,
) -> Any:
    """Return an element with the word ``secret`` encrypted, as the options say."""
    key, nonce = b"k" * size, b"n" * 12
    oaep = padding.OAEP(padding.MGF1(mask or hashes.SHA1()), digest or hashes.SHA1(), label)  # OAEP's own
    sealed = MINE.public_key().encrypt(key, oaep)
    encrypted_key = (
        f'<xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="{name}">{method}</xenc:EncryptionMethod>'
        f"{_cipher(sealed)}</xenc:EncryptedKey>"
    )
    inside, outside = ("", encrypted_key) if beside else (encrypted_key, "")
    value = nonce + AESGCM(b"k" * 16).encrypt(nonce, b"secret", None)
    return etree.fromstring(
        f'<holder {NAMES}><xenc:EncryptedData><xenc:EncryptionMethod Algorithm="{content}"/>'
        f"<ds:KeyInfo>{inside}</ds:KeyInfo>{_cipher(value)}</xenc:EncryptedData>{outside}{more}</holder>"
    )


READ: dict[str, dict[str, Any]] = {
    "SHA-1": {},
    "no digest named": {"method": ""},
    "SHA-256 with a mask of SHA-1": {"method": SHA256, "digest": hashes.SHA256()},
    "SHA-256 for both": {"method": SHA256 + MGF256, "name": NEW, "digest": hashes.SHA256(), "mask": hashes.SHA256()},
    "a label": {"method": SHA1 + LABEL, "label": b"label"},
    "the key beside the data": {"beside": True},
}


@pytest.mark.parametrize("case", list(READ))
def test_what_is_encrypted_in_one_of_the_known_ways_is_read(case: str) -> None:
    assert xml_encryption.decrypt(holder(**READ[case]), MINE) == b"secret"


REFUSED: dict[str, dict[str, Any]] = {
    "RSA 1.5": {"name": "http://www.w3.org/2001/04/xmlenc#rsa-1_5"},
    "another digest than named": {"method": SHA256},
    "an unknown digest": {"method": '<ds:DigestMethod Algorithm="urn:md5"/>'},
    "another label": {"method": SHA1 + LABEL},
    "an unknown cipher": {"content": "urn:rot13"},
    "a key of another length": {"size": 32},
    "a block cipher whose blocks do not fit": {"content": "http://www.w3.org/2001/04/xmlenc#aes128-cbc"},
    "two keys": {"more": "<xenc:EncryptedKey/>"},
    "two contents": {"more": "<xenc:EncryptedData/>"},
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_everything_else_is_refused_in_one_way(case: str) -> None:
    with pytest.raises(DecryptionError) as refusal:
        xml_encryption.decrypt(holder(**REFUSED[case]), MINE)
    assert refusal.value.args == ()


def test_the_old_cipher_is_read_too() -> None:
    document = encrypted(signed(xml()), FOR_ME, cipher=Transform.DES3, size=192, kind="DES")
    assert verify(document, encrypted=True).name_id == "ann@example.com"


@pytest.mark.parametrize("content", ["<a", "<a/><b/>", "no element", "\x01", "&x;", "</in><in>", '<!DOCTYPE a ""><a/>'])
def test_what_cannot_be_parsed_is_not_written_to_the_log(content: str, capfd: pytest.CaptureFixture[str]) -> None:
    made = holder()
    value = b"n" * 12 + AESGCM(b"k" * 16).encrypt(b"n" * 12, content.encode(), None)
    data = made[0]
    data.replace(data[-1], etree.fromstring(f"<x {NAMES}>{_cipher(value)}</x>")[0])
    inner = etree.tostring(data).decode()
    plain = xml()
    start, end = plain.index("<saml:Assertion"), plain.index("</saml:Assertion>") + len("</saml:Assertion>")
    document = f"{plain[:start]}<saml:EncryptedAssertion>{inner}</saml:EncryptedAssertion>{plain[end:]}"
    with pytest.raises(SamlError) as refusal:
        saml_response.verify(encoded(document), EXPECTED)
    assert refusal.value.reason == Reason.ENCRYPTED
    assert capfd.readouterr() == ("", "")
