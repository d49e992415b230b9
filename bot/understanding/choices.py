"""Which of the options that were listed an answer names: 「1」, 「第二个」, 「草莓那个」, 「三斤的」, 「O1001」.

An answer says which and nothing else: 「草莓多少钱」 is a new question, although one option is a strawberry.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta

from bot.understanding import normalise, products
from bot.understanding.amounts import find_amounts, whole_number
from bot.understanding.dates import find_periods
from bot.understanding.products import ProductName

SEVERAL = 0  # what an answer that names more than one is read as

_NUMBER = r"(?P<number>\d{1,2}|[一二两三四五六七八九十]{1,3})"
_BEFORE = r"(?:嗯|哦|那|就|我|要|想|选择?|是|说的?是|给我|来|发|看|，)*"
_THING = r"(?:个|款|种|样|项|条|单|笔|份|号|张|箱|盒)"
_AFTER = r"(?:的|那个|这个|吧|呀|啊|哈|呢|哦|呗|谢谢|就行|就好|好了|，)*"
_BY_NUMBER = re.compile(rf"{_BEFORE}(?:第{_NUMBER.replace('number', 'nth')}{_THING}?|{_NUMBER}(?:号|\.|、)?){_AFTER}")
_LAST = re.compile(rf"{_BEFORE}(?:最后|末尾|最下面|最底下)(?:的|面)?(?:一|那|这)?{_THING}?{_AFTER}")
_FORMER = re.compile(rf"{_BEFORE}(?:前者|(?:前|上)(?:面|边)?(?:的)?(?:一|那|这)?{_THING}){_AFTER}")
_LATTER = re.compile(rf"{_BEFORE}(?:后者|(?:后|下)(?:面|边)?(?:的)?(?:一|那|这)?{_THING}){_AFTER}")
_EVERY = re.compile(rf"{_BEFORE}(?:[两三四五六]个)?(?:都要|都行|都可以|全都?要|全部都?要?|都来|都发|都看){_AFTER}")
_AROUND = re.compile(rf"(?:{_BEFORE[3:-2]}|{_AFTER[3:-2]}|那{_THING}|这{_THING}|{_THING}|订单|佣金|装)*")
_EDGES = re.compile(rf"^{_BEFORE}|(?:那{_THING}|这{_THING}|{_AFTER[3:-2]})*$")
_SPEC = re.compile(r"(\d+(?:\.\d+)?|[一二两三四五六七八九十]{1,3})(斤|克|公斤|杯|盒|箱|瓶|袋|片|支|件|枚|个装|天|课)")


def picked(text: str, labels: Sequence[str], today: date) -> int | None:
    """The number of the option that `text` names, from 1, perhaps beyond the last; SEVERAL; None: no answer.

    labels   the options as they were read to him
    """
    plain = normalise.plain(text)
    if not plain or "?" in plain or len(plain) > 40:
        return None
    number = _by_place(plain, len(labels))
    return _by_content(plain, labels, today) if number is None else number


def _by_place(plain: str, count: int) -> int | None:
    if match := _BY_NUMBER.fullmatch(plain):
        said = match["nth"] or match["number"]
        return int(said) if said.isdigit() else whole_number(said)
    if _LAST.fullmatch(plain):
        return count
    if count == 2 and _FORMER.fullmatch(plain):
        return 1
    if count == 2 and _LATTER.fullmatch(plain):
        return 2
    return SEVERAL if _EVERY.fullmatch(plain) else None


def _by_content(plain: str, labels: Sequence[str], today: date) -> int | None:
    """The one option that has what the answer names; what is left of the answer says nothing."""
    read = [normalise.plain(label) for label in labels]
    for words, fits in _named(plain, labels, read, today):
        if len(fits) == 1 and _AROUND.fullmatch(plain.replace(words, "", 1).replace(" ", "")):
            return fits[0]
    return None


def _named(plain: str, labels: Sequence[str], read: Sequence[str], today: date) -> list[tuple[str, list[int]]]:
    """(words of the answer, the options that have them), each way of naming one."""
    bare = _EDGES.sub("", plain)
    found = [(bare, [n for n, label in enumerate(read, 1) if bare in label])] if len(bare) >= 2 else []
    for named in find_periods(plain, today):
        day = f"{named.first.month}月{named.first.day}日"
        words = plain[named.start : named.end]
        if named.until - named.first == timedelta(days=1):
            found.append((words, [n for n, label in enumerate(read, 1) if re.search(rf"(?<!\d){day}", label)]))
    of_names = products.find_among(plain, [ProductName(str(n), label) for n, label in enumerate(labels, 1)])
    if of_names:
        found.append((of_names.words, [int(number) for number in of_names.skus]))
    for match in re.finditer(r"[0-9a-z][0-9a-z_-]+", plain):
        found.append((match[0], [n for n, label in enumerate(read, 1) if match[0] in _words(label)]))
    for amount in find_amounts(plain):
        words = plain[amount.start : amount.end]
        found.append((words, [n for n, label in enumerate(read, 1) if amount.yuan in _yuan(label)]))
    for match in _SPEC.finditer(plain):
        spec = _spec(match)
        found.append((match[0], [n for n, label in enumerate(read, 1) if spec in map(_spec, _SPEC.finditer(label))]))
    return found


def _words(label: str) -> list[str]:
    return re.findall(r"[0-9a-z][0-9a-z_-]+", label)


def _yuan(label: str) -> list[object]:
    return [amount.yuan for amount in find_amounts(label)]


def _spec(match: re.Match[str]) -> tuple[str, str]:
    """(number in digits, unit)"""
    said = match[1]
    return (said if said[0].isdigit() else str(whole_number(said))), match[2]
