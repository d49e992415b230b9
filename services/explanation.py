"""Everything about one order as the merchant sees it: who has it and why, who earns what, who does not and why not,
and what became of its coupon.

No buyer's data: an order's claims name distributors, codes and days, nothing else.

Units    amounts as yuan in text, instants in ISO 8601 on Shanghai's clock: what comes out is printed or sent as it is
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain import settlement
from domain.explanation import result_of
from domain.money import ZERO
from domain.why import why
from models.bonus import Bonus
from models.commission import Award, Skip
from models.distributor import Distributor
from models.order import Order, OrderLine, Refund
from models.plan import PlanVersion
from services.bonus import told
from services.coupon import figures
from services.terminal import iso

# Why somebody who could have earned did not; the order is that of plans.md §3.
SKIPPED: Mapping[str, str] = {
    "other_rule": "这一行已按更靠前的规则计佣",
    "no_upline": "出单人往上没有这一级邀请人",
    "suspended": "付款时他的分销员身份已暂停",
    "not_member": "只有会员能拿，付款时他还不是会员",
    "own_order": "本人下的订单不计佣金",
    "condition": "付款时他还没达到条件",
    "below_first_step": "付款时他还没到第一档",
    "capped": "已到这一行的佣金上限，超出的部分不发",
}
BONUS_SKIPPED: Mapping[str, str] = {
    "suspended": "达标时他的分销员身份已暂停",
    "not_member": "只有会员能拿，达标时他还不是会员",
    "own_order": "达标的是他自己买的订单",
}
SEATS: Mapping[str, str] = {"seller": "出单人", "milestone": "达标", "team": "团队", "ranking": "排名"}
STATES: Mapping[str, str] = {"pending": "待结算", "available": "可提现", "reversed": "已取消"}


def seat(as_: str) -> str:
    """A place in the chain in words (出单人, 上级, 第 2 级上级), or as what else somebody earns."""
    if as_ in SEATS:
        return SEATS[as_]
    up = as_.removeprefix("upline-")
    return "上级" if up == "1" else f"第 {up} 级上级"


def find(session: Session, no: str, source: str | None) -> list[Order]:
    """The orders of this number, one for each source at most."""
    query = select(Order).where(Order.no == no).order_by(Order.source)
    return list(session.scalars(query if source is None else query.where(Order.source == source)))


def of_order(session: Session, order: Order, *, now: datetime) -> dict[str, Any]:
    """The order, its lines and refunds, the decision who has it with every claim, the awards and the skips."""
    who = session.get(Distributor, order.distributor_id) if order.distributor_id is not None else None
    version = session.get(PlanVersion, order.plan_version_id) if order.plan_version_id is not None else None
    lines = session.scalars(select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.line))
    refunds = session.scalars(select(Refund).where(Refund.order_id == order.id).order_by(Refund.at, Refund.id))
    awards = session.execute(
        select(Award, Distributor)
        .join(Distributor, Distributor.id == Award.distributor_id)
        .where(Award.order_id == order.id)
        .order_by(Award.line, Award.id)
    ).all()
    bonuses = told.rows_of_order(session, order.id)
    return {
        "no": order.no,
        "source": order.source,
        "paid_at": iso(order.paid_at),
        "completed_at": iso(order.completed_at),
        "settles_at": iso(order.settles_at),
        "paid": order.paid.yuan,
        "net": order.net.yuan,
        "distributor": {"code": who.code, "name": who.nickname} if who else None,
        "reason": {"code": order.reason_code, "text": order.reason_text},
        "claims": [claim | {"at": iso(datetime.fromisoformat(claim["at"]))} for claim in order.claims],
        "coupon": figures.of_order(session, order),
        "upline": [step["code"] for step in order.upline],
        "plan": {"version": version.id, "name": version.name} if version else None,
        "lines": [_line(line) for line in lines],
        "refunds": [_refund(refund) for refund in refunds],
        "awards": [
            *(_award(row.Award, row.Distributor, now) for row in awards if row.Award.peak > ZERO),
            *(_bonus(row, person) for row, person in bonuses if row.state != "skipped"),
        ],
        "skips": [
            *_skips(session, order),
            *_capped((row.Award, row.Distributor.code) for row in awards),
            *(_bonus_skip(row, person.code) for row, person in bonuses if row.reason is not None),
        ],
    }


def _line(line: OrderLine) -> dict[str, Any]:
    return {
        "line": line.line,
        "sku": line.sku,
        "name": line.name,
        "category": line.category,
        "qty": line.qty,
        "paid": line.paid.yuan,
        "refunded": line.refunded.yuan,
        "refunded_qty": line.refunded_qty,
    }


def _refund(refund: Refund) -> dict[str, Any]:
    fen = sum(item["amount_fen"] for item in refund.lines)
    return {"refund_no": refund.refund_no, "at": iso(refund.at), "amount": f"{fen // 100}.{fen % 100:02d}"}


def _award(row: Award, who: Distributor, now: datetime) -> dict[str, Any]:
    return _earned(row, who) | {
        "line": row.line,
        "taken_back": (row.peak - row.amount).yuan,
        "available_at": iso(row.available_at or (row.settles_at if row.state == "pending" else None)),
        "when": _when(row, now),
    }


def _bonus(row: Bonus, who: Distributor) -> dict[str, Any]:
    """A milestone that the order reached, in the form of an award; it has no line."""
    return _earned(row, who) | {
        "line": None,
        "taken_back": (row.full - row.amount).yuan,
        "available_at": iso(row.at),
        "when": "已随退款收回" if row.state == "reversed" else f"{_day(row.at)} 达标，已发放",
    }


def _earned(row: Award | Bonus, who: Distributor) -> dict[str, Any]:
    return {
        "rule": row.rule,
        "title": row.facts["title"],
        "to": who.code,
        "name": who.nickname,
        "as": row.as_,
        "amount": row.amount.yuan,
        "state": row.state,
        "why": why(row.facts),
    }


def _bonus_skip(row: Bonus, code: str) -> dict[str, Any]:
    return {
        "rule": row.rule,
        "title": row.facts["title"],
        "to": code,
        "as": row.as_,
        "line": None,
        "reason": row.reason,
        "text": BONUS_SKIPPED[row.reason or ""],
    }


def _when(row: Award, now: datetime) -> str:
    """When the money becomes available, or what became of it, in words."""
    if row.state == "reversed":
        return "已随退款取消"
    if row.available_at is not None:
        return f"已在 {_day(row.available_at)} 结算，可以提现"
    standing = settlement.standing(row.settles_at, now)
    if standing.code == "not_completed":
        return "订单完成并过了售后期之后结算"
    if standing.code == "holding" and standing.available_at is not None:
        return f"售后期到 {_day(standing.available_at)}，之后的第一次结算转为可提现"
    return "售后期已过，下一次结算转为可提现"


def _day(instant: datetime) -> str:
    return (iso(instant) or "")[:16].replace("T", " ")


def _skips(session: Session, order: Order) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Skip, Distributor.code)
        .join(Distributor, Distributor.id == Skip.distributor_id, isouter=True)
        .where(Skip.order_id == order.id)
        .order_by(Skip.line, Skip.id)
    )
    return [_skip(row.Skip.rule, row.Skip.facts["title"], row.code, row.Skip, row.Skip.reason) for row in rows]


def _capped(awards: Iterable[tuple[Award, str]]) -> list[dict[str, Any]]:
    """Rows that the cap of their line cuts as things stand; nothing is stored for them, refunds change it."""
    return [
        _skip(row.rule, row.facts["title"], code, row, "capped") for row, code in awards if result_of(row.facts).capped
    ]


def _skip(rule: str, title: str, code: str | None, row: Award | Skip, reason: str) -> dict[str, Any]:
    return {
        "rule": rule,
        "title": title,
        "to": code,
        "as": row.as_,
        "line": row.line,
        "reason": reason,
        "text": SKIPPED[reason],
    }
