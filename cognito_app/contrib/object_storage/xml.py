"""S3's documents: written from nested values, read without trusting what comes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree  # type: ignore[import-untyped]  # has no types of its own

from cognito_app.contrib.object_storage.errors import S3Error

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")

Node = tuple[str, Any]
"""A name and its content: a text or number, a time, None to leave it out, or a list of nodes."""


def document(root: str, nodes: Iterable[Node], *, namespace: str | None = NAMESPACE) -> bytes:
    """Return a document."""
    opening = f'<{root} xmlns="{namespace}">' if namespace else f"<{root}>"
    inner = "".join(_write(name, value) for name, value in nodes)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{opening}{inner}</{root}>'.encode()


def leaf(root: str, text: str) -> bytes:
    """Return a document of one element."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{NAMESPACE}">{_text(text)}</{root}>'.encode()


def _write(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return f"<{name}>{''.join(_write(*node) for node in value)}</{name}>"
    return f"<{name}>{_text(value)}</{name}>"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return iso(value)
    text = escape(str(value), {"\r": "&#13;"})
    # S3 writes them as references, although XML 1.0 has none for them: clients ask for encoding-type=url.
    return _CONTROL.sub(lambda match: f"&#x{ord(match.group()):x};", text)


def printable(text: str) -> str:
    """Return a text without the characters that no document can hold."""
    return _CONTROL.sub("\ufffd", text)


def iso(instant: datetime) -> str:
    """Return a time as S3's documents have it."""
    utc = instant.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


class Element:
    """An element of a document that came in, with names without their namespace."""

    def __init__(self, node: Any) -> None:
        self._node = node

    @property
    def name(self) -> str:
        """The element's name."""
        return str(etree.QName(self._node).localname)

    @property
    def text(self) -> str:
        """The element's text."""
        return self._node.text or ""

    def children(self, name: str) -> Sequence[Element]:
        """Return the child elements of a name."""
        return [child for child in map(Element, self._node.iterchildren(tag=etree.Element)) if child.name == name]

    def value(self, name: str) -> str | None:
        """Return the text of the only child of a name, None if there is none. Raises MalformedXML."""
        found = self.children(name)
        if len(found) > 1:
            raise S3Error("MalformedXML")
        return found[0].text if found else None


def parse(content: bytes, root: str) -> Element:
    """Read a document: no entities, no document type. Raises MalformedXML, or MissingRequestBodyError without any."""
    if not content:
        raise S3Error("MissingRequestBodyError")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        node = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise S3Error("MalformedXML") from None
    found = Element(node)
    if node.getroottree().docinfo.doctype or found.name != root:
        raise S3Error("MalformedXML")
    return found
