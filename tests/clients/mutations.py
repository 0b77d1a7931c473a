"""Random changes of a SAML response: of its text, of its elements, and of what signatures point at."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

from lxml import etree  # type: ignore[import-untyped]  # has no types of its own

from tests.clients.wrapping import OF_ASSERTIONS, OF_RESPONSES

EVIL = "bob@example.com"
MARKS = ("<!-- -->", "<?x y?>", "<![CDATA[x]]>", "&lt;", "&x;", "&#0;", "&#x41;", "\x00", "\u202e", "\U0001f610", "]]>")
DTDS = (
    '<!DOCTYPE r [<!ENTITY x "bob">]>',
    '<!DOCTYPE r SYSTEM "file:///etc/passwd">',
    '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
)
VALUES = (
    "",
    "_r",
    "#",
    "urn:evil",
    "2000-01-01T00:00:00Z",
    "2999-01-01T00:00:00Z",
    "not a time",
    "1",
    EVIL,
    "x" * 5000,
)
_SWAPPED = (
    ("Assertion", "Advice"),
    ("2.0:assertion", "1.0:assertion"),
    ("rsa-sha256", "rsa-sha1"),
    ("rsa-sha256", "hmac-sha256"),
    ("xml-exc-c14n#", "xml-exc-c14n#WithComments"),
    ("NameID", "BaseID"),
    ("ann@example.com", EVIL),
    ("reader", "admin"),
    ("ID=", "Id="),
    ("saml:", ""),
)


def _text(xml: str, random: Random) -> str:
    at = random.randrange(len(xml))
    return xml[:at] + random.choice([*MARKS, chr(random.randrange(1, 0x2FF)), EVIL]) + xml[at + random.randrange(4) :]


def _cut(xml: str, random: Random) -> str:
    start = random.randrange(len(xml))
    end = min(len(xml), start + random.randrange(1, 400))
    part = xml[start:end]
    at = random.randrange(len(xml))
    return random.choice([xml[:start] + xml[end:], xml[:at] + part + xml[at:]])


def _swap(xml: str, random: Random) -> str:
    old, new = random.choice(_SWAPPED)
    places = [match.start() for match in re.finditer(re.escape(old), xml)]
    if not places or random.random() < 0.3:
        return xml.replace(old, new)
    at = random.choice(places)
    return xml[:at] + new + xml[at + len(old) :]


def _dtd(xml: str, random: Random) -> str:
    return random.choice(DTDS) + xml


def _tree(change: Callable[[Any, list[Any], Random], None]) -> Callable[[str, Random], str]:
    def mutate(xml: str, random: Random) -> str:
        root = etree.fromstring(xml.encode())
        change(root, [item for item in root.iter() if isinstance(item.tag, str)], random)
        return str(etree.tostring(root).decode())

    return mutate


def _move(root: Any, elements: list[Any], random: Random) -> None:
    source, target = random.choice(elements[1:]), random.choice(elements)
    moved = deepcopy(source)
    if random.random() < 0.5:
        source.getparent().remove(source)
    if random.random() < 0.5:
        for item in moved.iter():
            if item.text and "@" in item.text:
                item.text = EVIL
            if item.get("ID") and random.random() < 0.5:
                item.set("ID", random.choice(VALUES) or "_e")
    target.insert(random.randrange(len(target) + 1), moved)


def _remove(root: Any, elements: list[Any], random: Random) -> None:
    gone = random.choice(elements[1:])
    gone.getparent().remove(gone)


def _attribute(root: Any, elements: list[Any], random: Random) -> None:
    element = random.choice(elements)
    names = [*element.attrib, random.choice(["ID", "InResponseTo", "Recipient", "Name", "URI", "Algorithm"])]
    name = random.choice(names)
    if random.random() < 0.2 and name in element.attrib:
        del element.attrib[name]
    else:
        element.set(name, random.choice(VALUES))


def _rewrite(root: Any, elements: list[Any], random: Random) -> None:
    random.choice(elements).text = random.choice(VALUES)


def _wrap(xml: str, random: Random) -> str:
    root = etree.fromstring(xml.encode())
    attack = random.choice([*OF_RESPONSES, *OF_ASSERTIONS])
    return str(etree.tostring(attack(root, EVIL)).decode())


KINDS: tuple[Callable[[str, Random], str], ...] = (
    _text,
    _cut,
    _swap,
    _dtd,
    _tree(_move),
    _tree(_move),
    _tree(_remove),
    _tree(_attribute),
    _tree(_rewrite),
    _wrap,
)


def mutated(xml: str, random: Random) -> str:
    """Return a response after one to three changes; those that no longer fit are left out."""
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        try:
            xml = random.choice(KINDS)(xml, random)
        except (etree.XMLSyntaxError, AttributeError, TypeError, ValueError, IndexError):
            continue
    return xml
