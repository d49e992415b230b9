"""Facts about people that decisions rest on, and decisions that were made before such a fact was known.

Every payment, refund and completion moves its seller's counts; joinings and suspensions move those of whoever is above.
Most come in their turn and nothing was decided after them. One that comes late has the orders decided again that were
paid since and rest on those counts, each as of its own payment and with the people as they were then. That changes no
count, so it ends there. The difference is booked wherever the money stands by now.

Locks    the rollup of him whose counts change, before any order: an order that is just decided on them has locked it
         too. Then the orders that are decided again, then their awards; who comes second sees what the first has done.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from domain import commission as engine
from domain.history import Part
from models.commission import Award, Skip
from models.distributor import Distributor
from models.order import Order, Refund
from models.rollup import Reliance
from services import commission, history, plan, results, rollup, rollup_rows
from services.counts import Position, Reader
from services.suspension import chunks

log = logging.getLogger(__name__)


def paid(session: Session, found: results.DatabaseResults, order: Order, *, now: datetime) -> None:
    """A new order counts from now on, also for those that were paid after it and came before."""
    if order.counts and order.distributor_id is not None:
        head = found.heads[order.distributor_id]
        rollup.paid(session, head, rollup.counted_of(order))
        since = [id_ for id_ in results.relying(session, order.distributor_id, order.paid_at) if id_ != order.id]
        decide_again(session, since, f"payment:{order.id}", now=now)


def refunded(session: Session, order: Order, before: Part, refund: Refund, *, now: datetime) -> None:
    """`before` is what was left of the order."""
    if order.counts and order.distributor_id is not None and plan.counting(session):
        head = rollup_rows.lock(session, order.distributor_id)
        rollup.refunded(session, head, rollup.counted_of(order), before, refund.at)
        since = results.relying(session, order.distributor_id, refund.at)
        decide_again(session, since, f"refund:{refund.id}", now=now)


def completed(session: Session, order: Order, *, now: datetime) -> None:
    if order.counts and order.distributor_id is not None and order.settles_at is not None and plan.counting(session):
        head = rollup_rows.lock(session, order.distributor_id)
        rollup.completed(session, head, rollup.counted_of(order))
        since = results.relying(session, order.distributor_id, order.settles_at)
        decide_again(session, since, f"completion:{order.id}", now=now)


def team_changed(session: Session, who: Distributor, since: datetime, cause: str, *, now: datetime) -> None:
    """Somebody joined, was suspended or let back: those above him count differently from `since` on."""
    if not plan.counting(session):
        return
    above = [who.inviter_id]
    if who.inviter_id is not None:
        above.append(session.scalar(select(Distributor.inviter_id).where(Distributor.id == who.inviter_id)))
    ids = sorted(id_ for id_ in above if id_ is not None)
    for id_ in ids:
        rollup.team_moved(session, rollup_rows.lock(session, id_))
    orders = {order_id for id_ in ids for order_id in results.relying(session, id_, since)}
    decide_again(session, orders, cause, now=now)


def standing_changed(session: Session, who: Distributor, since: datetime, cause: str, *, now: datetime) -> None:
    """Whether he may earn is another from `since` on: of the orders paid since, those in which he has a row.

    Looks through all orders paid since; it is asked when an operator says so, after the fact.
    """
    named = select(Award.id).where(Award.order_id == Order.id, Award.distributor_id == who.id).exists()
    skipped = select(Skip.id).where(Skip.order_id == Order.id, Skip.distributor_id == who.id).exists()
    orders = session.scalars(select(Order.id).where(Order.paid_at >= since, or_(named, skipped))).all()
    decide_again(session, orders, cause, now=now)


def lock_seller(session: Session, no: str, source: str | None) -> None:
    """Before an order that is here is locked: the rollup of whoever has it."""
    query = select(Order.distributor_id).where(Order.no == no, Order.counts.is_(True))
    for who in session.scalars(query if source is None else query.where(Order.source == source)):
        if who is not None:
            rollup_rows.lock(session, who)


def decide_again(session: Session, order_ids: Iterable[int], cause: str, *, now: datetime) -> None:
    """As of their own payments. `cause` is what came late; with the order it is the key of what is booked."""
    for chunk in chunks(order_ids):
        query = select(Order).where(Order.id.in_(chunk)).order_by(Order.id).with_for_update()
        orders = session.scalars(query.execution_options(populate_existing=True)).all()
        _decide_again(session, {order.id: order for order in orders}, cause, now)


def _decide_again(session: Session, orders: dict[int, Order], cause: str, now: datetime) -> None:
    rows = commission.lock_awards(session, orders)
    moments = [order.paid_at for order in orders.values()]
    reader = Reader(session, since=min(moments), until=max(moments))
    relied = select(Reliance.order_id, Reliance.distributor_id).where(Reliance.order_id.in_(orders))
    known = {(row.order_id, row.distributor_id) for row in session.execute(relied)}
    changed = 0
    for one in history.recorded(session, list(orders.values())):
        order = orders[one.order_id]
        if one.plan_version_id is None or order.distributor_id is None:
            continue
        ids = {person.code: id_ for person, id_ in zip(one.sale.chain, history.chain_ids(order), strict=True)}
        position = Position(order.paid_at, order.id, one.sale.seller, order.no)
        found = results.DatabaseResults(reader, ids, position)
        decision = engine.decide(
            plan.load(session, one.plan_version_id).plan, one.sale.order, one.sale.chain, found
        )  # fmt: skip
        results.relies(session, order, {id_ for id_ in found.used if (order.id, id_) not in known})
        key = f"redecision:{cause}:{order.id}"
        changed += commission.rewrite(session, order, one.sale, decision, ids, rows[order.id], key=key, now=now)
    if changed:
        log.info("orders decided again", extra={"event": "orders.decided_again", "cause": cause, "orders": changed})
