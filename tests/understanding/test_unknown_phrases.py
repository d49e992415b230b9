"""What was not understood: counted without who said it, listed, and taught to the assistant."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.understanding import EXACT_ONLY, PhraseError, Understanding, phrases
from bot.understanding.normalise import plain
from bot.understanding.sentence import Sentence
from models.message import Outbox
from models.unknown import UnknownPhrase
from services import unknown
from tests.support.shop import START, Shop
from tests.understanding.support import ASSETS, NOW, read


def noted(shop: Shop) -> dict[str, int]:
    with shop.sessions.reading() as session:
        return {row.text: row.count for row in session.scalars(select(UnknownPhrase))}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("我家猫丢了 电话13812345678", "138"),
        ("我家猫丢了 电话一三八一二三四五六七八", "一二三"),
        ("隔壁小王叫你 wxid_a8f2kk", "wxid"),
        ("隔壁小王家的猫丢了", "小王"),
        ("写信给 zhang.san@example.com 呀", "san"),
        ("身份证110101199003078515好看吗", "1101"),
        ("我的猫叫 8K3M2Q", "8k3m2q"),
    ],
)
def test_what_could_name_a_person_is_a_mark(understanding, text, told):
    heard = Sentence(plain(text), text, NOW, ()).anonymous
    assert told not in heard.lower()
    assert "⟨" in heard
    assert not any(digit in heard for digit in "0123456789")


def test_an_unknown_message_is_counted_and_its_three_nearest_are_buttons(shop: Shop) -> None:
    shop.says("xiaoli", "我要加入")
    for who in ("xiaoli", "ahua", "xiaoli"):
        answer = shop.says(who, "我家猫丢了怎么办")
        assert "「帮助」" in answer
    assert noted(shop) == {"我家猫丢了怎么办": 3}
    with shop.sessions.reading() as session:
        cards = [row.body for row in session.scalars(select(Outbox).where(Outbox.kind == "card"))]
    assert len({card["task"] for card in cards}) == len(cards) == 3
    for card in cards:
        assert len({button["key"] for button in card["buttons"]}) == 3
        assert all(button["text"] in answer for button in cards[-1]["buttons"])


NEAR = [
    ("老王说你们有好东西", "products"), ("卡里一分没见着", "withdraw_status"), ("这玩意儿靠得住不", "rules"),
    ("群里冷得像冰窖", "copy"), ("提一部分先", "withdraw"), ("今天天气真好呀", "earnings"),
]  # fmt: skip


def test_what_is_offered_for_an_unknown_sentence_is_near_it(understanding) -> None:
    offered = {text: read(understanding, text) for text, _ in NEAR}
    assert {found.name for found in offered.values()} == {"unknown"}
    assert all(len(set(found.nearest)) == 3 for found in offered.values())
    assert sum(wanted in offered[text].nearest for text, wanted in NEAR) >= len(NEAR) - 1


def test_no_row_says_who_wrote(shop: Shop) -> None:
    shop.says("xiaoli", "我家猫丢了怎么办")
    assert set(UnknownPhrase.__table__.columns.keys()) == {"id", "text", "count", "first_at", "last_at", "intent"}


def test_what_is_understood_is_not_noted(shop: Shop) -> None:
    for text in ("我要加入", "余额", "海报", "提现50", "确认", "通过 3", "？？？"):
        shop.says("xiaoli", text)
    assert set(noted(shop)) <= {"通过⟨数⟩"}


def test_two_who_say_the_same_at_once_are_both_counted(shop: Shop) -> None:
    both = threading.Barrier(2)

    def say() -> None:
        with shop.sessions.writing() as session:
            if shop.sessions.engine.dialect.name != "sqlite":  # there writers take turns from the beginning
                both.wait(timeout=10)
            unknown.note(session, "听不懂的话", now=START)

    threads = [threading.Thread(target=say) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert noted(shop) == {"听不懂的话": 2}


def test_what_nobody_repeats_is_forgotten_after_half_a_year_and_a_label_never(shop: Shop) -> None:
    with shop.sessions.writing() as session:
        for text in ("很久以前", "教过的", "最近的"):
            unknown.note(session, text, now=START - (unknown.KEPT + timedelta(days=1)))
        unknown.note(session, "最近的", now=START)
        taught = session.scalar(select(UnknownPhrase.id).where(UnknownPhrase.text == "教过的"))
        unknown.label(session, taught, "rank")
    with shop.sessions.writing() as session:
        assert unknown.sweep(session, now=START) == 1
    assert set(noted(shop)) == {"教过的", "最近的"}


def test_a_taught_phrase_is_understood_at_the_next_start_and_so_is_one_like_it(tmp_path) -> None:
    own = tmp_path / "phrases.toml"
    assert phrases.add(own, "给俺瞅瞅封神榜", "rank")
    assert phrases.add(own, "⟨人⟩那边火不火", "team")
    assert not phrases.add(own, "给俺瞅瞅封神榜", "rank")
    taught = Understanding.load(ASSETS, own)
    assert read(taught, "给俺瞅瞅封神榜呀").name == "rank"
    assert read(taught, "小王那边火不火").name == "team"
    assert read(taught, "封神榜给俺瞅瞅").name == "rank"
    assert read(taught, "我赚了多少").name == "earnings"


def test_what_a_merchant_wrote_himself_stays(tmp_path) -> None:
    own = tmp_path / "phrases.toml"
    own.write_text('# 我的\n[[phrase]]\ntext = "封神榜"\nintent = "rank"\n', encoding="utf-8")
    phrases.add(own, '带"引号"和\\的', "help")
    assert own.read_text(encoding="utf-8").startswith("# 我的\n")
    assert read(Understanding.load(ASSETS, own), "封神榜").name == "rank"


@pytest.mark.parametrize("entry", [{"text": "x"}, {"text": 1, "intent": "rank"}, {"text": "x", "intent": "ranks"}])
def test_a_phrase_that_cannot_be_used_is_named(tmp_path, entry) -> None:
    own = tmp_path / "phrases.toml"
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in entry.items())
    own.write_text(f"[[phrase]]\n{lines}\n", encoding="utf-8")
    with pytest.raises(PhraseError, match=r"phrases\.toml"):
        Understanding.load(ASSETS, own)


def test_money_cannot_be_taught_by_likeness(tmp_path) -> None:
    own = tmp_path / "phrases.toml"
    for intent in sorted(EXACT_ONLY):
        phrases.add(own, "冲鸭冲鸭", intent)
    taught = Understanding.load(ASSETS, own)
    assert read(taught, "冲鸭冲鸭50").name not in EXACT_ONLY
    assert taught.understand("冲鸭冲鸭吗", now=NOW).name not in EXACT_ONLY
