"""Copy (文案): texts that a distributor sends on, as data; which of them fits now; and what fills them.

    texts = parse(source, festivals=…)            # CopyRefused names line, key and what is allowed
    order = ranked(texts, Wish("moments"), occasion, known)   # those that fit, the best first
    text = fill(order[0].text, values)

Nothing is invented: a text that speaks of stock, time or a discount says by which fact it may, and is offered only
where the catalogue holds that fact.

Source   requirements.md R57, R60, R61
"""

from domain.copy.asked import Wish, again, wishes
from domain.copy.choose import Occasion, next_of, ranked
from domain.copy.festivals import Festival, at, parse_festivals
from domain.copy.fill import Values, fill, marked
from domain.copy.parse import parse, read_entry
from domain.copy.refused import CopyRefused
from domain.copy.text import KINDS, VARIABLES, CopyText, Kind, When

__all__ = [
    "KINDS",
    "VARIABLES",
    "CopyRefused",
    "CopyText",
    "Festival",
    "Kind",
    "Occasion",
    "Values",
    "When",
    "Wish",
    "again",
    "at",
    "fill",
    "marked",
    "next_of",
    "parse",
    "parse_festivals",
    "ranked",
    "read_entry",
    "wishes",
]
