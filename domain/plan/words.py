"""How counts, windows and thresholds are said in the sentences under awards."""

from __future__ import annotations

from domain.money import Money

COUNTED = {
    "orders": "结算订单达到 {value} 单",
    "buyers": "成交顾客达到 {value} 位",
    "units": "售出商品达到 {value} 件",
    "sales": "结算销售额达到 {value} 元",
    "recruits": "邀请的分销员达到 {value} 位",
    "chain": "两两成组的下级达到 {value} 组",
}
EVERY = {
    "orders": "每 {value} 单结算订单",
    "buyers": "每 {value} 位成交顾客",
    "units": "每售出 {value} 件",
    "sales": "每满 {value} 元结算销售额",
    "recruits": "每邀请 {value} 位分销员",
    "chain": "你邀请的人两两成组、两位都带来新人，每 {value} 组",
}
QUALIFY = {"sold": "有结算订单才算", "joined": "加入即算"}
LEFT = {"orders": "单", "buyers": "位", "units": "件", "sales": "元", "recruits": "位", "chain": "组"}
REACHED_BY = {
    "orders": "{value} 单",
    "buyers": "{value} 位顾客",
    "units": "{value} 件",
    "sales": "销售额 {value} 元",
    "recruits": "邀请 {value} 位分销员",
    "team_size": "团队 {value} 人",
}
PER_WINDOW = {"lifetime": "", "day": "每天", "week": "每周", "month": "每月"}
MET = {
    "orders": "满 {value} 单",
    "buyers": "满 {value} 位顾客",
    "units": "满 {value} 件",
    "sales": "卖满 {value} 元",
    "recruits": "邀请满 {value} 人",
    "team_size": "团队满 {value} 人",
}
IN_WINDOW = {"lifetime": "累计", "day": "当日", "week": "本周", "month": "本月"}


def number(of: str, value: int) -> str:
    """A count as it is said: yuan of `sales`, else the number itself."""
    return Money(value).spoken if of == "sales" else str(value)
