"""The app's menu: the intents under words that fit WeCom's limits."""

from __future__ import annotations

import pytest

from bot.wecom.menu import MENU, build
from domain.conversation import INTENTS

GROUPS = {"mine": "我的", "promote": "推广", "help": "帮助"}
ENTRIES = {intent: "中文" for _, intents in MENU for intent in intents}


def test_a_menu_has_an_entry_for_each_intent_under_its_group() -> None:
    menu = build(GROUPS, ENTRIES | {"earnings": "我的收益"})
    assert [button["name"] for button in menu["button"]] == ["我的", "推广", "帮助"]
    assert menu["button"][0]["sub_button"][0] == {"type": "click", "name": "我的收益", "key": "earnings"}


def test_the_keys_are_ids_of_intents() -> None:
    assert {intent for _, intents in MENU for intent in intents} <= set(INTENTS)


def test_a_name_that_just_fits_is_taken() -> None:
    build(GROUPS | {"mine": "五个汉字吗x"}, ENTRIES | {"link": "链" * 13 + "x"})  # 16 and 40 bytes


@pytest.mark.parametrize(
    ("groups", "entries", "menu", "fault"),
    [
        (GROUPS | {"mine": "六个汉字太长"}, ENTRIES, MENU, "mine: '六个汉字太长' has 18 bytes, at most 16 fit"),
        (GROUPS, ENTRIES | {"link": "链" * 14}, MENU, "at most 40 fit"),
        (GROUPS, ENTRIES | {"link": " "}, MENU, "link: no word for it"),
        ({}, ENTRIES, MENU, "mine: no word for it; promote: no word"),
        (GROUPS, ENTRIES, (("mine", ()),), "1 to 5 entries, not 0"),
        (GROUPS, ENTRIES, (("mine", ("link",) * 6),), "1 to 5 entries, not 6"),
        (GROUPS, ENTRIES, (("mine", ("link",)),) * 4, "1 to 3 groups, not 4"),
        (GROUPS, ENTRIES, (), "1 to 3 groups, not 0"),
        (GROUPS, ENTRIES | {"k" * 129: "长"}, (("mine", ("k" * 129,)),), "at most 128 bytes"),
    ],
)
def test_what_wecom_would_refuse_is_named(groups: dict, entries: dict, menu: tuple, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        build(groups, entries, menu)
