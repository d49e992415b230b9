"""Orders: record one once, apply refunds, completions and shipments, and keep those that come before their order.

Known    by `source` and `no`; content is compared after parsing, by a keyed digest
Locks    a slot for the order's number, before looking whether the order is there: two pushes about one number wait for
         each other, so neither can miss what the other is just writing. Then the order's row, then its awards.
Raises   Invalid (also for a number that several sources have), IdempotencyConflict
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import bindparam, exists, insert, or_, select
from sqlalchemy.orm import Session

from domain import order as rules
from domain.errors import IdempotencyConflict, Invalid
from domain.fields import canonical, hash_of
from domain.history import Part
from domain.money import ZERO, Money, total
from domain.order import CompletionFacts, LineLeft, OrderFacts, RefundFacts, ShipmentFacts
from models.base import held, table_of
from models.distributor import Distributor
from models.order import EarlyFact, Order, OrderLine, Refund, Shipment
from models.prepared import Prepared
from services import attribution, commission, distributor, early_fact, intake, late, plan, product, rank, results
from services.bonus import marks
from services.bonus import told as bonuses
from services.coupon import using
from services.once import insert_once
from services.vault import Vault

log = logging.getLogger(__name__)

Status = Literal["created", "same", "completed", "kept"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a push; `order` is None where it is kept until the order comes.

    created    new: an order, a refund, a parcel
    completed  the order is completed by it
    same       it was here before, nothing has changed
    seller     who has the order, where it has just been decided
    awards     those of a new order, where nothing has changed them since; None: they must be read
    """

    status: Status
    order: Order | None
    seller: Distributor | None = None
    awards: list[commission.Told] | None = None


def record(session: Session, vault: Vault, facts: OrderFacts, *, now: datetime) -> Outcome:
    """Record an order once, decide who has it, accrue, and apply what came before it."""
    intake.take_turn(session, facts.no)
    digest = vault.digest("order", facts.canonical())
    look = {"source": facts.source, "no": facts.no, "at": facts.paid_at}
    ((here, early, counting, version_id, plan_digest),) = _LOOK.all(session, look)
    plan.note_counting(session, counting)
    if here and (order := _find_to_change(session, facts.no, facts.source)):
        return _again(session, order, facts, digest, now=now)

    loaded = plan.load(session, version_id, plan_digest) if version_id is not None else None
    decided = attribution.decide(session, vault, facts, loaded)
    upline = distributor.upline(session, decided.seller, at=facts.paid_at) if decided.seller else []
    costs = _costs(session, facts, loaded)
    order, lines = _insert(session, _values(facts, digest, vault, decided, upline, loaded, now), facts, costs)
    attribution.leave_touch(session, decided, order.id, at=facts.paid_at)
    found = results.prepare(session, order, loaded, [decided.seller, *upline]) if counting and decided.seller else None
    awards = commission.accrue(session, order, lines, now=now, found=found)
    if found is not None:
        late.paid(session, found, order, now=now)
    rank.record(session, order, lines)
    using.book(session, decided.coupon, order, facts, decided.identities, now=now)
    if facts.completed_at is not None:
        commission.complete(session, order, now=now)
        late.completed(session, order, now=now)
    if early:
        had = _lines(session, order)
        early_fact.apply_to(session, order, lambda fact: _apply(session, order, had, fact, now=now), now=now)
    log.info("order recorded", extra={"event": "order.recorded", "order": order.id, "reason": order.reason_code})
    return Outcome("created", order, decided.seller, None if early else awards)


def refund(session: Session, no: str, facts: RefundFacts, *, source: str | None = None, now: datetime) -> Outcome:
    """Apply a refund once, or keep it until its order comes; without `source` the number must be one order's only."""
    intake.take_turn(session, no)
    order = _find_to_change(session, no, source)
    digest = hash_of(facts.canonical())
    if order is None:
        early_fact.keep(session, no, source, "refund", facts.refund_no, digest, facts.content(), now=now)
        return Outcome("kept", None)
    if found := _find_refund(session, order.source, facts.refund_no):
        if (found.order_id, found.digest) != (order.id, digest):
            raise IdempotencyConflict(refund_no=facts.refund_no)
        return Outcome("same", order)
    _refund(session, order, _lines(session, order), facts, digest, now=now)
    return Outcome("created", order)


def complete(session: Session, no: str, facts: CompletionFacts, *, source: str | None = None, now: datetime) -> Outcome:
    """Complete an order; a second completion changes nothing."""
    intake.take_turn(session, no)
    order = _find_to_change(session, no, source)
    if order is None:
        early_fact.keep(session, no, source, "completion", no, None, facts.content(), now=now)
        return Outcome("kept", None)
    if order.completed_at is not None:
        return Outcome("same", order)
    rules.check_not_before_payment("at", facts.at, order.paid_at)
    _complete(session, order, facts.at, now=now)
    return Outcome("completed", order)


def ship(session: Session, no: str, facts: ShipmentFacts, *, source: str | None = None, now: datetime) -> Outcome:
    """Note a parcel of an order; the same carrier and waybill again changes nothing."""
    intake.take_turn(session, no)
    order = _find(session, no, source)
    if order is None:
        ref = hash_of(canonical([no, facts.carrier, facts.waybill]))
        early_fact.keep(session, no, source, "shipment", ref, None, facts.content(), now=now)
        return Outcome("kept", None)
    rules.check_not_before_payment("at", facts.at, order.paid_at)
    return Outcome("created" if _ship(session, order, facts, now=now) else "same", order)


def answer(session: Session, outcome: Outcome) -> dict[str, Any]:
    """An order as the API tells it: who has it and why, and the awards as they stand. It must be there."""
    order, who, awards = outcome.order, outcome.seller, outcome.awards
    assert order is not None  # noqa: S101 - a push that is kept has an answer of its own
    if who is None and order.distributor_id is not None:
        who = session.get(Distributor, order.distributor_id)
    return {
        "no": order.no,
        "distributor": {"code": who.code, "name": who.nickname} if who else None,
        "reason": {"code": order.reason_code, "text": order.reason_text},
        "awards": commission.answered(commission.told(session, order) if awards is None else awards)
        + _bonuses(session, order, is_new=outcome.status == "created"),
    }


def _bonuses(session: Session, order: Order, *, is_new: bool) -> list[dict[str, str]]:
    """The milestones that an order has reached; one that has just come has not settled yet."""
    return [] if is_new or order.distributor_id is None else bonuses.awards_of(session, order.id)


# Finding and locking

_O, _E = table_of(Order).c, table_of(EarlyFact).c
_INSERT_ORDER = Prepared(insert(table_of(Order)), [column.name for column in _O if column.name != "id"])
_LINES = table_of(OrderLine)
_INSERT_LINE = Prepared(insert(_LINES).inline(), [column.name for column in _LINES.c if column.name != "id"])
# One look for all: whether the order is here, whether anything has come before it, which plan is in force.
_LOOK = Prepared(
    select(
        exists().where(_O.source == bindparam("source"), _O.no == bindparam("no")),
        exists().where(
            or_(_E.source == bindparam("source"), _E.source == ""),
            _E.order_no == bindparam("no"),
            _E.applied_at.is_(None),
        ),
        plan.COUNTING,
        *(plan.IN_FORCE.with_only_columns(column).scalar_subquery() for column in plan.IN_FORCE.selected_columns),
    )
)


def _find_to_change(session: Session, no: str, source: str | None) -> Order | None:
    """The order, locked, and before it the counts of whoever has it: facts about him are taken one after another."""
    if plan.counting(session):
        late.lock_seller(session, no, source)
    return _find(session, no, source)


def _find(session: Session, no: str, source: str | None) -> Order | None:
    """The order, locked; a settlement run may be looking at it."""
    query = select(Order).where(Order.no == no).with_for_update().execution_options(populate_existing=True)
    if source is not None:
        return session.scalars(query.where(Order.source == source)).one_or_none()
    found = session.scalars(query.limit(2)).all()
    if len(found) > 1:
        raise Invalid([("source", f"不止一个来源有订单号「{no}」，请在地址后面写明来源：?source=…")])
    return found[0] if found else None


def _lines(session: Session, order: Order) -> list[OrderLine]:
    return list(session.scalars(select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.line)))


def _find_refund(session: Session, source: str, refund_no: str) -> Refund | None:
    return session.scalars(select(Refund).where(Refund.source == source, Refund.refund_no == refund_no)).one_or_none()


# An order comes for the first time, or again


def _values(
    facts: OrderFacts,
    digest: str,
    vault: Vault,
    decided: attribution.Attribution,
    upline: Sequence[Distributor],
    loaded: plan.LoadedPlan | None,
    now: datetime,
) -> dict[str, Any]:
    """Every column of the order but its id."""
    return {
        "source": facts.source,
        "no": facts.no,
        "digest": digest,
        "content": {
            "ref": {"code": facts.ref.code, "coupon": facts.ref.coupon, "group": facts.ref.group},
            "freight": facts.freight.yuan,
            "completed_at": _completion_said(facts),
        },
        "buyer_digest": vault.digest(*facts.buyer.known_as(facts.source)[0]),
        "distributor_id": decided.seller.id if decided.seller else None,
        "buyer_distributor_id": decided.buyer.id if decided.buyer else None,
        "plan_version_id": loaded.version_id if loaded else None,
        "group_id": decided.group_id,
        "reason_code": decided.reason,
        "reason_text": decided.text,
        "claims": decided.claims,
        "seller_role": decided.seller.role if decided.seller else None,
        "seller_member": decided.seller.member if decided.seller else None,
        "upline": [{"id": row.id, "code": row.code, "role": row.role, "member": row.member} for row in upline],
        "counts": _counts(decided, loaded),
        "paid": facts.paid,
        "net": facts.paid,
        "units": sum(line.qty for line in facts.lines if line.paid > ZERO),
        "paid_at": facts.paid_at,
        "completed_at": facts.completed_at,
        "settles_at": None,
        "received_at": now,
        "milestones_due_at": None,
    }


def _counts(decided: attribution.Attribution, loaded: plan.LoadedPlan | None) -> bool:
    """Own purchases count nowhere, unless the order's plan says that they are sales like any other."""
    if decided.seller is None or decided.buyer is None or decided.buyer.id != decided.seller.id:
        return decided.seller is not None
    return loaded is None or loaded.plan.terms.own_orders == "seller"


def _costs(session: Session, facts: OrderFacts, loaded: plan.LoadedPlan | None) -> dict[str, Money]:
    """The catalogue's cost of what a push gives none for, where the plan takes shares of the profit."""
    missing = {line.sku for line in facts.lines if line.cost is None}
    if not missing or loaded is None or all(rule.base == "net" for rule in loaded.plan.commission_rules):
        return {}
    return product.costs(session, missing)


def _insert(
    session: Session, values: dict[str, Any], facts: OrderFacts, costs: Mapping[str, Money]
) -> tuple[Order, list[OrderLine]]:
    """Write an order and its lines, without what the ORM's flush does besides. The lines returned are not attached."""
    order_id = _INSERT_ORDER.new_id(session, values)
    order = held(session, Order, [order_id if column.name == "id" else values[column.name] for column in _O])
    rows = [
        {
            "order_id": order.id,
            "line": number,
            "sku": line.sku,
            "name": line.name,
            "category": line.category,
            "qty": line.qty,
            "price": line.price,
            "paid": line.paid,
            "cost": line.cost if line.cost is not None else costs.get(line.sku),
            "refunded": ZERO,
            "refunded_qty": 0,
        }
        for number, line in enumerate(facts.lines)
    ]
    _INSERT_LINE.run_many(session, rows)
    return order, [OrderLine(**row) for row in rows]


def _completion_said(facts: OrderFacts) -> str | None:
    return facts.completed_at.isoformat() if facts.completed_at else None


def _again(session: Session, order: Order, facts: OrderFacts, digest: str, *, now: datetime) -> Outcome:
    """The same number once more: a repeat, the completion, or something else under a number that is taken.

    A push without `completed_at` after one that had it is an older one that was repeated, not another content.
    """
    said, before = _completion_said(facts), order.content.get("completed_at")
    if order.digest != digest or (None not in (said, before) and said != before):
        raise IdempotencyConflict(no=facts.no)
    if said is None or before is not None or order.completed_at is not None or facts.completed_at is None:
        return Outcome("same", order)
    order.content = order.content | {"completed_at": said}
    _complete(session, order, facts.completed_at, now=now)
    return Outcome("completed", order)


# Facts about an order that is here


def _refund(
    session: Session, order: Order, lines: list[OrderLine], facts: RefundFacts, digest: str, *, now: datetime
) -> None:
    left = [LineLeft(line.qty - line.refunded_qty, line.paid - line.refunded) for line in lines]
    rules.check_refund(facts, left, paid_at=order.paid_at)
    entries, before, part = facts.by_line(), rank.counted(lines), Part(order.net, order.units)
    for entry in entries:
        lines[entry.line].refunded += entry.amount
        lines[entry.line].refunded_qty += entry.qty
    order.net -= total(entry.amount for entry in entries)
    order.units = rank.counted(lines).units
    marks.refunded(order, facts.at)
    row = Refund(
        order_id=order.id,
        distributor_id=order.distributor_id,
        source=order.source,
        refund_no=facts.refund_no,
        digest=digest,
        at=facts.at,
        lines=[{"line": entry.line, "qty": entry.qty, "amount_fen": entry.amount.fen} for entry in entries],
        received_at=now,
    )
    session.add(row)
    session.flush()
    commission.refund(session, order, lines, row, now=now)
    rank.take_back(session, order, before, rank.counted(lines))
    using.refunded(session, order, lines, total(entry.amount for entry in entries), at=facts.at)
    late.refunded(session, order, part, row, now=now)
    log.info("order refunded", extra={"event": "order.refunded", "order": order.id, "refund": row.id})


def _complete(session: Session, order: Order, at: datetime, *, now: datetime) -> None:
    order.completed_at = at
    session.flush()
    commission.complete(session, order, now=now)
    late.completed(session, order, now=now)
    log.info("order completed", extra={"event": "order.completed", "order": order.id})


def _ship(session: Session, order: Order, facts: ShipmentFacts, *, now: datetime) -> bool:
    values = {"order_id": order.id, "carrier": facts.carrier, "waybill": facts.waybill, "at": facts.at}
    return insert_once(session, Shipment, values | {"received_at": now})


# Facts that came before the order


def _apply(session: Session, order: Order, lines: list[OrderLine], fact: EarlyFact, *, now: datetime) -> None:
    """Nothing is written before all that can be refused has been checked."""
    if fact.kind == "refund":
        refund_facts = RefundFacts.kept(fact.content)
        digest = hash_of(refund_facts.canonical())
        if found := _find_refund(session, order.source, refund_facts.refund_no):
            if (found.order_id, found.digest) != (order.id, digest):
                raise IdempotencyConflict(refund_no=refund_facts.refund_no)
            return
        _refund(session, order, lines, refund_facts, digest, now=now)
    elif fact.kind == "completion":
        at = CompletionFacts.kept(fact.content).at
        if order.completed_at is None:
            rules.check_not_before_payment("at", at, order.paid_at)
            _complete(session, order, at, now=now)
    else:
        shipment = ShipmentFacts.kept(fact.content)
        rules.check_not_before_payment("at", shipment.at, order.paid_at)
        _ship(session, order, shipment, now=now)
