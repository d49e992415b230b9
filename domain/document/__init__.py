"""Reading what people write: YAML and JSON become a tree that knows its lines, and every fault is collected.

A document is mappings, lists and leaves. A leaf is text and whether it stood in quotes; nothing is guessed from
how it looks, so the SKU `NO` stays `NO`, `012` stays `012`, and money written without quotes can be refused.
YAML and JSON give the same tree (a JSON string is a quoted leaf), so the readers below serve both.

    form = Form(node)                                   # one Form per mapping
    return form.done(Attribution(
        rule=form.may("rule", one_of("last_touch", "first_touch"), "last_touch"),
        window_days=form.may("window_days", whole(0, 3650), 30),
    ))

A reader takes a node and returns its value, or raises `Wrong` with what is allowed. A `Form` turns that into a
`Fault` and goes on with a placeholder, so that one look reports everything; `refuse_if_faulty` comes last.

Refused by construction: anchors, aliases, tags and repeated keys, more than one document, nesting deeper than 20.
"""

from domain.document.nodes import Fault, Form, Leaf, Node, Read, Refused, Wrong
from domain.document.readers import (
    each,
    flag,
    instant,
    nullable,
    one_of,
    parse_instant,
    quoted_text,
    rate,
    text,
    whole,
    yuan,
)
from domain.document.source import MAX_DEPTH, from_json, from_yaml

__all__ = [
    "MAX_DEPTH",
    "Fault",
    "Form",
    "Leaf",
    "Node",
    "Read",
    "Refused",
    "Wrong",
    "each",
    "flag",
    "from_json",
    "from_yaml",
    "instant",
    "nullable",
    "one_of",
    "parse_instant",
    "quoted_text",
    "rate",
    "text",
    "whole",
    "yuan",
]
