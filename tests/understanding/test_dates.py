"""Periods as they are named. Today is Saturday, 2026-11-21, unless a test says otherwise."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.understanding.dates import find_periods
from tests.understanding.support import CATALOGUE

SATURDAY = date(2026, 11, 21)


def named(text, today=SATURDAY):
    return [(n.first.isoformat(), n.until.isoformat(), n.label) for n in find_periods(text, today)]


@pytest.mark.parametrize(
    ("text", "first", "until", "label"),
    [
        ("今天", "2026-11-21", "2026-11-22", "今天"),
        ("昨儿", "2026-11-20", "2026-11-21", "昨天"),
        ("前天", "2026-11-19", "2026-11-20", "前天"),
        ("大前天", "2026-11-18", "2026-11-19", "大前天"),
        ("本周", "2026-11-16", "2026-11-23", "本周"),
        ("这个星期", "2026-11-16", "2026-11-23", "本周"),
        ("上周", "2026-11-09", "2026-11-16", "上周"),
        ("上上周", "2026-11-02", "2026-11-09", "上上周"),
        ("周一", "2026-11-16", "2026-11-17", "11月16日"),
        ("周日", "2026-11-15", "2026-11-16", "11月15日"),
        ("上周三", "2026-11-11", "2026-11-12", "11月11日"),
        ("本月", "2026-11-01", "2026-12-01", "本月"),
        ("这个月", "2026-11-01", "2026-12-01", "本月"),
        ("上个月", "2026-10-01", "2026-11-01", "上月"),
        ("十月", "2026-10-01", "2026-11-01", "10月"),
        ("10月份", "2026-10-01", "2026-11-01", "10月"),
        ("11月", "2026-11-01", "2026-12-01", "11月"),
        ("12月", "2025-12-01", "2026-01-01", "2025年12月"),
        ("去年十二月", "2025-12-01", "2026-01-01", "2025年12月"),
        ("今年3月", "2026-03-01", "2026-04-01", "3月"),
        ("今年", "2026-01-01", "2027-01-01", "今年"),
        ("去年", "2025-01-01", "2026-01-01", "去年"),
        ("上月15号", "2026-10-15", "2026-10-16", "10月15日"),
        ("15号", "2026-11-15", "2026-11-16", "11月15日"),
        ("25号", "2026-10-25", "2026-10-26", "10月25日"),
        ("31号", "2026-10-31", "2026-11-01", "10月31日"),
        ("10月3号", "2026-10-03", "2026-10-04", "10月3日"),
        ("十一月三号", "2026-11-03", "2026-11-04", "11月3日"),
        ("11月25日", "2025-11-25", "2025-11-26", "2025年11月25日"),
        ("2026-10-03", "2026-10-03", "2026-10-04", "10月3日"),
        ("最近7天", "2026-11-15", "2026-11-22", "最近7天"),
        ("近三天", "2026-11-19", "2026-11-22", "最近3天"),
        ("过去30天", "2026-10-23", "2026-11-22", "最近30天"),
        ("近一个月", "2026-10-23", "2026-11-22", "最近1个月"),
        ("双十一", "2026-11-11", "2026-11-12", "11月11日"),
        ("上季度", "2026-07-01", "2026-10-01", "上季度"),
        ("上半年", "2026-01-01", "2026-07-01", "上半年"),
        ("10月1号到7号", "2026-10-01", "2026-10-08", "10月1日至7日"),
        ("10月1日至10月7日", "2026-10-01", "2026-10-08", "10月1日至10月7日"),
        ("周一到周三", "2026-11-16", "2026-11-19", "11月16日至11月18日"),
        ("昨天和今天", "2026-11-20", "2026-11-22", "昨天和今天"),
        ("11月21日", "2026-11-21", "2026-11-22", "今天"),
    ],
)
def test_a_period_is_read_in_shanghais_dates(text, first, until, label):
    assert named(text) == [(first, until, label)]


@pytest.mark.parametrize(
    "text", ["明天", "下个月", "下周三", "月饼", "2月30号", "三个月", "这几天", "13月", "32号", "O1001", "3单", "3块2"]
)
def test_what_lies_ahead_or_is_no_period_is_none(text):
    assert named(text) == []


def test_a_year_begins_in_the_month_before():
    assert named("上个月", date(2026, 1, 5)) == [("2025-12-01", "2026-01-01", "上月")]
    assert named("上季度", date(2026, 2, 1)) == [("2025-10-01", "2026-01-01", "上季度")]


def test_the_day_changes_at_midnight_in_shanghai(understanding):
    just_after = datetime.fromisoformat("2026-11-20T16:00:00+00:00")
    found = understanding.understand("今天赚了多少", now=just_after, catalogue=CATALOGUE)
    assert found.slots["period"] == {"from": "2026-11-21", "to": "2026-11-22", "label": "今天"}


@given(st.dates(min_value=date(2020, 1, 1), max_value=date(2040, 12, 31)), st.integers(min_value=0, max_value=360))
def test_a_day_of_the_last_year_is_found_by_its_month_and_day(today, back):
    day = today - timedelta(days=back)
    found = find_periods(f"{day.month}月{day.day}号", today)
    assert [(n.first, n.until) for n in found] == [(day, day + timedelta(days=1))]


@given(st.dates(min_value=date(2020, 1, 1), max_value=date(2040, 12, 31)))
def test_what_is_named_has_begun(today):
    for text in ("本周", "上周", "周五", "上周日", "本月", "上月", "十二月", "29号", "最近7天", "今年", "第三季度"):
        for found in find_periods(text, today):
            assert found.first <= today
            assert found.first < found.until
