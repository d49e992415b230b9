"""The sentence a distributor reads under an award, rendered from the facts that were stored with it.

`why(facts)` needs nothing but those facts (see domain.explanation), so a sentence of last year still reads as its
money was computed. Every sentence is a sum that the reader can repeat by hand:

    订单 O1 实付 100.00 元 × 推广佣金 10% = 10.00 元
    下级的订单 O1（实付 100.00 元 − 退款 33.33 元）× 推广佣金 5% = 3.33 元（不足 1 分舍去）

The words stand here and not in assets/messages because `evaluate`, which is pure, returns them too.
"""

from __future__ import annotations

from domain.commission import LineState, RowResult
from domain.explanation import Facts, result_of, state_of
from domain.money import ZERO, Money, rate_text
from domain.plan import BONUSES
from domain.plan.words import IN_WINDOW, REACHED_BY, number

ORDER = "{whose}订单 {no} "
ORDER_ITEM = "{whose}订单 {no}「{item}」"
WHOSE = {0: "", 1: "下级的"}
WHOSE_FARTHER = "第 {up} 级下级的"

PAID = "实付 {paid} 元"
PAID_LESS = "实付 {paid} 元 − 退款 {refunded} 元"
NET = "{order}{money} × {title} {rate} = {full} 元"
NET_REFUNDED = "{order}（{money}）× {title} {rate} = {full} 元"
PROFIT = "{order}利润 {profit} 元（{money} − 成本 {cost} 元 × {units} 件）× {title} {rate} = {full} 元"
PROFIT_BELOW_ZERO = (
    "{order}利润 0.00 元（{money} − 成本 {cost} 元 × {units} 件，不足按 0 计）× {title} {rate} = {full} 元"
)
PROFIT_UNKNOWN = "{order}没有成本价，利润按 0 计 × {title} {rate} = {full} 元"
ROUNDED = "（不足 1 分舍去）"
PER_UNIT = "{order}{title}每件 {each} 元 × {units} 件 = {full} 元"
PER_UNIT_RETURNED = "{order}{title}每件 {each} 元 × {units} 件（共 {qty} 件，退回 {returned} 件）= {full} 元"
PER_LINE = "{order}{title}固定 {full} 元（不论件数）"

CUT = "，超过单笔佣金上限 {share}（{net} 元 × {share} = {cap} 元），按余额 {amount} 元"
CUT_AFTER_OTHERS = (
    "，超过单笔佣金上限 {share}（{net} 元 × {share} = {cap} 元，前面已分出 {taken} 元），按余额 {amount} 元"
)
NET_PAID = "实付 {net}"
NET_LEFT = "退款后 {net}"

BY_LEVEL = "（等级：{is}）"
BY_ROLE = "（角色：{is}）"
BY_STEPS = "（{window}{reached}，已到 {step} 档）"
ROLES = {"member": "分销员", "leader": "团长", "creator": "达人", "guide": "导购"}

FULLY_REFUNDED = "{order}实付 {paid} 元，已全额退款，{title}已取消"
FULLY_RETURNED = "{order}{qty} 件已全部退回，{title}已取消"
CANCELLED = "，{title}已取消"


def why(facts: Facts) -> str:
    """The sentence for an award's facts, whatever the kind."""
    if facts["kind"] in BONUSES:
        return BONUSES[facts["kind"]].why(facts)
    return _commission(facts)


def _commission(facts: Facts) -> str:
    """What was paid, what is left of it, the rate or the amount, the cap, and what remains."""
    state, result = state_of(facts), result_of(facts)
    if not state.alive:
        return _nothing_left(facts, state)
    sentence = _rate(facts, state, result) if facts["rate_bp"] is not None else _amount(facts, result)
    if facts.get("basis") is not None:
        sentence += _basis(facts["basis"])
    if result.capped:
        sentence += _cut(facts, state, result)
    if result.amount == ZERO:
        sentence += CANCELLED.format(title=facts["title"])
    return sentence


def _order(facts: Facts) -> str:
    """Whose order it is, its number, and the product where there are several."""
    whose = WHOSE.get(facts["up"], WHOSE_FARTHER).format(up=facts["up"])
    template = ORDER_ITEM if facts["item"] else ORDER
    return template.format(whose=whose, no=facts["order"], item=facts["item"])


def _nothing_left(facts: Facts, state: LineState) -> str:
    template = FULLY_RETURNED if state.line.free else FULLY_REFUNDED
    return template.format(order=_order(facts), qty=facts["qty"], paid=state.line.paid.spoken, title=facts["title"])


def _rate(facts: Facts, state: LineState, result: RowResult) -> str:
    """A share of the net or of the profit, before the cap."""
    order, cost, refunded = _order(facts), state.line.unit_cost, state.line.paid - state.net
    if facts["base"] == "profit" and cost is None:
        template = PROFIT_UNKNOWN
    elif facts["base"] == "profit" and cost is not None:
        template = PROFIT_BELOW_ZERO if state.net < cost * state.units else PROFIT
    elif refunded:
        template, order = NET_REFUNDED, order.rstrip()
    else:
        template = NET
    money = PAID_LESS if refunded else PAID
    sentence = template.format(
        order=order,
        money=money.format(paid=state.line.paid.spoken, refunded=refunded.spoken),
        profit=result.base.spoken,
        cost="" if cost is None else cost.spoken,
        units=state.units,
        title=facts["title"],
        rate=rate_text(facts["rate_bp"]),
        full=result.full.spoken,
    )
    exact = result.base.fen * facts["rate_bp"] % 10000 == 0
    return sentence if exact else sentence + ROUNDED


def _amount(facts: Facts, result: RowResult) -> str:
    """So much per unit or per line, before the cap."""
    if facts["per"] == "line":
        template = PER_LINE
    else:
        template = PER_UNIT_RETURNED if facts["returned"] else PER_UNIT
    return template.format(
        order=_order(facts),
        title=facts["title"],
        each=Money(facts["each_fen"]).spoken,
        units=facts["qty"] - facts["returned"],
        qty=facts["qty"],
        returned=facts["returned"],
        full=result.full.spoken,
    )


def _basis(basis: Facts) -> str:
    """What of the payee the rate or the amount was looked up by, at payment."""
    if basis["by"] == "level":
        return BY_LEVEL.format(**{"is": basis["title"] or "无"})
    if basis["by"] == "role":
        return BY_ROLE.format(**{"is": ROLES[basis["is"]]})
    reached = REACHED_BY[basis["by"]].format(value=number(basis["by"], basis["count"]))
    if reached[0].isdecimal():  # Chinese and digits are set apart
        reached = f" {reached}"
    return BY_STEPS.format(window=IN_WINDOW[basis["window"]], reached=reached, step=number(basis["by"], basis["step"]))


def _cut(facts: Facts, state: LineState, result: RowResult) -> str:
    """By how much the cap of the line cuts the row, and who had the rest of it."""
    net = NET_PAID if state.net == state.line.paid else NET_LEFT
    template = CUT_AFTER_OTHERS if result.taken else CUT
    return template.format(
        share=rate_text(facts["max_share_bp"]),
        net=net.format(net=state.net.spoken),
        cap=state.net.share(facts["max_share_bp"]).spoken,
        taken=result.taken.spoken,
        amount=result.amount.spoken,
    )
