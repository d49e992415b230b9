"""A plain text with what was found in it: periods, order, code, product; and the same with marks in their places."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cached_property

from bot.understanding import features, gates, normalise, products, rules, slots, tokens
from bot.understanding.amounts import find_amounts
from bot.understanding.dates import find_periods
from bot.understanding.products import ProductName
from domain.periods import shanghai_date

AMOUNT, PERSON, NUMBER = "⟨钱⟩", "⟨人⟩", "⟨数⟩"
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林郑罗梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆"
    "汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_PERSON = re.compile(
    rf"[小老][{_SURNAMES}美丽红芳华明强军燕玲娟敏静霞](?:哥|姐|总|叔|姨)?|阿[{_SURNAMES}美丽红芳华明强军燕玲娟敏静霞花珍香兰英珠娇萍飞伟杰]|"
    rf"^[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}(?=(?:⟨期⟩|最近)?(?:卖|出[了单]|业绩|开单|成交))|"
    rf"[{_SURNAMES}](?:哥|姐|总|叔|姨|嫂|婶|妈|老师|经理|阿姨|大姐|大哥|老板)"
)
_DIGITS = re.compile(r"\d+(?:\.\d+)?")
_HANDLE = re.compile(
    r"[^\s，?⟨⟩\u4e00-\u9fff]*[@_][^\s，?⟨⟩\u4e00-\u9fff]*|[a-z0-9.-]*⟨数⟩[a-z0-9⟨数⟩.-]*|[a-z.-]{12,}"
)
_SPELT_NUMBER = re.compile(r"[零〇一二三四五六七八九幺]{4,}")


_LONG_NUMBER = re.compile(r"\d[\d\s-]{4,}\d")


def people_left_out(plain: str) -> str:
    """A plain text with marks for what could name or find somebody: names, long numbers, handles, addresses, codes."""
    text = _PERSON.sub(PERSON, _LONG_NUMBER.sub(NUMBER, _SPELT_NUMBER.sub(NUMBER, plain)))
    return _LATIN_WITH_DIGITS.sub(NUMBER, _HANDLE.sub(NUMBER, text))


_LATIN_WITH_DIGITS = re.compile(r"(?=[a-z0-9]*[a-z])(?=[a-z0-9]*\d)[a-z0-9]{5,}")


class Sentence:
    """`masked` has a mark for what is a thing or a time; `coarse` also for amounts, numbers and people."""

    def __init__(
        self, plain: str, raw: str, now: datetime, catalogue: Sequence[ProductName], order_numbers: Collection[str] = ()
    ) -> None:
        self.plain, self.raw, self._now = plain, raw, now
        self._catalogue, self._order_numbers = catalogue, order_numbers
        self.typed = normalise.halfwidth(raw)
        periods = find_periods(plain, shanghai_date(now))
        order = _own_order(self.typed, order_numbers) or tokens.best_order(self.typed)
        code = tokens.find_code(self.typed)
        if order and code and code == order.upper():
            code, order = (code, None) if order not in order_numbers else (None, order)
        found = products.find(plain, catalogue)
        self.facts = slots.Facts(plain, periods, order, code, found)
        self.masked = self._mask()

    def as_heard(self, plain: str) -> Sentence:
        return Sentence(plain, self.raw, self._now, self._catalogue, self._order_numbers)

    def _mask(self) -> str:
        text, facts = self.plain, self.facts
        for named in reversed(facts.periods):
            text = text[: named.start] + rules.PERIOD + text[named.end :]
        if facts.order:
            text = text.replace(facts.order.lower(), rules.ORDER)
        if facts.code:
            text = tokens.mask_code(text, facts.code, rules.CODE)
        if facts.found:
            text = text.replace(facts.found.words, rules.PRODUCT)
        return text

    @cached_property
    def coarse(self) -> str:
        text = self.masked
        for amount in reversed(find_amounts(text)):
            text = text[: amount.start] + (AMOUNT if amount.marked else NUMBER) + text[amount.end :]
        return _DIGITS.sub(NUMBER, _PERSON.sub(PERSON, text))

    @property
    def anonymous(self) -> str:
        """`coarse` without whatever else could name a person: addresses, handles, numbers that are spelt out."""
        text = _SPELT_NUMBER.sub(NUMBER, _HANDLE.sub(NUMBER, self.coarse))
        return "".join(c for c in text if c.isalpha() or c in " ，?⟨⟩").strip(" ，?")

    def features(self) -> list[str]:
        """What the classifier sees."""
        return features.features(
            self.coarse, rules.hints(self.masked, of_withdrawal=gates.mentions_withdrawal(self.plain))
        )


def _own_order(typed: str, order_numbers: Collection[str]) -> str | None:
    own = {number.casefold(): number for number in order_numbers}
    return next((own[word.casefold()] for word in tokens.order_candidates(typed) if word.casefold() in own), None)
