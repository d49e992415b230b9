"""XML as WeCom writes it: one root with text children. A DTD, and with it every entity bomb, is refused.

expat is driven directly: it is in C, knows exactly where a DTD begins (a person may type "<!DOCTYPE" in a message), and
recursion is ours to bound.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from bot.wecom.errors import NotXml

MOST_DEPTH = 16


@dataclass(slots=True)
class Document:
    """fields   the root's children by name with their text, exactly as sent; the first of several counts
    leaves   every deeper element that holds text, in the order of the document
    twice    names of children that came more than once
    """

    fields: dict[str, str] = field(default_factory=dict)
    leaves: list[tuple[str, str]] = field(default_factory=list)
    twice: set[str] = field(default_factory=set)


def read(data: bytes) -> Document:
    """Raises NotXml for what is broken, not UTF-8, too deep or has a DTD."""
    found = Document()
    path: list[str] = []
    text: list[str] = []

    def start(name: str, _: dict[str, str]) -> None:
        if len(path) == MOST_DEPTH:
            raise NotXml("too deep")
        path.append(name)
        text.clear()

    def end(name: str) -> None:
        path.pop()
        depth = len(path)
        if depth == 1:
            if name in found.fields:
                found.twice.add(name)
            else:
                found.fields[name] = "".join(text)
        elif depth > 1 and text:
            found.leaves.append((name, "".join(text)))
        text.clear()

    parser = expat.ParserCreate("utf-8")  # whatever the declaration says: WeCom sends UTF-8
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text.append
    parser.StartDoctypeDeclHandler = _refuse_dtd
    try:
        parser.Parse(data, True)
    except expat.ExpatError as fault:
        raise NotXml(expat.ErrorString(fault.code)) from None
    return found


def _refuse_dtd(*_: object) -> None:
    raise NotXml("a DTD")


# XML 1.0 has no way to write these at all, not even escaped.
_UNWRITABLE = dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF))


def cdata(text: str) -> str:
    """A CDATA section that holds `text`; what XML cannot carry is left out."""
    inside = text.translate(_UNWRITABLE).replace("]]>", "]]]]><![CDATA[>")
    return f"<![CDATA[{inside}]]>"
