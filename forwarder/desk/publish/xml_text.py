"""XML that texts cannot break out of: one element after another, every text escaped by the standard library.

Pure: no clock, no disk, no chance; the same bytes for the same elements.
"""

from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"


def add(parent: Element, name: str, text: str | None = None, **attributes: str) -> Element:
    """A new element at the end of `parent`."""
    element = SubElement(parent, name, attributes)
    element.text = text
    return element


def document(root: Element) -> bytes:
    """The whole document in UTF-8."""
    indent(root, " ")
    body: bytes = tostring(root, encoding="utf-8", xml_declaration=False)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + body + b"\n"
