"""The app's menu: three groups of intents. Its words come from assets/messages.

Source   reference/wecom.md §2.5: 1 to 3 entries with 1 to 5 each; names ≤ 16 and ≤ 40 bytes, keys ≤ 128 bytes
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MENU: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("mine", ("earnings", "earnings_detail", "withdraw", "orders", "team")),
    ("promote", ("link", "poster", "copy", "products", "rank")),
    ("help", ("rules", "help", "join", "withdraw_status")),
)
MOST_GROUPS, MOST_ENTRIES = 3, 5
LONGEST_GROUP, LONGEST_ENTRY, LONGEST_KEY = 16, 40, 128


def build(
    groups: Mapping[str, str], entries: Mapping[str, str], menu: Sequence[tuple[str, Sequence[str]]] = MENU
) -> dict[str, Any]:
    """The body of menu/create.

    groups    group → what stands on the button: {"mine": "我的", "promote": "推广", "help": "帮助"}
    entries   intent → what stands in the list: {"earnings": "我的收益", …}
    Raises    ValueError with every fault: a missing word, too many entries, too many bytes
    """
    faults = [] if 1 <= len(menu) <= MOST_GROUPS else [f"a menu has 1 to {MOST_GROUPS} groups, not {len(menu)}"]
    buttons = []
    for group, intents in menu:
        if not 1 <= len(intents) <= MOST_ENTRIES:
            faults.append(f"{group}: a group has 1 to {MOST_ENTRIES} entries, not {len(intents)}")
        faults += _word_faults(group, groups, LONGEST_GROUP)
        for intent in intents:
            faults += _word_faults(intent, entries, LONGEST_ENTRY)
            if len(intent.encode()) > LONGEST_KEY:
                faults.append(f"{intent[:20]}…: a key has at most {LONGEST_KEY} bytes")
        listed = [{"type": "click", "name": entries.get(intent, ""), "key": intent} for intent in intents]
        buttons.append({"name": groups.get(group, ""), "sub_button": listed})
    if faults:
        raise ValueError("; ".join(faults))
    return {"button": buttons}


def _word_faults(key: str, words: Mapping[str, str], most: int) -> list[str]:
    word = words.get(key, "")
    if not word.strip():
        return [f"{key}: no word for it"]
    size = len(word.encode())
    return [f"{key}: {word!r} has {size} bytes, at most {most} fit"] if size > most else []
