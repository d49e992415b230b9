"""Periods that people name: 今天, 上周三, 十月, 上月15号, 最近7天, 10月3号到7号.

Units    Shanghai dates, half-open [first, until); a week starts on Monday
Reading  what is asked about lies in the past: a month or a day without a year is the latest one that has begun,
         最近7天 ends with today
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from bot.understanding.amounts import whole_number

_N = r"(?:\d{1,2}|[一二三四五六七八九十]{1,3})"
_BARE_DAY = r"(?:\d{1,2}|[一二三四五六七八九十]{2,3})"  # 十月十五; 上个月一共 names no day
_COUNT = r"(?:\d{1,3}|[一二两三四五六七八九十]{1,3}|半)"
_WEEKDAY = {c: n for n, c in enumerate("一二三四五六")} | {"日": 6, "天": 6} | {str(n): n - 1 for n in range(1, 8)}
_DAYS_BACK = {"今": 0, "昨": 1, "前": 2, "大前": 3}
_DAY_LABEL = {0: "今天", 1: "昨天", 2: "前天", 3: "大前天"}
_QUARTER = {"一": 1, "二": 2, "三": 3, "四": 4}


@dataclass(frozen=True, slots=True)
class Named:
    """A period at text[start:end]: from `first` to `until` (exclusive), with the label of an answer's first line."""

    start: int
    end: int
    first: date
    until: date
    label: str

    @property
    def slot(self) -> dict[str, str]:
        return {"from": self.first.isoformat(), "to": self.until.isoformat(), "label": self.label}


Span = tuple[date, date, str]
Reader = Callable[[re.Match[str], date], Span | None]


def find_periods(text: str, today: date) -> list[Named]:
    """Every named period in a plain text, from left to right, without overlaps; a range is one period."""
    found: list[Named] = []
    for pattern, read in _READERS:
        for match in pattern.finditer(text):
            if any(match.start() < other.end and other.start < match.end() for other in found):
                continue
            span = read(match, today)
            if span:
                found.append(Named(match.start(), match.end(), *span))
    found.sort(key=lambda named: named.start)
    return _join_ranges(text, found, today)


def _join_ranges(text: str, found: list[Named], today: date) -> list[Named]:
    """Two periods with 到 between them are one: 周一到周三, 10月1号至10月7号."""
    joined: list[Named] = []
    for named in found:
        before = joined[-1] if joined else None
        if before and text[before.end : named.start] in ("到", "至", "-", "~") and before.first <= named.first <= today:
            last = named.until - timedelta(days=1)
            label = f"{day_label(before.first, today)}至{day_label(last, today)}"
            joined[-1] = Named(before.start, named.end, before.first, named.until, label)
        elif before and text[before.end : named.start] in ("和", "跟", "与", "加") and before.until == named.first:
            label = f"{before.label}和{named.label}"
            joined[-1] = Named(before.start, named.end, before.first, named.until, label)
        else:
            joined.append(named)
    return [_until_now(text, named, today) for named in joined]


_SINCE = re.compile(r"(?:开始|起)?(?:到现在|到目前|至今|以来|到今)")


def _until_now(text: str, named: Named, today: date) -> Named:
    """九月到现在 begins with September and ends with today."""
    match = _SINCE.match(text, named.end)
    if not match or named.first > today:
        return named
    return Named(named.start, match.end(), named.first, today + timedelta(days=1), f"{named.label}至今")


def _number(text: str) -> int:
    value = int(text) if text.isdigit() else whole_number(text)
    return value or 0


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _day(day: date | None, today: date) -> Span | None:
    if day is None:
        return None
    back = (today - day).days
    label = _DAY_LABEL.get(back) or day_label(day, today)
    return day, day + timedelta(days=1), label


def day_label(day: date, today: date) -> str:
    """11月3日; with its year when that is another one."""
    year = "" if day.year == today.year else f"{day.year}年"
    return f"{year}{day.month}月{day.day}日"


def _month(year: int, month: int, label: str = "") -> Span | None:
    first = _date(year, month, 1)
    if first is None:
        return None
    return first, _next_month(first), label


def _next_month(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


def _month_before(today: date, months: int) -> date:
    first = today.replace(day=1)
    for _ in range(months):
        first = (first - timedelta(days=1)).replace(day=1)
    return first


def _relative_day(match: re.Match[str], today: date) -> Span | None:
    return _day(today - timedelta(days=_DAYS_BACK[match["which"]]), today)


def _week(match: re.Match[str], today: date) -> Span | None:
    back = 0 if match["which"] in ("这", "本", "这个", "当") else match["which"].count("上")
    monday = today - timedelta(days=today.weekday() + 7 * back)
    if match["day"]:
        return _day(monday + timedelta(days=_WEEKDAY[match["day"]]), today)
    if match["weekend"]:
        saturday = monday + timedelta(days=5)
        return saturday, saturday + timedelta(days=2), f"{'上' * back or '本'}周末"
    return monday, monday + timedelta(days=7), f"{'上' * back or '本'}周"


def _weekday(match: re.Match[str], today: date) -> Span | None:
    back = (today.weekday() - _WEEKDAY[match["day"]]) % 7
    return _day(today - timedelta(days=back), today)


def _relative_month(match: re.Match[str], today: date) -> Span | None:
    back = 0 if match["which"] in ("这", "这个", "本", "当") else match["which"].count("上")
    first = _month_before(today, back)
    if day := match["day"] or match["bare"]:
        return _day(_date(first.year, first.month, _number(day)), today)
    return first, _next_month(first), f"{'上' * back or '本'}月"


def _year_of(word: str | None, today: date) -> int | None:
    """The year that a word before a month names; None when there is no word."""
    if not word:
        return None
    named = {"今年": 0, "去年": 1, "前年": 2}
    return today.year - named[word] if word in named else int(word.rstrip("年./-"))


def _calendar_month(match: re.Match[str], today: date) -> Span | None:
    month, year = _number(match["month"]), _year_of(match["year"], today)
    if year is None:
        year = today.year if month <= today.month else today.year - 1
    same = year == today.year
    return _month(year, month, f"{month}月" if same else f"{year}年{month}月")


def _calendar_day(match: re.Match[str], today: date) -> Span | None:
    said = match.groupdict()
    month, day, year = (
        _number(said["month"]),
        _number(said["day"] or said.get("bare") or ""),
        _year_of(said["year"], today),
    )
    if year is not None:
        return _day(_date(year, month, day), today)
    named = _date(today.year, month, day)
    return _day(named if named and named <= today else _date(today.year - 1, month, day), today)


def _day_of_month(match: re.Match[str], today: date) -> Span | None:
    """15号: the latest 15th that has begun, in a month that has one."""
    day, first = _number(match["day"]), today.replace(day=1)
    if not 1 <= day <= 31:
        return None
    while (named := _date(first.year, first.month, day)) is None or named > today:
        first = (first - timedelta(days=1)).replace(day=1)
    return _day(named, today)


def _days_of_month(match: re.Match[str], today: date) -> Span | None:
    """10月1号到7号, 3号到5号: the second day lies in the month of the first."""
    read = _calendar_day if match["month"] else _day_of_month
    start = read(match, today)
    last = start and _date(start[0].year, start[0].month, _number(match["last"]))
    if not start or not last or last < start[0]:
        return None
    label = f"{day_label(start[0], today)}至{last.day}日"
    return start[0], last + timedelta(days=1), label


def _recent(match: re.Match[str], today: date) -> Span | None:
    unit, word = match["unit"], match["count"] or "一"
    count = 0.5 if word == "半" else _number(word)
    days = {"天": 1, "日": 1, "周": 7, "星期": 7, "礼拜": 7, "月": 30, "年": 365}[unit.removeprefix("个")]
    back = 15 if count == 0.5 and days == 30 else round(count * days)
    if not 1 <= back <= 3660:
        return None
    said = match["count"] or ""
    label = f"最近{_number(said) if said not in ('', '半') else said}{unit}"
    return today - timedelta(days=back - 1), today + timedelta(days=1), label


def _year(match: re.Match[str], today: date) -> Span | None:
    back = {"今年": 0, "本年": 0, "这一年": 0, "去年": 1, "前年": 2}.get(match[0])
    year = today.year - back if back is not None else int(match[0].rstrip("年"))
    label = {0: "今年", 1: "去年"}.get(today.year - year, f"{year}年")
    return date(year, 1, 1), date(year + 1, 1, 1), label


def _quarter(match: re.Match[str], today: date) -> Span | None:
    current = (today.month - 1) // 3 + 1
    if match["number"]:
        number = _QUARTER.get(match["number"]) or int(match["number"])
        year = _year_of(match["year"], today) or (today.year if number <= current else today.year - 1)
        label = ("" if year == today.year else f"{year}年") + f"第{'一二三四'[number - 1]}季度"
    else:
        last = match["which"].startswith("上")
        year, number = (today.year - (current == 1), (current - 2) % 4 + 1) if last else (today.year, current)
        label = "上季度" if last else "本季度"
    first = date(year, 3 * number - 2, 1)
    return first, _next_month(_next_month(_next_month(first))), label


def _half_year(match: re.Match[str], today: date) -> Span | None:
    upper = match["half"] == "上"
    year = _year_of(match["year"], today) or (today.year if upper or today.month > 6 else today.year - 1)
    label = ("" if year == today.year else f"{year}年") + f"{match['half']}半年"
    return (date(year, 1, 1), date(year, 7, 1), label) if upper else (date(year, 7, 1), date(year + 1, 1, 1), label)


def _singles_day(_: re.Match[str], today: date) -> Span | None:
    named = date(today.year, 11, 11)
    return _day(named if named <= today else date(today.year - 1, 11, 11), today)


def _board(match: re.Match[str], today: date) -> Span:
    """日榜 今天, 周榜 本周, 月榜 本月, 年度排行 今年."""
    if match[0] == "日":
        return today, today + timedelta(days=1), "今天"
    if match[0] == "周":
        monday = today - timedelta(days=today.weekday())
        return monday, monday + timedelta(days=7), "本周"
    if match[0] == "月":
        first = today.replace(day=1)
        return first, _next_month(first), "本月"
    return date(today.year, 1, 1), date(today.year + 1, 1, 1), "今年"


_YEAR = r"(?:(?P<year>今年|去年|前年|20\d\d\s?[年./-])的?)?"
_END_DAY = r"(?:号|日)"
_COUNTED = r"[\d一二三四五六七八九十百千万月个单块元名件人笔.]"
# In this order: what says more stands before what says less. 大前天 before 前天, 10月3号 before 10月 and 3号.
_READERS: tuple[tuple[re.Pattern[str], Reader], ...] = tuple(
    (re.compile(pattern), reader)
    for pattern, reader in (
        (rf"{_YEAR}(?P<month>{_N})月(?:份)?(?P<day>{_N}){_END_DAY}?[到至~-](?P<last>{_N}){_END_DAY}", _days_of_month),
        (
            rf"(?P<month>)(?P<year>)(?<![\d第月年])(?P<day>{_N}){_END_DAY}[到至~-](?P<last>{_N}){_END_DAY}",
            _days_of_month,
        ),
        (
            rf"{_YEAR}(?<![\d])(?P<month>{_N})月(?:份的?)?(?:(?P<day>{_N}){_END_DAY}|(?P<bare>{_BARE_DAY})(?!{_COUNTED}))",
            _calendar_day,
        ),
        (r"(?P<year>20\d\d[./-])(?P<month>\d{1,2})[./-](?P<day>\d{1,2})(?P<bare>)(?!\d)", _calendar_day),
        (
            r"(?P<year>)(?<![\d./-])(?P<month>1[0-2]|0?[1-9])/(?P<day>[12]\d|3[01]|0?[1-9])(?P<bare>)(?![\d/])",
            _calendar_day,
        ),
        (
            rf"(?P<which>上上个?|上个?|这个|这|本|当)月份?的?(?:(?P<day>{_N}){_END_DAY}|(?P<bare>{_BARE_DAY})(?!{_COUNTED}))?",
            _relative_month,
        ),
        (
            r"(?P<which>上上个?|上个?|这个|这|本)(?:周|星期|礼拜)(?:(?P<day>[一二三四五六日天1-7])(?![个天年月\d])|(?P<weekend>末))?",
            _week,
        ),
        (r"(?<![上下])(?:周|星期|礼拜)(?P<day>[一二三四五六日天])", _weekday),
        (r"(?P<which>大前|前|昨|今)(?:天|日|儿|晚上|晚|早上|早|上午|下午)(?!气)", _relative_day),
        (
            rf"(?:最近|这最近|近|过去|前面|之前|这|前)的?(?P<count>{_COUNT})(?P<unit>天|日|周|个?星期|个?礼拜|个?月|年)",
            _recent,
        ),
        (rf"{_YEAR}(?:第(?P<number>[一二三四1-4])季度)", _quarter),
        (r"(?P<number>)(?P<which>上个?|这个|本)季度", _quarter),
        (rf"{_YEAR}(?P<half>[上下])半年", _half_year),
        (r"双(?:11|十一)", _singles_day),
        (
            rf"{_YEAR}(?<!\d)(?P<month>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])月(?!亮|饼|{_N}{_END_DAY})份?",
            _calendar_month,
        ),
        (r"今年|本年|这一年|去年|前年|20[1-9]\d年", _year),
        (rf"(?<![\d第月年a-z])(?P<day>{_N}){_END_DAY}(?!单|楼|线|码)", _day_of_month),
        (r"(?:日|周|月|年度|年)(?=榜|排行|排名)", _board),
    )
)
