"""SVG documents from strangers: only those that draw, and neither run nor fetch anything.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/managed-login-brandingeditor.html (the elements that
managed login takes; its list has audio, video and links as well, which no logo needs).
"""

from __future__ import annotations

import re

from lxml import etree  # type: ignore[import-untyped]  # has no types of its own

NAMESPACE = "http://www.w3.org/2000/svg"
XHTML = "http://www.w3.org/1999/xhtml"
_NAMES = """
    svg altglyph altglyphdef altglyphitem animatecolor animatemotion animatetransform circle clippath defs desc ellipse
    filter font g glyph glyphref hkern image line lineargradient marker mask metadata mpath path pattern polygon
    polyline radialgradient rect stop style switch symbol text textpath title tref tspan view vkern feblend
    fecolormatrix fecomponenttransfer fecomposite feconvolvematrix fediffuselighting fedisplacementmap fedistantlight
    feflood fefunca fefuncb fefuncg fefuncr fegaussianblur femerge femergenode femorphology feoffset fepointlight
    fespecularlighting fespotlight fetile feturbulence
"""
ELEMENTS = frozenset(_NAMES.split())
_LOCAL = re.compile(r"\s*#|\s*data:image/(?:png|jpeg|webp);base64,[A-Za-z0-9+/=\s]*\Z")
_FETCHES = re.compile(r"url\((?!\s*['\"]?\s*#)|@import|image-set\(|\\|javascript:|expression\(", re.IGNORECASE)


class UnsafeSvg(ValueError):
    """A document that is no SVG, or could do more than draw."""


def check(content: bytes) -> None:
    """Raises UnsafeSvg."""
    root = _parse(content)
    if etree.QName(root).namespace != NAMESPACE or etree.QName(root).localname != "svg":
        raise UnsafeSvg("the root element is not svg")
    for outside in (*root.itersiblings(preceding=True), *root.itersiblings()):
        _check_node(outside)
    for node in root.iter():
        _check_node(node)


def _parse(content: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise UnsafeSvg("the file is no well-formed SVG document") from None
    subset = root.getroottree().docinfo.internalDTD
    if subset is not None and any(True for _ in subset.iterentities()):
        raise UnsafeSvg("the document declares entities")
    return root


def _check_node(node: etree._Element) -> None:
    if node.tag is etree.Comment:
        return
    if not isinstance(node.tag, str):
        raise UnsafeSvg("the document has processing instructions or entities")
    name = etree.QName(node)
    local = name.localname.lower()
    if name.namespace in (None, NAMESPACE, XHTML) and (name.namespace == XHTML or local not in ELEMENTS):
        raise UnsafeSvg("the document has an element that is not allowed")
    if local == "style" and _FETCHES.search("".join(node.itertext())):
        raise UnsafeSvg("the document's style refers to something outside")
    for attribute, value in node.attrib.items():
        _check_attribute(etree.QName(attribute).localname.lower(), str(value))


def _check_attribute(name: str, value: str) -> None:
    if name.startswith("on"):
        raise UnsafeSvg("the document has event handlers")
    if name in ("href", "src", "base") and not _LOCAL.match(value):
        raise UnsafeSvg("the document refers to something outside")
    if name == "attributename" and value.strip().lower().rpartition(":")[2] in ("href", "style"):
        raise UnsafeSvg("the document animates a reference")
    if _FETCHES.search(value):
        raise UnsafeSvg("the document refers to something outside")
