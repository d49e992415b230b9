"""Commission on the live path: accrue at payment, follow refunds and completion, explain.

The engine (domain.commission) decides and computes; what it froze at payment is stored on the rows, so that a refund
a year later needs neither the plan nor the people of that day. Every change books the difference to what stands.

Units    Money in fen
Locks    a refund locks the awards of the order's lines: a settlement run moves them between accounts
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from domain import commission as engine
from domain import explanation
from domain import ledger as books
from domain.history import Sale
from domain.money import ZERO, Money
from domain.why import why
from models.commission import Award, Skip
from models.distributor import Distributor
from models.order import Order, OrderLine, Refund
from models.prepared import Prepared
from services import history, ledger, plan, results, suspension
from services.bonus import marks
from services.once import table_of

_AWARD, _SKIP, _PEOPLE = table_of(Award), table_of(Skip), table_of(Distributor)
_LATER = ("id", "settles_at", "available_at")  # what a new award has not yet
_INSERT_AWARD = Prepared(insert(_AWARD).inline(), [column.name for column in _AWARD.c if column.name not in _LATER])
_INSERT_SKIP = Prepared(insert(_SKIP).inline(), [column.name for column in _SKIP.c if column.name != "id"])


def accrue(
    session: Session,
    order: Order,
    lines: list[OrderLine],
    *,
    now: datetime,
    found: results.DatabaseResults | None = None,
) -> list[Told]:
    """Decide who earns from a new order and book it as pending. Needs the order's seller, upline and plan version.

    `found` are the counts, for a plan that asks for some. Gives what `told` would read back.
    """
    if order.distributor_id is None or order.plan_version_id is None:
        return []
    people = [session.get_one(Distributor, id_) for id_ in history.chain_ids(order)]
    paid = _paid_order(session, order, lines)
    out = suspension.suspended(session, people, order.paid_at)
    decision = engine.decide(
        plan.load(session, order.plan_version_id).plan,
        paid,
        [_person(row, out) for row in people],
        found or engine.NO_RESULTS,
    )
    ids = {row.code: row.id for row in people}
    if found is not None:
        results.relies(session, order, found.used)

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
        ledger.post(session, books.entry(books.key_of("accrual", order.source, order.no), "accrual", moves), now=now)
    codes = {row.id: row.code for row in people}
    return [
        _told(codes[who], who, row["as"], row["amount"], row["peak"], row["state"], row["facts"], None)
        for row in sorted(awards, key=lambda row: (row["line"], row["row"]))
        for who in [row["distributor_id"]]
        if row["peak"] > ZERO
    ]


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
        key = books.key_of("clawback", refund.source, refund.refund_no)
        ledger.post(session, books.entry(key, "clawback", moves, may_overdraw=True), now=now)


def lock_awards(session: Session, order_ids: Iterable[int]) -> dict[int, list[Award]]:
    """The awards of orders, by order; a settlement run waits until this transaction ends."""
    query = select(Award).where(Award.order_id.in_(order_ids)).order_by(Award.id).with_for_update()
    found: dict[int, list[Award]] = defaultdict(list)
    for row in session.scalars(query.execution_options(populate_existing=True)):
        found[row.order_id].append(row)
    return found


def rewrite(
    session: Session,
    order: Order,
    sale: Sale,
    decision: engine.Decision,
    ids: Mapping[str, int],
    rows: Iterable[Award],
    *,
    key: str,
    now: datetime,
) -> bool:
    """Put another decision in place of that of an order's payment and book the difference; whether there was any.

    An award that the new decision does not give never was: it is listed no more. One that it newly gives is pending
    until the next run, also where the others are settled.
    """
    there = {(row.line, row.rule, row.row): row for row in rows}
    moves: list[tuple[books.Account, books.Account, Money]] = []
    cost, changed = books.house(books.COMMISSION_COST), False
    for values in _worth(order, sale, decision, ids):
        row = there.pop((values["line"], values["rule"], values["row"]), None)
        if row is None:
            session.add(Award(**{"as_" if name == "as" else name: value for name, value in values.items()}))
            moves.append((cost, books.of_distributor(values["distributor_id"], "pending"), values["amount"]))
            changed = True
            continue
        purpose: books.Purpose = "available" if row.available_at else "pending"
        moves.append((cost, books.of_distributor(row.distributor_id, purpose), values["amount"] - row.amount))
        row.terms, row.facts, row.amount, row.peak = (values[name] for name in ("terms", "facts", "amount", "peak"))
        row.state = "reversed" if row.amount == ZERO < row.peak else purpose
        changed = changed or session.is_modified(row)
    for row in there.values():
        purpose = "available" if row.available_at else "pending"
        moves.append((cost, books.of_distributor(row.distributor_id, purpose), -row.amount))
        session.delete(row)
        changed = True
    changed = _rewrite_skips(session, order, decision, ids) or changed
    session.flush()
    if books.legs(moves):
        ledger.post(session, books.entry(key, "redecision", moves, may_overdraw=True), now=now)
    return changed


def _worth(order: Order, sale: Sale, decision: engine.Decision, ids: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """The awards of a decision as they stand after all that came back of the order."""
    for line in sale.order.lines:
        moments = [engine.line_state(line, ()), *(states[line.no] for _, states in sale.course)]
        payable = decision.payable(line.no)
        worth = [engine.amounts(payable, state, decision.max_share_bp) for state in moments]
        for results_ in zip(*worth, strict=True):
            values = _award_values(order, sale.order, decision, ids, results_[-1], moments[-1])
            peak = max(result.amount for result in results_)
            state = "reversed" if values["amount"] == ZERO < peak else "pending"
            yield values | {"peak": peak, "state": state, "settles_at": order.settles_at}


def _rewrite_skips(session: Session, order: Order, decision: engine.Decision, ids: Mapping[str, int]) -> bool:
    new = [_skip_values(order, ids, terms) for terms in decision.skips]
    told = sorted((row["line"], row["rule"], row["row"], row["reason"]) for row in new)
    query = select(Skip.line, Skip.rule, Skip.row, Skip.reason).where(Skip.order_id == order.id)
    if told == sorted(tuple(row) for row in session.execute(query)):
        return False
    session.execute(delete(Skip).where(Skip.order_id == order.id).execution_options(synchronize_session=False))
    if new:
        _INSERT_SKIP.run_many(session, new)
    return True


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


def answered(awards: Iterable[Told]) -> list[dict[str, str]]:
    """Awards in the form of the order API."""
    return [
        {"to": award.to, "as": award.as_, "amount": award.amount.yuan, "state": award.state, "why": award.why}
        for award in awards
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
    ids: Mapping[str, int],
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


def _skip_values(order: Order, ids: Mapping[str, int], terms: engine.RowTerms) -> dict[str, Any]:
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


_TERMS = engine.RowTerms._fields


def _terms(row: Award) -> engine.RowTerms:
    amount = row.terms["amount"]
    return engine.RowTerms(**(row.terms | {"amount": Money(amount) if amount is not None else None}))
