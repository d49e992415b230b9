"""Template messages (模板消息) of the 公众号: what a merchant's template is filled with, and what its fields may hold.

A template belongs to the account's category and has fields of its own names (amount2, thing3, time4); the merchant
says in OFFICIAL_TEMPLATES which of our facts goes into which field.

    {"paid": {"id": "TPL…", "fields": {"amount2": "{amount}元", "character_string1": "{reference}", "time4": "{time}"}}}

Raises   ValueError with what is wrong and what is allowed
Source   reference/official-account.md §7: the kinds of fields and their limits
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Any

# What each notice can say; `time` is when it was written, 2026-11-21 18:30 in Shanghai.
FACTS: dict[str, frozenset[str]] = {
    "settled": frozenset(("amount", "orders", "available", "time")),
    "approved": frozenset(("amount", "time")),
    "rejected": frozenset(("amount", "because", "time")),
    "paid": frozenset(("amount", "reference", "time")),
}
# The most characters of a field, by the letters its name begins with.
LONGEST = {
    "thing": 20, "character_string": 32, "number": 32, "letter": 32, "symbol": 5, "phrase": 5, "name": 10,
    "amount": 11, "phone_number": 17, "car_number": 8, "time": 20, "date": 20, "const": 20,
}  # fmt: skip
_FIELD = re.compile(r"([a-z_]+?)(\d+)")


@dataclass(frozen=True, slots=True)
class Template:
    """fields   name of the template's field → our words, with facts in braces"""

    id: str
    fields: Mapping[str, str] = field(default_factory=dict)


def read(text: str) -> dict[str, Template]:
    """OFFICIAL_TEMPLATES: a JSON object, notice → template; an empty text is none."""
    if not text:
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        raise ValueError("it is no JSON") from None
    if not isinstance(found, dict):
        raise ValueError("it is no JSON object")
    return {name: _template(name, value) for name, value in found.items()}


def _template(name: str, value: Any) -> Template:
    if name not in FACTS:
        raise ValueError(f"{name!r} is none of {', '.join(FACTS)}")
    if not isinstance(value, dict) or not isinstance(value.get("id"), str) or not value["id"]:
        raise ValueError(f"{name}: there is no id")
    fields = value.get("fields")
    if not isinstance(fields, dict) or not fields or not all(isinstance(words, str) for words in fields.values()):
        raise ValueError(f"{name}: fields is no object of texts")
    for label, words in fields.items():
        if not (kind := _FIELD.fullmatch(label)) or kind[1] not in LONGEST:
            raise ValueError(f"{name}: {label!r} is no field of a template, such as amount2 or thing3")
        try:
            unknown = _facts(words) - FACTS[name]
        except ValueError as fault:
            raise ValueError(f"{name}.{label}: {fault}") from None
        if unknown:
            raise ValueError(
                f"{name}.{label}: {', '.join(sorted(unknown))} is none of {', '.join(sorted(FACTS[name]))}"
            )
    return Template(value["id"], dict(fields))


def _facts(words: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(words) if name is not None}


def fill(template: Template, values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The `data` of the message: each field in its kind's form, cut to its length. KeyError for a missing fact."""
    return {
        label: {"value": _fitted(label, words.format_map(dict(values)))} for label, words in template.fields.items()
    }


def _fitted(label: str, text: str) -> str:
    kind = _FIELD.fullmatch(label)
    name = kind[1] if kind else "thing"
    text = " ".join(text.split())
    if name == "amount":
        text = text.replace(",", "")
    most = LONGEST[name]
    if len(text) <= most:
        return text
    return text[: most - 1] + "…" if name == "thing" else text[:most]
