"""Reading a text as the word lists read it, and finding words and exceptions in it."""

from __future__ import annotations

import opencc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.compliance.letters import read, spelling
from domain.compliance.wordlists import (
    Exemption,
    Word,
    WordLists,
    WordsRefused,
    kept,
    parse_exceptions,
    parse_list,
    recorded,
)
from domain.simplified import SIMPLIFIED


@pytest.mark.parametrize(
    "disguised",
    [
        "国家级", "国 家 级", "國家級", "国-家-级", "国.家.级", "国，家，级", "国\u200b家\u200d级", "国\n家\n级",
        "【国】【家】【级】", "国🍓家🍓级", "囯家级",
    ],
)  # fmt: skip
def test_a_word_is_the_same_word_in_every_disguise(disguised: str) -> None:
    assert spelling(disguised) == "国家级"


@pytest.mark.parametrize("percent", ["100%", "１００％", "1OO%", "l0O%", "①00%", "𝟏𝟎𝟎%", "1 0 0 %", "1○○%", "1〇〇％"])
def test_what_looks_like_a_digit_is_one(percent: str) -> None:
    assert spelling(percent) == "100%"


def test_a_dash_that_stands_for_one_is_one() -> None:
    assert (spelling("第—品牌"), spelling("唯—"), spelling("周一—周五")) == ("第一品牌", "唯一", "周一周五")


def test_the_table_of_traditional_characters_is_that_of_opencc() -> None:
    convert = opencc.OpenCC("t2s").convert
    for traditional in "國級絕對極緻頂躺賺穩財務無風險領讚轉發羣點圖鏈體驗藥療癒":
        assert traditional.translate(SIMPLIFIED) == convert(traditional)


@given(st.text(max_size=60))
def test_every_letter_has_its_place_in_the_text(text: str) -> None:
    letters = read(text)
    assert len(letters.text) == len(letters.origin)
    assert list(letters.origin) == sorted(letters.origin)
    assert all(0 <= place < len(text) for place in letters.origin)
    assert all(spelling(text[place]) or text[place] in "-—–―ー一" for place in letters.origin)


def found(text: str, *words: str, exemptions: tuple[Exemption, ...] = ()) -> list[tuple[str, str]]:
    lists = WordLists([Word("absolute", word) for word in words], exemptions)
    return [(hit.word.text, hit.said) for hit in lists.hits(text)]


def test_a_hit_shows_its_span_in_the_text_as_it_was_written() -> None:
    (hit,) = WordLists([Word("absolute", "国家级")], []).hits("本店是 國-家-級 品质")
    assert (hit.start, hit.end, hit.said) == (4, 9, "國-家-級")


def test_the_longest_word_counts() -> None:
    assert found("全网最低价", "最低", "全网最低", "最低价") == [("全网最低", "全网最低")]


def test_a_gap_holds_at_most_eight_letters() -> None:
    assert found("转发到朋友圈就能领", "转发…领") == [("转发…领", "转发到朋友圈就能领")]
    assert found("转发一二三四五六七八九领", "转发…领") == []


FIRST = Exemption(frozenset({"第一"}), "time_or_stock", "次序", behind=("次", "天"))


def test_what_stands_behind_makes_it_another_word() -> None:
    assert found("第一次来", "第一", exemptions=(FIRST,)) == []
    assert found("销量第一", "第一", exemptions=(FIRST,)) == [("第一", "第一")]


def test_what_stands_behind_a_full_stop_does_not() -> None:
    assert found("销量第一。次日达", "第一", exemptions=(FIRST,)) == [("第一", "第一")]


def test_an_exempted_place_does_not_hide_the_next() -> None:
    assert found("第一次就买到销量第一", "第一", exemptions=(FIRST,)) == [("第一", "第一")]


def test_a_shorter_word_within_an_exempted_one_is_looked_at() -> None:
    longer = Exemption(frozenset({"全网最低"}), "own_range", "x", behind=("温",))
    assert found("全网最低温", "全网最低", "最低", exemptions=(longer,)) == [("最低", "最低")]


def test_a_word_that_a_full_stop_cuts_is_none_where_that_is_said() -> None:
    cut = Exemption(frozenset({"走人"}), "other_meaning", "断词", across=True)
    assert found("领完走。人人有份", "走人", exemptions=(cut,)) == []
    assert found("领完就走 人", "走人", exemptions=(cut,)) == [("走人", "走 人")]


def test_a_number_may_stand_in_an_exception() -> None:
    lowest = Exemption(frozenset({"最低"}), "own_range", "门槛", behind=("#元起提",))
    assert found("最低 10.50 元起提", "最低", exemptions=(lowest,)) == []
    assert found("最低 10.50 元", "最低", exemptions=(lowest,)) == [("最低", "最低")]


def test_a_registered_name_may_stand_as_a_whole_only() -> None:
    name = kept("第一", "第一佳大鸡排", "registered_name", "注册商标")
    assert found("第一佳大鸡排到店", "第一", exemptions=(name,)) == []
    assert found("第一好吃的大鸡排", "第一", exemptions=(name,)) == [("第一", "第一")]


def test_a_reason_recorded_for_one_text_is_for_that_text() -> None:
    lists = WordLists([Word("absolute", "最佳")], [])
    assert lists.hits("最佳拍档", [recorded("最佳", "registered_name", "店名里的字")]) == []
    assert len(lists.hits("最佳拍档")) == 1


def test_a_list_is_words_and_comments() -> None:
    words = parse_list("income", "# 收入\n稳赚 躺赚  # 尾注\n\n转发…领\n")
    assert [word.text for word in words] == ["稳赚", "躺赚", "转发…领"]


@pytest.mark.parametrize(
    ("source", "line", "key"), [("稳赚\n赚\n", 2, "赚"), ("…领", 1, "…领"), ("好" * 31, 1, "好" * 31), ("!!", 1, "!!")]
)
def test_a_word_that_is_none_is_refused_with_its_line(source: str, line: int, key: str) -> None:
    with pytest.raises(WordsRefused) as refused:
        parse_list("income", source)
    assert [(fault.line, fault.key) for fault in refused.value.faults] == [(line, key)]


@pytest.mark.parametrize(
    ("entry", "line", "key", "said"),
    [
        ("{words: [第一], kind: 使用建议, reason: 理由}", 2, "exceptions[0]", "before"),
        ("{words: [第一], behind: [次], kind: 好看, reason: 理由}", 2, "exceptions[0].kind", "时间或库存事实"),
        ("{words: [], behind: [次], kind: 使用建议, reason: 理由}", 2, "exceptions[0].words", "至少"),
        ("{words: [第一], behind: [次], kind: 使用建议}", 2, "exceptions[0].reason", "缺少"),
        ("{words: [第一], behind: [次], kind: 使用建议, reason: 理由, after: 1}", 2, "exceptions[0].after", "behind"),
    ],
)
def test_an_exception_names_line_key_and_what_is_allowed(entry: str, line: int, key: str, said: str) -> None:
    with pytest.raises(WordsRefused) as refused:
        parse_exceptions(f"exceptions:\n  - {entry}\n")
    (fault,) = refused.value.faults
    assert (fault.line, fault.key) == (line, key)
    assert said in fault.zh
