"""The XML of callbacks and replies: written with CDATA, read without entities.

`element` takes nested dicts; a list under a name becomes repeated siblings, an int a bare number, as the platform
writes it. `read` gives nested dicts in which every repeated sibling is a list.
"""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree


class XmlError(Exception):
    pass


def element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(element(name, item) for item in value)
    if isinstance(value, dict):
        return f"<{name}>{''.join(element(key, item) for key, item in value.items())}</{name}>"
    if isinstance(value, int | float):
        return f"<{name}>{value}</{name}>"
    return f"<{name}>{cdata(str(value))}</{name}>"


def cdata(text: str) -> str:
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"


def read(text: bytes | str) -> dict[str, Any]:
    """Parse `<xml>…</xml>`; XmlError for anything that is not that, or that has a DTD."""
    data = text.encode() if isinstance(text, str) else text
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise XmlError("a DTD is not allowed")
    try:
        root = ElementTree.fromstring(data)  # noqa: S314 entities cannot be declared without a DTD
    except ElementTree.ParseError as error:
        raise XmlError(f"not XML: {error}") from None
    if root.tag != "xml":
        raise XmlError(f"the root is <{root.tag}>, not <xml>")
    value = _value(root)
    return value if isinstance(value, dict) else {}


def _value(node: ElementTree.Element) -> Any:
    children = list(node)
    if not children:
        return node.text or ""
    found: dict[str, Any] = {}
    for child in children:
        value = _value(child)
        if child.tag not in found:
            found[child.tag] = value
        elif isinstance(found[child.tag], list):
            found[child.tag].append(value)
        else:
            found[child.tag] = [found[child.tag], value]
    return found
