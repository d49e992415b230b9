"""Filling a text: its variables, and the mark that it is advertising.

Source   compliance.md AD-4: a post with a buying link says 广告, and the product inserts it
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from domain.compliance.material import MARK
from domain.copy.text import PLACE

# What is known now; a variable that has no value is left out of it.
Values: TypeAlias = Mapping[str, str]
LINKS = ("链接", "券链接")


def fill(text: str, values: Values) -> str:
    """The text with its variables, and the mark. KeyError for a variable without a value."""
    return PLACE.sub(lambda place: values[place.group(1)], marked(text))


def marked(text: str) -> str:
    """A text with a link says that it is advertising: 「（广告）」 below it, unless the word stands there already."""
    has_link = any(f"{{{name}}}" in text for name in LINKS)
    return f"{text}\n（{MARK}）" if has_link and MARK not in text else text
