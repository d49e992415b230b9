"""The passive reply, and long texts in parts."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
import xmltodict
from hypothesis import given
from hypothesis import strategies as st

from bot.wecom.crypto import Envelope
from bot.wecom.passive import sealed_text, text_reply
from domain.text import LIMIT, split_text
from tests.channels.vectors import AES_KEY, CORP_ID, TOKEN, V3

NOW = datetime(2026, 1, 1, 0, 0, 2, tzinfo=UTC)


def test_a_reply_is_written_as_in_the_reference() -> None:
    assert text_reply("zhangsan", CORP_ID, "本月佣金 128.50 元", NOW) == V3.plain


@pytest.mark.parametrize("content", ["]]>", "a]]>b]]>]]>c", "<b>&amp;</b>", "]]", ">", "😀 第一行\n第二行"])
def test_a_reply_carries_any_text_unchanged(content: str) -> None:
    assert xmltodict.parse(text_reply("zhangsan", CORP_ID, content, NOW))["xml"]["Content"] == content


def test_what_xml_cannot_carry_is_left_out() -> None:
    reply = text_reply("zhangsan", CORP_ID, "余\x00额\x0b 12.00\ud800\uffff 元", NOW)
    assert xmltodict.parse(reply)["xml"]["Content"] == "余额 12.00 元"


def test_a_sealed_reply_opens_again() -> None:
    envelope = Envelope(TOKEN, AES_KEY, CORP_ID)
    sealed = sealed_text(envelope, "zhangsan", CORP_ID, "你好", NOW)
    fields = xmltodict.parse(sealed)["xml"]
    opened = envelope.open(sealed.encode(), fields["MsgSignature"], fields["TimeStamp"], fields["Nonce"])
    assert fields["TimeStamp"] == "1767225602"
    assert opened.decode() == text_reply("zhangsan", CORP_ID, "你好", NOW)


def test_a_short_text_is_one_part() -> None:
    assert split_text("本月已赚 1.00 元\n回复「明细」") == ["本月已赚 1.00 元\n回复「明细」"]


@pytest.mark.parametrize("text", ["", "\n\n", "  \n"])
def test_a_blank_text_is_no_part(text: str) -> None:
    assert split_text(text) == []


def test_a_long_text_is_cut_on_line_ends_and_keeps_its_order() -> None:
    lines = [f"{number:03d} 草莓 3 斤 装 12.80 元" for number in range(200)]
    parts = split_text("\n".join(lines))
    assert "\n".join(parts).split("\n") == lines
    assert all(len(part.encode()) <= LIMIT for part in parts)
    assert len(parts) == 4  # 200 lines of 34 bytes with their line ends: 60 fit in a part


def test_a_part_is_filled_to_the_last_byte() -> None:
    assert split_text("a" * 10 + "\n" + "b" * 9, 20) == ["a" * 10 + "\n" + "b" * 9]
    assert split_text("a" * 10 + "\n" + "b" * 10, 20) == ["a" * 10, "b" * 10]


def test_a_line_that_is_too_long_is_cut_between_characters() -> None:
    parts = split_text("佣" * 1000)
    assert [len(part) for part in parts] == [682, 318]  # 682 × 3 = 2046
    assert "".join(parts) == "佣" * 1000


def test_a_number_is_not_cut_in_two() -> None:
    assert split_text("可提现 1,234.50 元", 16) == ["可提现 ", "1,234.50 元"]  # 16 bytes would end behind "1,234."


def test_an_address_is_not_cut_in_two_while_it_fits() -> None:
    parts = split_text("链接" * 6 + " https://x.cn/r/8K3M2Q?p=1", 40)
    assert parts == ["链接" * 6 + " ", "https://x.cn/r/8K3M2Q?p=1"]


def test_a_number_that_fills_a_part_is_cut_all_the_same() -> None:
    assert split_text("1" * 30, 20) == ["1" * 20, "1" * 10]


@pytest.mark.parametrize("cluster", ["👨‍👩‍👧", "👍🏽", "❤️", "e\u0301"])
def test_what_is_drawn_as_one_is_not_cut_in_two(cluster: str) -> None:
    text = "字" * 9 + cluster  # cut at 27 bytes and a bit: inside of the cluster
    assert split_text(text, 27 + len(cluster.encode()) - 1) == ["字" * 9, cluster]


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=400), st.integers(4, 60))
def test_nothing_is_lost_but_line_ends_and_blank_parts(text: str, limit: int) -> None:
    parts = split_text(text, limit)
    assert all(part.strip() and len(part.encode()) <= limit for part in parts)
    assert re.sub(r"\s", "", "".join(parts)) == re.sub(r"\s", "", text)


def test_a_limit_below_a_character_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="hold a character"):
        split_text("x", 3)
