"""Amounts of money in a plain text: digits, Chinese numerals, and what people mix of both.

Units    yuan as Decimal with at most two decimals; an amount is only what was said exactly (「几百」, 「一百多」,
         「三四百」 and 「百八」 are no amounts: guessing about money is worse than asking)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_DIGITS |= {"壹": 1, "贰": 2, "叁": 3, "肆": 4, "伍": 5, "陆": 6, "柒": 7, "捌": 8, "玖": 9}
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_D = "零〇一二两三四五六七八九壹贰叁肆伍陆柒捌玖"
_CHINESE = f"[{_D}十拾百佰千仟万]"

_ARABIC = r"(?:\d{1,3}(?:,\d{3})+(?![\d,])|\d+)(?:\.\d+)?"
_UNIT = r"(?:块钱|元钱|元整|块整|人民币|块|元|圆|蚊|rmb|yuan)"
_AMOUNT = re.compile(
    rf"(?<![0-9a-z.,_\-+])(?P<currency>¥|rmb|人民币)?\s?"
    rf"(?:(?P<arabic>{_ARABIC})(?P<scale>[万千百wk](?![a-z]))?(?P<short>[1-9](?![0-9.,]))?|(?P<chinese>(?!零钱){_CHINESE}+))"
    rf"(?:(?P<unit>{_UNIT})(?:(?P<half>半)|零?(?P<tail>[{_D}]|\d\d?)(?:(?P<mao>[毛角])钱?(?:(?P<fen>[{_D}]|\d)分?)?|(?P<tailfen>分))?)?钱?"
    rf"|(?P<small>[毛角])钱?(?:(?P<smallfen>[{_D}]|\d)分?)?)?"
    r"(?![0-9a-z])"
)
_COUNTED = tuple(
    "单号月天个人件斤名次点年日周折%倍级岁份箱盒笔位分张条款种星期时秒台袋瓶杯杠下些起样共直定会部半切边回遍把家路般旦/:~-"
    "多来几余"
)  # after a number, what makes it no amount of money, or no exact one
_LONGEST = 18  # characters of an amount in digits; more are some other number
_VAGUE_BEFORE = tuple("几多数第近约")


@dataclass(frozen=True, slots=True)
class Amount:
    """`yuan` said at text[start:end]; `marked` when a currency word or sign says that it is money."""

    start: int
    end: int
    yuan: Decimal
    marked: bool

    @property
    def slot(self) -> str:
        """`"15000.00"`"""
        return f"{self.yuan:.2f}"


def find_amounts(text: str) -> list[Amount]:
    """Every exact amount in a plain text, from left to right; numbers that count something else are left out."""
    found = []
    for match in _AMOUNT.finditer(text):
        yuan = _value(match)
        rest, before = text[match.end() :], text[: match.start()]
        if yuan is None or before.endswith(_VAGUE_BEFORE) or rest.startswith(_COUNTED):
            continue
        if match["chinese"] and len(match[0]) == 1 and match["chinese"] != "十":
            continue  # 一 and 两 by themselves are mostly no numbers: 提一下, 一共, 两边
        marked = bool(match["currency"] or match["unit"] or match["small"] or match["scale"])
        found.append(Amount(match.start(), match.end(), yuan, marked))
    return found


def whole_number(text: str) -> int | None:
    """The number that a Chinese numeral says: 两千五 2500, 一百零五 105, 十五 15; None where it says none exactly."""
    if "万" in text:
        head, _, tail = text.partition("万")
        high = _below_ten_thousand(head)
        if not high or "万" in tail:
            return None
        if not tail:
            return high * 10_000
        if len(tail) == 1 and tail in _DIGITS:
            return high * 10_000 + _DIGITS[tail] * 1000 if _DIGITS[tail] else None
        low = _below_ten_thousand(tail.lstrip("零〇"))
        gap = tail[0] in "零〇"
        return None if low is None or (low < 1000) != gap else high * 10_000 + low
    return _below_ten_thousand(text)


def _below_ten_thousand(text: str) -> int | None:
    if len(text) == 1 and text in _DIGITS:
        return _DIGITS[text]
    total, last, digit, gap = 0, 10_000, None, False
    for position, char in enumerate(text):
        if char in _UNITS:
            unit = _UNITS[char]
            if unit >= last or digit == 0 or (digit is None and not (unit == 10 and (position == 0 or gap or total))):
                return None
            total, last, digit, gap = total + (digit or 1) * unit, unit, None, False
        elif char in "零〇":
            if digit is not None or gap or not total:
                return None
            gap = True
        elif digit is not None or char not in _DIGITS:
            return None  # 三四百, 五零: either vague or spelt out, never an exact amount
        else:
            digit = _DIGITS[char]
    if digit is None:
        return total if total and not gap else None
    if not total:
        return None
    return total + (digit if gap or last == 10 else digit * last // 10)


def _value(match: re.Match[str]) -> Decimal | None:
    if match["arabic"]:
        yuan = _arabic(match["arabic"], match["scale"], match["short"])
    else:
        number = whole_number(match["chinese"])
        yuan = None if number is None else Decimal(number)
    if yuan is None:
        return None
    if match["small"]:
        if yuan != int(yuan) or yuan > 99:
            return None
        yuan = yuan / 10 + Decimal(_digit(match["smallfen"])) / 100
    elif match["half"]:
        yuan += Decimal("0.5")
    elif match["tail"]:
        yuan = _with_tail(yuan, match)
    if yuan is None or yuan != round(yuan, 2) or yuan >= 1_000_000_000:
        return None
    return yuan


def _arabic(digits: str, scale: str | None, short: str | None) -> Decimal | None:
    if len(digits) > _LONGEST:
        return None
    yuan = Decimal(digits.replace(",", ""))
    if short and (not scale or "." in digits):
        return None
    factor = {"万": 10_000, "w": 10_000, "千": 1000, "k": 1000, "百": 100}.get(scale or "", 1)
    return yuan * factor + (int(short) * factor // 10 if short else 0)


def _with_tail(yuan: Decimal, match: re.Match[str]) -> Decimal | None:
    """三块二 3.20 · 三块二毛五 3.25 · 3块25 3.25 · 五块零五分 5.05"""
    if yuan != int(yuan):
        return None
    tail = match["tail"]
    zero = "零" in match[0][match[0].index(match["unit"]) : match.start("tail") - match.start()]
    if match["mao"]:
        if len(tail) > 1:
            return None
        return yuan + Decimal(_digit(tail)) / 10 + Decimal(_digit(match["fen"])) / 100
    if match["tailfen"] or zero or len(tail) > 1:
        return yuan + Decimal(int(tail) if tail.isdigit() and tail.isascii() else _digit(tail)) / 100
    return yuan + Decimal(_digit(tail)) / 10


def _digit(char: str | None) -> int:
    if not char:
        return 0
    return int(char) if char.isascii() else _DIGITS[char]
