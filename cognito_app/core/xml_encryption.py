"""Reading encrypted XML: the content key by RSA-OAEP, the content by AES or triple DES.

Standard: https://www.w3.org/TR/xmlenc-core1/
xmlsec could do it too, but it writes what it cannot parse to the server's log: whoever knows the certificate could
write there, for content needs no signature to be encrypted.
"""

from __future__ import annotations

import base64
from typing import Any

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES

DS = "{http://www.w3.org/2000/09/xmldsig#}"
XENC = "{http://www.w3.org/2001/04/xmlenc#}"
XENC11 = "{http://www.w3.org/2009/xmlenc11#}"
_XENC = "http://www.w3.org/2001/04/xmlenc#"
_XENC11 = "http://www.w3.org/2009/xmlenc11#"

OAEP_SHA1, OAEP = f"{_XENC}rsa-oaep-mgf1p", f"{_XENC11}rsa-oaep"
CBC: dict[str, tuple[type[AES] | type[TripleDES], int]] = {
    **{f"{_XENC}aes{bits}-cbc": (AES, bits // 8) for bits in (128, 192, 256)},
    # The one that every old provider knows; a signature tells whose the content is, not the cipher.
    f"{_XENC}tripledes-cbc": (TripleDES, 24),
}
GCM = {f"{_XENC11}aes{bits}-gcm": bits // 8 for bits in (128, 192, 256)}
DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "http://www.w3.org/2000/09/xmldsig#sha1": hashes.SHA1(),  # noqa: S303  # as OAEP uses it, it is not weak
    f"{_XENC}sha256": hashes.SHA256(),
    "http://www.w3.org/2001/04/xmldsig-more#sha384": hashes.SHA384(),
    f"{_XENC}sha512": hashes.SHA512(),
    f"{_XENC11}mgf1sha1": hashes.SHA1(),  # noqa: S303  # as OAEP uses it, it is not weak
    f"{_XENC11}mgf1sha256": hashes.SHA256(),
    f"{_XENC11}mgf1sha384": hashes.SHA384(),
    f"{_XENC11}mgf1sha512": hashes.SHA512(),
}
NONCE, TAG = 12, 16


class DecryptionError(Exception):
    """The element is of another form, of other algorithms, or for another key: nobody is told which."""


def decrypt(holder: Any, key: RSAPrivateKey) -> bytes:
    """Return the content of an element that holds one EncryptedData and one EncryptedKey.

    RSA with padding of PKCS #1 1.5 is refused: who may try often enough reads with it what is not theirs.
    Raises DecryptionError.
    """
    data, keys = list(holder.iter(f"{XENC}EncryptedData")), list(holder.iter(f"{XENC}EncryptedKey"))
    if len(data) != 1 or len(keys) != 1 or data[0].getparent() is not holder:
        raise DecryptionError
    try:
        return _content(data[0], _content_key(keys[0], key))
    except DecryptionError:
        raise
    except Exception:  # of base64, of lengths, of the tag: whatever it is, it cannot be read
        raise DecryptionError from None


def _content_key(element: Any, key: RSAPrivateKey) -> bytes:
    method = element.find(f"{XENC}EncryptionMethod")
    name = _algorithm(method)
    if name not in (OAEP_SHA1, OAEP):
        raise DecryptionError
    sha1 = "http://www.w3.org/2000/09/xmldsig#sha1"
    digest = DIGESTS[_algorithm(method.find(f"{DS}DigestMethod")) or sha1]
    mask = DIGESTS[(_algorithm(method.find(f"{XENC11}MGF")) if name == OAEP else "") or sha1]
    label = method.findtext(f"{XENC}OAEPparams")
    oaep = padding.OAEP(padding.MGF1(mask), digest, base64.b64decode(label) if label else None)
    return key.decrypt(_value(element), oaep)


def _content(element: Any, key: bytes) -> bytes:
    name, value = _algorithm(element.find(f"{XENC}EncryptionMethod")), _value(element)
    if name in GCM and len(key) == GCM[name]:
        return AESGCM(key).decrypt(value[:NONCE], value[NONCE:], None)
    if name not in CBC or len(key) != CBC[name][1]:
        raise DecryptionError
    algorithm: BlockCipherAlgorithm = CBC[name][0](key)
    size = algorithm.block_size // 8
    decryptor = Cipher(algorithm, modes.CBC(value[:size])).decryptor()
    padded = decryptor.update(value[size:]) + decryptor.finalize()
    if not 1 <= padded[-1] <= size:
        raise DecryptionError
    return padded[: -padded[-1]]


def _value(element: Any) -> bytes:
    value = element.find(f"{XENC}CipherData/{XENC}CipherValue")
    return base64.b64decode("".join(str(value.text).split()), validate=True)


def _algorithm(element: Any) -> str:
    return "" if element is None else str(element.get("Algorithm", ""))
