"""Commission on the live path: accrue at payment, follow refunds and completion, explain.

The engine (domain.commission) decides and computes; what it froze at payment is stored on the rows, so that a refund
a year later needs neither the plan nor the people of that day. Every change books the difference to what stands.

Units    Money in fen
Locks    a refund locks the awards of the order's lines: a settlement run moves them between accounts
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from domain import commission as engine
from domain import explanation
from domain import ledger as books
from domain.money import ZERO, Money
from domain.why import why
from models.commission import Award, Skip
from models.distributor import Distributor
from models.order import Order, OrderLine, Refund
from models.prepared import Prepared
from services import ledger, plan, suspension
from services.bonus import marks
from services.once import table_of

_AWARD, _SKIP, _PEOPLE = table_of(Award), table_of(Skip), table_of(Distributor)
_LATER = ("id", "settles_at", "available_at")  # what a new award has not yet
_INSERT_AWARD = Prepared(insert(_AWARD).inline(), [column.name for column in _AWARD.c if column.name not in _LATER])
_INSERT_SKIP = Prepared(insert(_SKIP).inline(), [column.name for column in _SKIP.c if column.name != "id"])


def accrue(session: Session, order: Order, lines: list[OrderLine], *, now: datetime) -> None:
    """Decide who earns from a new order and book it as pending. Needs the order's seller, upline and plan version."""
    if order.distributor_id is None or order.plan_version_id is None:
        return
    people = [order.distributor_id, *(step["id"] for step in order.upline)]
    found = {row.id: row for row in (session.get_one(Distributor, id_) for id_ in people)}
    paid = _paid_order(session, order, lines)
    out = suspension.suspended(session, found.values(), order.paid_at)
    decision = engine.decide(
        plan.load(session, order.plan_version_id).plan, paid, [_person(found[id_], out) for id_ in people]
    )
    ids = {row.code: row.id for row in found.values()}

    awards = [
        _award_values(order, paid, decision, ids, result, state)
        for line in paid.lines
        for state in [engine.line_state(line, ())]
        for result in engine.amounts(decision.payable(line.no), state, decision.max_share_bp)
    ]
    if awards:
        _INSERT_AWARD.run_many(session, awards)
    if skips := [_skip_values(order, ids, terms) for terms in decision.skips]:
        _INSERT_SKIP.run_many(session, skips)
    moves = [
        (books.house(books.COMMISSION_COST), books.of_distributor(row["distributor_id"], "pending"), row["amount"])
        for row in awards
    ]
    if any(amount for _, _, amount in moves):
        ledger.post(session, books.entry(f"accrual:{order.source}:{order.no}", "accrual", moves), now=now)


def refund(session: Session, order: Order, lines: list[OrderLine], refund: Refund, *, now: datetime) -> None:
    """Compute the awards of the refunded lines anew and book the differences, wherever the money stands by now."""
    touched = {item["line"] for item in refund.lines}
    rows = session.scalars(
        select(Award)
        .where(Award.order_id == order.id, Award.line.in_(touched))
        .order_by(Award.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    moves = []
    refunds = _refunds(session, order) if rows else []
    for line in lines:
        mine = sorted((row for row in rows if row.line == line.line), key=lambda row: row.row)
        for row, amount, peak in _recomputed(mine, line, refunds):
            purpose: books.Purpose = "available" if row.available_at else "pending"
            account = books.of_distributor(row.distributor_id, purpose)
            moves.append((account, books.house(books.COMMISSION_COST), row.amount - amount))
            row.amount, row.peak = amount, peak
            row.state = "reversed" if amount == ZERO < peak else purpose
    session.flush()
    if books.legs(moves):  # what one row loses another of the same person may gain: then there is nothing to book
        key = f"clawback:{refund.source}:{refund.refund_no}"
        ledger.post(session, books.entry(key, "clawback", moves, may_overdraw=True), now=now)


def complete(session: Session, order: Order, *, now: datetime) -> None:
    """Fix the moment at which the order is settled: its completion plus the hold days of its plan version."""
    if order.completed_at is None or order.plan_version_id is None:
        return
    paid_under = plan.load(session, order.plan_version_id).plan
    order.settles_at = engine.settled_at(order.completed_at, paid_under.terms.hold_days)
    marks.completed(order, paid_under)
    session.flush()
    session.execute(
        update(Award)
        .where(Award.order_id == order.id)
        .values(settles_at=order.settles_at)
        .execution_options(synchronize_session=False)
    )


def _refunds(session: Session, order: Order) -> list[engine.Refunded]:
    """All refunds of the order, each with its own time: they may have come in another order."""
    found = session.execute(select(Refund.at, Refund.lines).where(Refund.order_id == order.id))
    return [
        engine.Refunded(row.at, item["line"], item["qty"], Money(item["amount_fen"]))
        for row in found
        for item in row.lines
    ]


def _recomputed(
    rows: list[Award], line: OrderLine, refunds: list[engine.Refunded]
) -> Iterable[tuple[Award, Money, Money]]:
    """Each row with its amount on the line's present net and units, and the most it ever was; its facts are brought up
    to date.
    """
    if not rows:
        return
    terms, share = [_terms(row) for row in rows], rows[0].facts["max_share_bp"]
    worth = [engine.amounts(terms, state, share) for state in engine.course(_paid_line(line), refunds)]
    for row, moments in zip(rows, zip(*worth, strict=True), strict=True):
        result = moments[-1]
        row.facts = row.facts | {
            "refunded_fen": line.refunded.fen,
            "returned": line.refunded_qty,
            "taken_fen": result.taken.fen,
            "amount_fen": result.amount.fen,
        }
        yield row, result.amount, max(moment.amount for moment in moments)


# ---------------------------------------------------------------------------------------------------------------
# What people and the API are told


@dataclass(frozen=True, slots=True)
class Told:
    """One award as it stands: who, as what, how much, in which state, why, and when it becomes available."""

    to: str
    distributor_id: int
    as_: str
    amount: Money
    taken_back: Money
    state: str
    why: str
    settles_at: datetime | None


_A = _AWARD.c
_TOLD = Prepared(
    select(_PEOPLE.c.code, _A.distributor_id, _A["as"], _A.amount, _A.peak, _A.state, _A.facts, _A.settles_at)
    .join_from(_AWARD, _PEOPLE, _PEOPLE.c.id == _A.distributor_id)
    .where(_A.order_id == bindparam("order_id"), _A.peak > ZERO)
    .order_by(_A.line, _A.row)
)


def told(session: Session, order: Order, distributor_id: int | None = None) -> list[Told]:
    """The awards of an order, or those of one distributor in it, in the order of lines and rows."""
    rows = _TOLD.all(session, {"order_id": order.id})
    return [_told(*row) for row in rows if distributor_id in (None, row[1])]


def _told(
    code: str, who: int, as_: str, amount: Money, peak: Money, state: str, facts: dict[str, Any], at: datetime | None
) -> Told:
    return Told(
        to=code,
        distributor_id=who,
        as_=as_,
        amount=amount,
        taken_back=peak - amount,
        state=state,
        why=why(facts),
        settles_at=at,
    )


def awards_of(session: Session, order: Order) -> list[dict[str, str]]:
    """The awards in the form of the order API."""
    return [
        {"to": award.to, "as": award.as_, "amount": award.amount.yuan, "state": award.state, "why": award.why}
        for award in told(session, order)
    ]


def skips_of(session: Session, order: Order, distributor_id: int | None = None) -> list[Skip]:
    """Who could have earned from an order and did not, with the reason."""
    query = select(Skip).where(Skip.order_id == order.id).order_by(Skip.id)
    if distributor_id is not None:
        query = query.where(Skip.distributor_id == distributor_id)
    return list(session.scalars(query))


# ---------------------------------------------------------------------------------------------------------------
# Between rows and the engine's values


def _person(row: Distributor, suspended: frozenset[int]) -> engine.Person:
    return engine.Person(row.code, suspended=row.id in suspended, member=row.member, role=row.role)


def _paid_line(line: OrderLine) -> engine.PaidLine:
    return engine.PaidLine(line.line, line.sku, line.category, line.qty, line.paid, line.cost, line.name)


def _paid_order(session: Session, order: Order, lines: list[OrderLine]) -> engine.PaidOrder:
    codes = {
        id_: session.get_one(Distributor, id_).code
        for id_ in (order.distributor_id, order.buyer_distributor_id)
        if id_ is not None
    }
    return engine.PaidOrder(
        no=order.no,
        seller=codes.get(order.distributor_id or 0),
        buyer_distributor=codes.get(order.buyer_distributor_id or 0),
        paid_at=order.paid_at,
        lines=tuple(_paid_line(line) for line in lines),
    )


def _award_values(
    order: Order,
    paid: engine.PaidOrder,
    decision: engine.Decision,
    ids: dict[str, int],
    result: engine.RowResult,
    state: engine.LineState,
) -> dict[str, Any]:
    terms = result.terms
    assert terms.to is not None  # noqa: S101 - a row that pays has a payee
    return {
        "order_id": order.id,
        "line": terms.line,
        "rule": terms.rule,
        "row": terms.row,
        "distributor_id": ids[terms.to],
        "as": terms.as_,
        "terms": _terms_data(terms),
        "facts": explanation.facts_of(paid, decision, state, result),
        "amount": result.amount,
        "peak": result.amount,
        "state": "pending",
        "paid_at": order.paid_at,
    }


def _skip_values(order: Order, ids: dict[str, int], terms: engine.RowTerms) -> dict[str, Any]:
    return {
        "order_id": order.id,
        "line": terms.line,
        "rule": terms.rule,
        "row": terms.row,
        "distributor_id": ids.get(terms.to or ""),
        "as": terms.as_,
        "reason": terms.reason,
        "facts": {"title": terms.title},
    }


def _terms_data(terms: engine.RowTerms) -> dict[str, Any]:
    data = {name: getattr(terms, name) for name in _TERMS}  # flat: asdict would copy each value deeply
    data["amount"] = terms.amount.fen if terms.amount is not None else None
    return data


_TERMS = tuple(field.name for field in fields(engine.RowTerms))


def _terms(row: Award) -> engine.RowTerms:
    amount = row.terms["amount"]
    return engine.RowTerms(**(row.terms | {"amount": Money(amount) if amount is not None else None}))
