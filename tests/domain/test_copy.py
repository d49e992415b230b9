"""Copy: reading the files, what fits when, and which text comes next."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from domain.compliance.wordlists import Word, WordLists
from domain.copy import (
    CopyRefused,
    CopyText,
    Occasion,
    When,
    Wish,
    again,
    at,
    fill,
    next_of,
    parse,
    parse_festivals,
    ranked,
    read_entry,
    wishes,
)
from services import words
from services.copy import library

LISTS = WordLists([Word("stock", "仅剩"), Word("discount", "打折"), Word("absolute", "最佳")], [])
EVENING = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)  # Wednesday, eight in the evening in Shanghai
LINK = 'text: "{链接}"'
KNOWN = ("商品", "价格", "链接", "卖点", "库存")


def read(*lines: str, head: str = "") -> tuple[CopyText, ...]:
    body = "\n    ".join(lines)
    return parse(f"{head}texts:\n  - {body}\n", festivals=("中秋",), lists=LISTS)


def test_a_text_is_read_with_the_scope_of_its_file() -> None:
    (text,) = read(
        "name: a-1", "kind: 朋友圈", 'text: "{商品} {链接}"', "when: {hours: [6, 10]}", head="category: 水果\n"
    )
    assert (text.kind, text.category, text.sku, text.when.hours) == ("moments", "水果", None, (6, 10))
    assert text.variables == ("商品", "链接")


@pytest.mark.parametrize(
    ("lines", "line", "key", "said"),
    [
        (["name: a-1", "kind: 朋友圈", 'text: "{链接} {连接}"'], 4, "texts[0].text", "不认识 {连接}；可以用：{商品}"),
        (["name: a-1", "kind: 群", "text: 可以订了"], 4, "texts[0].text", "要写上 {链接}"),
        (["name: a-1", "kind: 短信", LINK], 3, "texts[0].kind", "朋友圈、群、私聊、异议"),
        (["name: 名字", "kind: 群", LINK], 2, "texts[0].name", "小写字母"),
        (["name: a-1", "kind: 群", 'text: "只要 68 元 {链接}"'], 4, "texts[0].text", "用 {价格}"),
        (["name: a-1", "kind: 群", 'text: "￥68 {链接}"'], 4, "texts[0].text", "用 {价格}"),
        (["name: a-1", "kind: 群", 'text: "https://a.cn {链接}"'], 4, "texts[0].text", "不要写死网址"),
        (["name: a-1", "kind: 群", 'text: "电话 13800138000 {链接}"'], 4, "texts[0].text", "不要写手机号"),
        (["name: a-1", "kind: 群", 'text: "仅 剩几件 {链接}"'], 4, "texts[0].text", "stock_at_most"),
        (["name: a-1", "kind: 群", 'text: "今天打折 {链接}"'], 4, "texts[0].text", "用 {券}"),
        (["name: a-1", "kind: 群", 'text: "{节日}快乐 {链接}"'], 4, "texts[0].text", "festival"),
        (["name: a-1", "kind: 群", 'text: "{链接} {商品"'], 4, "texts[0].text", "花括号"),
        (["name: a-1", "kind: 异议", "text: 您慢慢看"], 3, "texts[0].kind", "topic"),
        (["name: a-1", "kind: 群", "topic: 太贵", LINK], 3, "texts[0].kind", "只用在异议里"),
        (["name: a-1", "kind: 群", LINK, "when: {festival: 端阳}"], 5, "texts[0].when.festival", "中秋"),
        (["name: a-1", "kind: 群", LINK, "when: {hours: [10, 6]}"], 5, "texts[0].when.hours", "[17, 22]"),
        (["name: a-1", "kind: 群", LINK, "when: {days: [8]}"], 5, "texts[0].when.days[0]", "1 到 7"),
        (
            ["name: a-1", "kind: 群", LINK, "when: {weather: 雨}"],
            5,
            "texts[0].when.weather",
            "可用的键：hours",
        ),
        (["name: a-1", "kind: 群", LINK, "wenn: {}"], 5, "texts[0].wenn", "可用的键：kind"),
        (["name: a-1", "kind: 群", f'text: "{{链接}}{"好" * 500}"'], 4, "texts[0].text", "1 到 500"),
        (
            [
                "name: a-1",
                "kind: 群",
                'text: "最佳 {链接}"',
                "because: [{word: 最佳, kind: 好看, reason: 因为有六个字}]",
            ],
            5,
            "texts[0].because[0].kind",
            "使用建议",
        ),
    ],
)
def test_a_fault_names_line_key_and_what_is_allowed(lines: list[str], line: int, key: str, said: str) -> None:
    with pytest.raises(CopyRefused) as refused:
        read(*lines)
    (fault,) = refused.value.faults
    assert (fault.line, fault.key) == (line, key)
    assert said in fault.zh


def test_the_second_of_one_name_is_refused() -> None:
    with pytest.raises(CopyRefused, match="已经有了"):
        read("name: a-1", "kind: 群", 'text: "{链接}"\n  - name: a-1', "kind: 群", LINK)


def test_a_text_reads_back_as_it_was_told() -> None:
    for text in library.shipped().texts:
        told = json.dumps(text.data(), ensure_ascii=False)
        assert read_entry(told, festivals=library.shipped().festival_names, lists=words.shipped()) == text


def text(name: str, said: str = "{商品} {链接}", **more: object) -> CopyText:
    return CopyText(name, "moments", said, **more)  # type: ignore[arg-type]


def names(*texts: CopyText, occasion: Occasion | None = None, known: tuple[str, ...] = KNOWN) -> list[str]:
    occasion = occasion or Occasion(EVENING)
    found = ranked(texts, Wish("moments"), occasion, known, sku="STRAWBERRY", category="水果")
    return [it.name for it in found]


def test_the_text_for_this_product_goes_before_its_category_and_that_before_all() -> None:
    assert names(text("all"), text("fruit", category="水果"), text("this", sku="STRAWBERRY")) == [
        "this",
        "fruit",
        "all",
    ]
    assert names(text("other", sku="APPLE"), text("tea", category="茶")) == []


def test_what_is_the_case_just_now_goes_first() -> None:
    low = text("low", "还剩 {库存} {链接}", when=When(stock_at_most=20))
    this = text("this", sku="STRAWBERRY")
    assert names(this, low, occasion=Occasion(EVENING, stock=12)) == ["low", "this"]
    assert names(this, low, occasion=Occasion(EVENING, stock=21)) == ["this"]
    assert names(this, low, occasion=Occasion(EVENING, stock=0)) == ["this"]


@pytest.mark.parametrize(
    ("when", "fits"),
    [
        (When(hours=(17, 21)), True),
        (When(hours=(21, 23)), False),
        (When(hours=(17, 20)), False),  # half-open: it is eight
        (When(days=(3,)), True),
        (When(days=(6, 7)), False),
        (When(months=(11, 12)), True),
        (When(months=(5,)), False),
        (When(festival="中秋"), False),
        (When(new_for_days=14), False),
        (When(role="leader"), False),
    ],
)
def test_a_text_is_offered_at_its_time_only(when: When, fits: bool) -> None:
    assert names(text("a", when=when)) == (["a"] if fits else [])


def test_new_festive_and_led_when_that_is_so() -> None:
    now = Occasion(EVENING, festivals=("中秋",), new_days=14, role="leader")
    texts = [
        text("a", when=When(festival="中秋")),
        text("b", when=When(new_for_days=14)),
        text("c", when=When(role="leader")),
    ]
    assert names(*texts, occasion=now) == ["a", "b", "c"]
    assert names(text("b", when=When(new_for_days=13)), occasion=now) == []


def test_a_text_that_cannot_be_filled_is_not_offered() -> None:
    coupon = text("coupon", "{商品} {券} {券链接}")
    assert names(coupon) == []
    assert names(coupon, text("plain"), known=(*KNOWN, "券", "券链接")) == ["coupon", "plain"]


def test_nobody_gets_the_same_twice_in_a_row_and_everything_has_its_turn() -> None:
    texts = [text("a"), text("b"), text("c")]
    recent: list[str] = []
    given = []
    for _ in range(7):
        chosen = next_of(texts, recent).name
        recent = [chosen, *(name for name in recent if name != chosen)]
        given.append(chosen)
    assert given == ["a", "b", "c", "a", "b", "c", "a"]


def test_a_link_makes_it_advertising() -> None:
    assert fill("{商品}：{链接}", {"商品": "草莓", "链接": "http://x"}) == "草莓：http://x\n（广告）"
    assert fill("【广告】{链接}", {"链接": "http://x"}) == "【广告】http://x"
    assert fill("您慢慢看", {}) == "您慢慢看"


def test_a_value_with_braces_is_not_filled_again() -> None:
    assert fill("{商品} {链接}", {"商品": "{价格}", "链接": "x"}) == "{价格} x\n（广告）"


def test_festivals_are_near_from_some_days_before_until_the_day() -> None:
    festivals = parse_festivals('festivals:\n  - {name: 中秋, before: 2, days: ["2026-09-25"]}\n')
    days = [datetime(2026, 9, day, tzinfo=UTC).date() for day in (22, 23, 25, 26)]
    assert [at(festivals, day) for day in days] == [(), ("中秋",), ("中秋",), ()]


@pytest.mark.parametrize(
    ("said", "kind", "topic"),
    [
        ("草莓怎么发朋友圈", "moments", ""),
        ("发圈文案", "moments", ""),
        ("群里怎么介绍草莓", "group", ""),
        ("私聊话术", "private", ""),
        ("怎么跟客户推荐草莓", "private", ""),
        ("文案", "moments", ""),
        ("客户说太贵了怎么回", "objection", "太贵"),
        ("顾客嫌贵", "objection", "太贵"),
        ("客户嫌草莓贵怎么讲", "objection", "太贵"),
        ("客户说别家更便宜怎么回", "objection", "别家便宜"),
        ("客户怕路上坏了怎么办", "objection", "怕坏"),
        ("有人问是不是正品怎么回", "objection", "不放心"),
        ("顾客说再看看怎么回", "objection", "再看看"),
        ("客户问几天到怎么回", "objection", "发货"),
        ("客户问能退吗怎么答", "objection", "售后"),
        ("客户说用不上怎么回", "objection", "不需要"),
        ("客户说我老公不让怎么回", "objection", ""),
    ],
)
def test_the_words_say_which_kind_is_wanted(said: str, kind: str, topic: str) -> None:
    wish = wishes(said, library.shipped().texts, usual="moments")
    assert (wish.kind, wish.topic) == (kind, topic)


@pytest.mark.parametrize("said", ["换一条", "再来一条", "再换一条吧。", "下一条", "群里的呢", "朋友圈怎么发"])
def test_another_one_is_asked_for(said: str) -> None:
    assert again(said)


@pytest.mark.parametrize("said", ["换成80", "换个商品", "来一张海报", "一条", "群里卖了多少", "草莓群里怎么发"])
def test_what_asks_for_something_else(said: str) -> None:
    assert not again(said)


def test_there_are_two_texts_for_everything_that_is_always_known() -> None:
    """Whatever a catalogue leaves out, nobody gets the same text twice in a row."""
    texts = library.shipped().texts
    always = {"商品", "全名", "价格", "链接"}
    general = [
        it for it in texts if not it.sku and not it.category and it.when == When() and set(it.variables) <= always
    ]
    for kind in ("moments", "group", "private"):
        assert sum(it.kind == kind for it in general) >= 2, kind
    for topic in {it.topic for it in texts if it.topic}:
        bare = [it for it in general if it.topic == topic and set(it.variables) <= {"链接"}]
        assert len(bare) >= 2, topic
