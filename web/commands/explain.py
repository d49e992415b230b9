"""`flask explain ORDER_NO`: why an order paid what it paid, to whom, and why to nobody else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from models.order import Order
from services import explanation
from services.explanation import STATES, seat
from services.terminal import Answer, Refusal, answering, columns
from web.commands import CommandDeps

CLAIMS: Mapping[str, str] = {
    "code": "推广码",
    "coupon": "优惠券",
    "group": "群",
    "touch": "推荐记录",
    "bound": "联系人",
}
TOUCHES: Mapping[str, str] = {
    "link": "打开过推广链接",
    "code": "用推广码买过",
    "coupon": "领过他的优惠券",
    "contact": "是他的联系人",
}
LOST: Mapping[str, str] = {
    "won": "采用",
    "unknown": "不属于任何分销员",
    "not_joined": "付款时他还没有加入",
    "suspended": "付款时他已停止推广",
    "expired": "已超过归属期",
    "after_payment": "发生在付款之后",
    "earlier": "有更晚的推荐",
    "later": "有更早的推荐",
    "own_order": "买家就是他本人",
    "no_plan": "付款时没有生效的方案",
}


def command(deps: CommandDeps) -> click.Command:
    @click.command("explain", help="一笔订单归谁、为什么，每一笔佣金怎么算、什么时候可提现，谁没有拿到、为什么。")
    @click.argument("order_no")
    @click.option("--source", help="订单来源；几个来源有同一个订单号时要写。")
    @answering
    def explain(order_no: str, source: str | None) -> Answer:
        deps.ready()
        with deps.sessions.reading() as session:
            order = _the_one(explanation.find(session, order_no, source), order_no, source)
            data = explanation.of_order(session, order, now=deps.clock())
        return Answer(data, "\n".join(_text(data)))

    return explain


def _the_one(found: list[Order], order_no: str, source: str | None) -> Order:
    if not found:
        where = f"来源 {source} 里" if source else ""
        raise Refusal("order.unknown", f"{where}没有订单号为「{order_no}」的订单；订单号要完整，区分大小写")
    if len(found) > 1:
        sources = "、".join(order.source for order in found)
        raise Refusal("order.ambiguous", f"订单号「{order_no}」在几个来源都有（{sources}）；用 --source 写明是哪一个")
    return found[0]


def _text(data: dict[str, Any]) -> Iterator[str]:
    yield f"订单 {data['no']}（来源 {data['source']}）"
    refunded = f"，退款后 {data['net']} 元" if data["net"] != data["paid"] else ""
    yield f"  实付 {data['paid']} 元{refunded}；付款 {_time(data['paid_at'])}"
    yield f"  完成 {_time(data['completed_at']) or '还没有'}；售后期到 {_time(data['settles_at']) or '完成之后才知道'}"
    plan = data["plan"]
    yield f"  方案「{plan['name']}」第 {plan['version']} 版" if plan else "  付款时没有生效的方案"
    for line in data["lines"]:
        back = f"，已退 {line['refunded']} 元、{line['refunded_qty']} 件" if _has_refund(line) else ""
        yield f"  · {line['name']} × {line['qty']}，实付 {line['paid']} 元{back}"
    yield from _coupon(data["coupon"])
    yield ""
    yield from _attribution(data)
    yield ""
    yield from _awards(data["awards"])
    yield from _skips(data["skips"])


def _coupon(coupon: dict[str, str | None] | None) -> Iterator[str]:
    if coupon is not None:
        said = {
            "used": f"用了，优惠 {coupon['discount']} 元",
            "returned": "用了，整单退款后已退回",
            "refused": f"没有用成：{coupon['why']}",
        }
        yield f"  优惠券 {coupon['given']}：{said[str(coupon['state'])]}"


def _attribution(data: dict[str, Any]) -> Iterator[str]:
    who = data["distributor"]
    yield f"归属：{who['name']}（{who['code']}）" if who else "归属：没有分销员"
    yield f"  {data['reason']['text']}"
    if data["upline"]:
        yield f"  往上的邀请人：{' → '.join(data['upline'])}"
    lost = [claim for claim in data["claims"] if claim["why"] != "won"]
    if lost:
        yield "  没有采用的推荐："
        yield columns([(_claim(claim), _time(claim["at"]), LOST[claim["why"]]) for claim in lost], indent="    ")


def _claim(claim: dict[str, Any]) -> str:
    kind = (
        TOUCHES.get(claim["given"], CLAIMS["touch"]) if claim["kind"] in ("touch", "bound") else CLAIMS[claim["kind"]]
    )
    named = claim["code"] or claim["given"]
    return f"{kind} {named}"


def _awards(awards: list[dict[str, Any]]) -> Iterator[str]:
    yield "佣金：" if awards else "佣金：没有"
    for award in awards:
        who = f"{award['name']}（{award['to']}，{seat(award['as'])}）"
        back = f"，已退回 {award['taken_back']} 元" if award["taken_back"] != "0.00" else ""
        yield f"  {who}{award['amount']} 元，{STATES[award['state']]}{back}"
        yield f"    {award['why']}"
        yield f"    {award['when']}"


def _skips(skips: list[dict[str, Any]]) -> Iterator[str]:
    if skips:
        yield ""
        yield "没有拿到或没有拿足的："
        rows = [(skip["to"] or "—", seat(skip["as"]), f"「{skip['title']}」", skip["text"]) for skip in skips]
        yield columns(rows)


def _has_refund(line: dict[str, Any]) -> bool:
    return bool(line["refunded_qty"]) or line["refunded"] != "0.00"


def _time(iso: str | None) -> str:
    return "" if iso is None else iso[:19].replace("T", " ")
