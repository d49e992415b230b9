"""Words that say for what a reward is given, where only a person decides: tasks, and goods that stand for a lead.

Matched by letters.py's spelling: 「集 讚」, 「集-赞」 and 「集赞」 are the same.

Source   compliance.md §7
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from domain.compliance.letters import spelling

SHARING = (
    *("转发", "点赞", "集赞", "个赞", "朋友圈", "发圈", "moments", "分享到", "分享海报", "分享链接"),
    *("截图分享", "不转不是", "助力", "好友帮", "帮我加速", "砍一刀", "砍价", "集卡", "打卡", "签到"),
)
RECRUITING = re.compile(
    "拉人头|发展(下级|下线|分销员|推广员|代理)|"
    "(邀请|招募|推荐|介绍).{0,8}(分销员|推广员|代理|下级|下线|成为会员|加入团队)"
)
LEADS = (
    *("体验", "试听", "试课", "试学", "试用", "预约", "到店", "留资", "线索", "注册"),
    *("trial", "lead", "signup", "register", "booking"),
)


def found(words: Iterable[str], text: str) -> str | None:
    """The first of the words that the text holds."""
    said = spelling(text)
    return next((word for word in words if spelling(word) in said), None)


def sharing(text: str) -> str | None:
    return found(SHARING, text)


def recruiting(text: str) -> str | None:
    hit = RECRUITING.search(spelling(text))
    return hit.group() if hit else None


def lead(text: str) -> str | None:
    return found(LEADS, text)
