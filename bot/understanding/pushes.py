"""What a sentence of `mute` or `unmute` wants: which kinds of pushes, at which hours (domain.push.Wish)."""

from __future__ import annotations

import re
from datetime import date, timedelta

from bot.understanding.amounts import whole_number
from bot.understanding.dates import find_periods
from domain.push import MAY_BE_MUTED, NIGHT, Hours, Wish

_KINDS = (
    ("withdrawal", re.compile(r"提现|打款|到账|钱到|提款")),
    ("settlement", re.compile(r"结算|入账|佣金|收益|奖励到|对账")),
    ("order", re.compile(r"出单|订单|新单|开单|成交|有单|单子|来单")),
    ("level", re.compile(r"等级|升级|降级")),
    ("task", re.compile(r"任务")),
    ("summary", re.compile(r"日报|周报|每天早上|每[天日]的?(?:那个|那条|总结|汇总|推送)|总结|汇总|战报")),
    ("news", re.compile(r"广告|活动|商家|群发|公告|促销|上新")),
)
_MONEY = re.compile(r"(?:有钱|跟?钱|和钱|资金|收入)")
_ONLY = re.compile(
    r"(?:只|就|仅)(?:要|想|需要?|留|看|收|保留|推|发|通知|有)|(?:其[他它余]|别的|剩下的?|另外的?).{0,4}(?:都|就|全)?(?:别|不|关|免|算)"
)
_EXCEPT = re.compile(r"除了|除[^以]|以外|之外")
_NIGHT = re.compile(r"晚上|夜里|半夜|夜间|深夜|大晚上|睡觉|睡了|休息(?:时间|的时候)|凌晨|太晚|很晚")
_TONIGHT = re.compile(r"今晚|今天晚上|今夜")
_ANYTIME = re.compile(r"随时|任何时[候间]|什么时候都|啥时候都|几点都|24小时|二十四小时|全天|不管几点")
_AT_NIGHT_TOO = re.compile(r"(?:晚上|夜里|半夜|夜间).{0,3}(?:也|都|可以|能)")
_REFUSES = re.compile(r"别|不|免|勿|停|关")
_OCLOCK = r"(\d{1,2}|[一二三四五六七八九十]{1,3})点(半)?(?:钟)?"
_FROM = re.compile(_OCLOCK + r"(?:以后|之后|过后|后|到|至|开始|过了)")
_TO = re.compile(r"(?:到|至)(?:第二天|次日|早上|早晨|明早|上午)*" + _OCLOCK)
_WEEK = r"(?:周|星期|礼拜)"
# What lies ahead; dates.py reads what is asked about, which lies behind.
_AHEAD = re.compile(
    rf"(?P<tomorrow>明[天日])|(?P<week>下个?{_WEEK})|(?P<month>下个?月)|(?P<these>这两天|这几天)"
    rf"|(?P<count>\d{{1,3}}|[一二两三四五六七八九十]{{1,3}})(?P<unit>天|个?{_WEEK}|个月)(?:以?内|之内|里|别|不|先)"
)


def read(text: str, *, wants: bool, today: date) -> Wish:
    """The wish of a plain text; `wants` is whether the sentence was understood as `unmute`."""
    if _ANYTIME.search(text) or (wants and _AT_NIGHT_TOO.search(text)):
        return Wish(True, hours="anytime")
    if _TONIGHT.search(text) and not wants:
        return Wish(False, kinds=_named(text), tonight=True)
    if (hours := _hours(text)) is not None and not wants:
        return Wish(False, hours=hours)
    kinds = _named(text)
    only = bool(kinds) and bool(_ONLY.search(text) or _EXCEPT.search(text))
    return Wish(wants, kinds, only, days=None if wants else _days(text, today))


def _days(text: str, today: date) -> tuple[date, date] | None:
    """The days that it is about, if they are not over."""
    if (found := _AHEAD.search(text)) is not None:
        return _ahead(found, today)
    named = next((one for one in find_periods(text, today) if one.until > today), None)
    if named is None:
        return None
    if "周" in named.label or "星期" in named.label:  # asked about, this week ends with today
        return named.first, today + timedelta(days=7 - today.weekday())
    if named.label.endswith("月"):
        return named.first, _month_after(today)
    return named.first, named.until


def _ahead(found: re.Match[str], today: date) -> tuple[date, date] | None:
    monday = today + timedelta(days=7 - today.weekday())
    if found["tomorrow"]:
        return today + timedelta(days=1), today + timedelta(days=2)
    if found["week"]:
        return monday, monday + timedelta(days=7)
    if found["month"]:
        return _month_after(today), _month_after(_month_after(today))
    if found["these"]:
        return today, today + timedelta(days=3)
    count = _number(found["count"])
    if not count:
        return None
    unit = found["unit"]
    return today, today + timedelta(days=count * (1 if unit == "天" else 30 if unit == "个月" else 7))


def _month_after(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _named(text: str) -> frozenset[str]:
    kinds = {kind for kind, words in _KINDS if words.search(text)}
    if _MONEY.search(text):
        kinds |= {"settlement", "withdrawal"}
    return frozenset(kinds) if kinds & MAY_BE_MUTED or "withdrawal" in kinds else frozenset()


def _hours(text: str) -> Hours | None:
    """晚上别发 is the usual night; 晚上9点以后 and 到早上7点 move its ends."""
    begins, ends = _FROM.search(text), _TO.search(text)
    if not (_NIGHT.search(text) or begins) or not _REFUSES.search(text):
        return None
    start, end = NIGHT.start, NIGHT.end
    if begins is not None:
        hour, minute = _time(begins)
        start = (hour + 12 if 5 <= hour < 12 else hour) % 24 * 60 + minute
    if ends is not None:
        hour, minute = _time(ends)
        end = hour % 24 * 60 + minute
    return Hours(start, end) if start != end else NIGHT


def _time(found: re.Match[str]) -> tuple[int, int]:
    return _number(found[1]), 30 if found[2] else 0


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else whole_number(text) or 0
