"""The words in which people name a day, a week, a month or a longer time, and how each is read: the table of dates.py.

A reader is given the match and today, a Shanghai date, and returns (first, until, label) or None where the calendar has
no such day. The order of READERS is the meaning: what says more stands before what says less.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

from bot.understanding.amounts import whole_number

Span = tuple[date, date, str]
Reader = Callable[[re.Match[str], date], Span | None]

_N = r"(?:\d{1,2}|[一二三四五六七八九十]{1,3})"
_BARE_DAY = r"(?:\d{1,2}|[一二三四五六七八九十]{2,3})"  # 十月十五; 上个月一共 names no day
_COUNT = r"(?:\d{1,3}|[一二两三四五六七八九十]{1,3}|半)"
_WEEKDAY = {c: n for n, c in enumerate("一二三四五六")} | {"日": 6, "天": 6} | {str(n): n - 1 for n in range(1, 8)}
_DAYS_BACK = {"今": 0, "昨": 1, "前": 2, "大前": 3}
_DAY_LABEL = {0: "今天", 1: "昨天", 2: "前天", 3: "大前天"}
_QUARTER = {"一": 1, "二": 2, "三": 3, "四": 4}


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
    return _day(today - timedelta(days=_DAYS_BACK[match["which"] or "今"]), today)


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
    if word in named:
        return today.year - named[word]
    year = int(word.rstrip("年./-").strip())
    return year if year >= 100 else 2000 + year


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


def _current(unit: str, today: date) -> Span | None:
    """这一周 is this week; 这一天 names none."""
    if unit in ("周", "星期", "礼拜"):
        monday = today - timedelta(days=today.weekday())
        return monday, monday + timedelta(days=7), "本周"
    first = today.replace(day=1)
    return (first, _next_month(first), "本月") if unit == "月" else None


def _recent(match: re.Match[str], today: date) -> Span | None:
    unit, word = match["unit"], match["count"] or "一"
    if match[0].startswith("这一"):
        return _current(unit.removeprefix("个"), today)
    count = 0.5 if word == "半" else _number(word)
    days = {"天": 1, "日": 1, "周": 7, "星期": 7, "礼拜": 7, "月": 30, "年": 365}[unit.removeprefix("个")]
    back = 15 if count == 0.5 and days == 30 else round(count * days)
    if not 1 <= back <= 3660:
        return None
    said = match["count"] or ""
    label = f"最近{_number(said) if said not in ('', '半') else said}{unit}"
    return today - timedelta(days=back - 1), today + timedelta(days=1), label


def _year(match: re.Match[str], today: date) -> Span | None:
    back = {"今年": 0, "本年": 0, "本年度": 0, "这一年": 0, "全年": 0, "去年": 1, "前年": 2}.get(match[0])
    year = today.year - back if back is not None else int(match[0].rstrip("年"))
    label = {0: "今年", 1: "去年"}.get(today.year - year, f"{year}年")
    return date(year, 1, 1), date(year + 1, 1, 1), label


def _quarter(match: re.Match[str], today: date) -> Span | None:
    current = (today.month - 1) // 3 + 1
    if said := match["number"] or match["latin"]:
        number = _QUARTER.get(said) or int(said)
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


def _third_of_month(match: re.Match[str], today: date) -> Span | None:
    """上旬 the first ten days, 中旬 the next ten, 下旬 and 下半月 what is left."""
    if match["month"]:
        named = _calendar_month(match, today)
    else:
        named = _relative_month(match, today) if match["which"] else _month(today.year, today.month)
    if named is None:
        return None
    from_day, last_day = {
        "上旬": (1, 10), "中旬": (11, 20), "下旬": (21, 0), "上半月": (1, 15), "下半月": (16, 0),
    }[match["third"]]  # fmt: skip
    first = named[0].replace(day=from_day)
    until = named[0].replace(day=last_day) + timedelta(days=1) if last_day else named[1]
    label = f"{day_label(first, today)}至{(until - timedelta(days=1)).day}日"
    return (first, until, label) if first <= today else None


_HOLIDAYS = {"国庆": (10, 1, 7, "国庆"), "五一": (5, 1, 5, "五一"), "元旦": (1, 1, 1, "元旦")}


def _holiday(match: re.Match[str], today: date) -> Span | None:
    month, first_day, last_day, label = _HOLIDAYS[match["name"]]
    year = _year_of(match["year"], today) or (
        today.year if (month, first_day) <= (today.month, today.day) else today.year - 1
    )
    first = date(year, month, first_day)
    label = label if year == today.year else f"{year}年{label}"
    return first, date(year, month, last_day) + timedelta(days=1), label


def _weekdays(match: re.Match[str], today: date) -> Span | None:
    """上周一到五, 这周一到周三"""
    monday = today - timedelta(days=today.weekday() + 7 * (match["which"] or "").count("上"))
    first, last = (monday + timedelta(days=_WEEKDAY[match[edge]]) for edge in ("day", "last"))
    if last < first or first > today:
        return None
    return first, last + timedelta(days=1), f"{day_label(first, today)}至{day_label(last, today)}"


def _dotted_days(match: re.Match[str], today: date) -> Span | None:
    """10.1-10.7, 10.1到10.7: so written only days are"""
    first, last = (_date(today.year, int(match[f"month{edge}"]), int(match[f"day{edge}"])) for edge in ("", "2"))
    if first is None or last is None or last < first:
        return None
    if first > today:
        first, last = first.replace(year=today.year - 1), last.replace(year=today.year - 1)
    return first, last + timedelta(days=1), f"{day_label(first, today)}至{day_label(last, today)}"


def _since_new_year(_: re.Match[str], today: date) -> Span:
    return date(today.year, 1, 1), today + timedelta(days=1), "今年至今"


def _since_the_first(_: re.Match[str], today: date) -> Span:
    return today.replace(day=1), today + timedelta(days=1), "本月至今"


_SALES_DAYS = {"11": (11, 11), "十一": (11, 11), "12": (12, 12), "十二": (12, 12)}


def _sales_day(match: re.Match[str], today: date) -> Span | None:
    """双十一, 双12"""
    month, day = _SALES_DAYS[match["twice"]]
    if (year := _year_of(match["year"], today)) is not None:
        return _day(date(year, month, day), today)
    named = date(today.year, month, day)
    return _day(named if named <= today else date(today.year - 1, month, day), today)


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


_YEAR = r"(?:(?P<year>今年|去年|前年|20\d\d\s?[年./-]|(?<!\d)2\d年(?=[\d一二三四五六七八九十]))的?)?"
_END_DAY = r"(?:号|日)"
_COUNTED = r"[\d一二三四五六七八九十百千万月个单块元名件人笔.]"
# In this order: what says more stands before what says less. 大前天 before 前天, 10月3号 before 10月 and 3号.
READERS: tuple[tuple[re.Pattern[str], Reader], ...] = tuple(
    (re.compile(pattern), reader)
    for pattern, reader in (
        (r"(?:今年|年)初(?:开始)?(?:到现在|到目前|至今|以来|到今天)|(?:今年|开年)(?:以来|至今)", _since_new_year),
        (r"(?:这个|本|这)?月初(?:开始)?(?:到现在|到目前|至今|以来|到今天)", _since_the_first),
        (
            rf"(?:{_YEAR}(?P<month>{_N})月份?|(?P<which>上个?|这个|这|本)月)?的?(?P<third>[上中下]旬|(?<!半)[上下]半月)(?P<day>)(?P<bare>)",
            _third_of_month,
        ),
        (
            rf"{_YEAR}(?P<name>国庆|(?<![周期拜])五一(?=节|假|劳动|期间|那|黄金|长假)|元旦)(?:黄金周|长假|假期|节|期间|那几天)*",
            _holiday,
        ),
        (
            r"(?P<which>上上个?|上个?|这个|这|本)?(?:周|星期|礼拜)(?P<day>[一二三四五六])(?:到|至|-|~)(?P<last>[二三四五六日天])(?![\d个单块])",
            _weekdays,
        ),
        (
            r"(?<![\d.])(?P<month>1[0-2]|0?[1-9])\.(?P<day>[12]\d|3[01]|0?[1-9])(?:到|至|-|~)(?P<month2>1[0-2]|0?[1-9])\.(?P<day2>[12]\d|3[01]|0?[1-9])(?![\d.块元])",
            _dotted_days,
        ),
        (
            r"(?P<year>)(?<![\d.])(?P<month>1[0-2]|0?[1-9])\.(?P<day>[12]\d|3[01]|0?[1-9])(?P<bare>)(?=那天|当天|那日|号|日)",
            _calendar_day,
        ),
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
            r"(?P<which>上上个?|上个?|这个|这|本)(?:周|星期|礼拜)(?:(?P<day>[一二三四五六日天1-7])(?![个天年月\d]|(?<=一)[共起直定])|(?P<weekend>末))?",
            _week,
        ),
        (r"(?<![上下])(?<![这上本]一)(?:周|星期|礼拜)(?P<day>[一二三四五六日天])(?!(?<=一)[共起直定])", _weekday),
        (r"(?P<which>大前|前|昨|今)(?:天|日|儿个?|晚上|晚|早上|早|上午|下午|个儿)(?!气)|(?P<this>本日)", _relative_day),
        (
            rf"(?:最近|这最近|近|过去|前面|之前|这|前)的?(?P<count>{_COUNT})(?P<unit>天|日|周|个?星期|个?礼拜|个?月|年)",
            _recent,
        ),
        (
            rf"(?P<count>(?<![\d第]){_COUNT})(?P<unit>天|日|周|个?星期|个?礼拜|个?月|年)(?:之|以)?内(?!到|能|会|可|退|发|必)",
            _recent,
        ),
        (rf"{_YEAR}(?:第?(?P<number>[一二三四1-4])季度|q(?P<latin>[1-4])(?![0-9a-z]))", _quarter),
        (r"(?P<number>)(?P<latin>)(?P<which>上个?|这个|本)季度", _quarter),
        (rf"{_YEAR}(?P<half>[上下])半年", _half_year),
        (rf"{_YEAR}双(?P<twice>11|十一|12|十二)", _sales_day),
        (
            rf"{_YEAR}(?<!\d)(?P<month>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])月(?!亮|饼|{_N}{_END_DAY})份?",
            _calendar_month,
        ),
        (r"今年|本年度|本年|这一年|全年|去年|前年|20[1-9]\d年", _year),
        (rf"(?<![\d第月年a-z])(?P<day>{_N}){_END_DAY}(?!单|楼|线|码)", _day_of_month),
        (r"(?:日|周|月|年度|年)(?=榜|排行|排名)", _board),
    )
)
