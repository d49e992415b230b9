"""What a sentence about pushes asks for: kinds, hours, days."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from bot.understanding import Understanding
from domain.push import Hours, Wish

NOW = datetime(2026, 11, 21, 7, tzinfo=UTC)  # a Saturday
NIGHT = Hours(22 * 60, 8 * 60)


@pytest.mark.parametrize(
    ("text", "intent", "wish"),
    [
        ("别再推送了", "mute", {}),
        ("只要提现通知", "mute", {"kinds": {"withdrawal"}, "only": True}),
        ("除了提现其他都别推送", "mute", {"kinds": {"withdrawal"}, "only": True}),
        ("只要有钱到账再通知我 其他别发", "mute", {"kinds": {"withdrawal", "settlement"}, "only": True}),
        ("日报别发了", "mute", {"kinds": {"summary"}}),
        ("別再發日報了", "mute", {"kinds": {"summary"}}),
        ("出单提醒和周报都不要了", "mute", {"kinds": {"order", "summary"}}),
        ("商家的广告别发", "mute", {"kinds": {"news"}}),
        ("晚上别发", "mute", {"hours": NIGHT}),
        ("晚上9点以后别发消息", "mute", {"hours": Hours(21 * 60, 8 * 60)}),
        ("晚上十点半到早上七点不要推送", "mute", {"hours": Hours(22 * 60 + 30, 7 * 60)}),
        ("今晚别发了", "mute", {"tonight": True}),
        ("今天别推了", "mute", {"days": (date(2026, 11, 21), date(2026, 11, 22))}),
        ("明天别发消息", "mute", {"days": (date(2026, 11, 22), date(2026, 11, 23))}),
        ("这周别发", "mute", {"days": (date(2026, 11, 16), date(2026, 11, 23))}),
        ("下周别给我推", "mute", {"days": (date(2026, 11, 23), date(2026, 11, 30))}),
        ("三天内别发消息", "mute", {"days": (date(2026, 11, 21), date(2026, 11, 24))}),
        ("3天内别发消息", "mute", {"days": (date(2026, 11, 21), date(2026, 11, 24))}),
        ("这个月不要推送", "mute", {"days": (date(2026, 11, 1), date(2026, 12, 1))}),
        ("恢复通知", "unmute", {}),
        ("把出单提醒打开", "unmute", {"kinds": {"order"}}),
        ("随时可以发", "unmute", {"wants": True, "hours": "anytime"}),
        ("晚上也可以发", "unmute", {"wants": True, "hours": "anytime"}),
    ],
)
def test_a_sentence_says_what_it_wants(
    understanding: Understanding, text: str, intent: str, wish: dict[str, Any]
) -> None:
    assert understanding.understand(text, now=NOW).name == intent
    expected = Wish(**({"wants": intent == "unmute"} | wish | {"kinds": frozenset(wish.get("kinds", ()))}))
    assert understanding.pushes(text, wants=intent == "unmute", now=NOW) == expected
