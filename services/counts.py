"""Counts of a person at a moment, from his rollup and what differs from it; from his orders where he has no such sum.

    reader = Reader(session, since=at, until=at)
    reader.count(17, "A2", "paid", "orders", "month", Position(at, order.id, "A2", order.no))

Units    sales in fen
Source   plans.md §2, Counts; §2.1, steps
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select, union
from sqlalchemy.orm import Session

from domain.history import Part, Sale
from domain.periods import Window, period_of
from domain.plan.counts import Count
from domain.results import EVERYTHING, Kind
from models.base import UtcDateTime, table_of
from models.distributor import Distributor, Suspension
from models.order import Order, Refund
from models.prepared import Prepared
from models.rollup import RollupSum
from services import history
from services.rollup_rows import DUE, HIS, Basis, Counted, Head, Label, Sum, buyers_now, counted_rows, heads, label_of
from services.suspension import chunks

_O, _REFUNDS, _SUMS = table_of(Order).c, table_of(Refund), table_of(RollupSum)
_ALL = Prepared(HIS)
_SINCE: Any = bindparam("since", type_=UtcDateTime())
_REFUNDED = select(_REFUNDS.c.order_id).where(_REFUNDS.c.distributor_id == bindparam("who"), _REFUNDS.c.at > _SINCE)
_REFUNDED_SINCE = Prepared(_REFUNDED)
_CHANGED = Prepared(select(union(HIS.where(_O.paid_at >= _SINCE), HIS.where(_O.id.in_(_REFUNDED)), DUE).subquery()))
_SUM = Prepared(
    select(_SUMS.c.orders, _SUMS.c.units, _SUMS.c.sales, _SUMS.c.buyers).where(
        _SUMS.c.distributor_id == bindparam("who"), _SUMS.c.basis == bindparam("basis"),
        _SUMS.c.label == bindparam("label"),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Position:
    """The payment for which counts are asked: its moment, and for those of the same moment its seller and number.

    new  the order is in no sum yet
    """

    at: datetime
    order_id: int | None = None
    seller: str = ""
    no: str = ""
    new: Counted | None = None

    def includes(self, code: str, order: Counted) -> bool:
        """Whether an order of the person with this code is paid by then."""
        return (order.paid_at, code, order.no) <= (self.at, self.seller, self.no)


@dataclass(slots=True)
class _Person:
    head: Head | None
    changed: list[Counted] | None = None
    everything: list[Counted] | None = None
    sales: dict[int, Sale] | None = None
    sums: dict[tuple[Basis, Label], Sum] = field(default_factory=dict)


class Reader:
    """Counts at moments between `since` and `until`; what it has looked up is kept while it lives.

    It changes nothing. Who decides something by what it reads has locked the rows, or reads after the fact.
    """

    def __init__(
        self, session: Session, *, since: datetime, until: datetime, heads: Mapping[int, Head] | None = None
    ) -> None:
        self._session, self._since, self._until = session, since, until
        self._people: dict[int, _Person] = {who: _Person(head) for who, head in (heads or {}).items()}

    def count(self, who: int, code: str, basis: Basis, of: Count, window: Window, position: Position) -> int:
        """Of orders paid in the window of `position`: all that are paid by then, or those that are settled by then."""
        person, label = self._person(who), label_of(window, position.at)
        kind: Kind = ("buyers" if of == "buyers" else basis, window)
        kept = person.head is not None and kind in person.head.kept
        found = self._sum(person, who, basis, label) if kept else Sum()
        total = Sum(found.orders, found.units, found.sales, found.buyers)
        buyers: Counter[tuple[Label, str]] = Counter()
        for order in self._changed(person, who, position) if kept else self._everything(person, who, position):
            if label_of(window, order.paid_at) != label:
                continue
            if kept and person.head and (basis == "paid" or person.head.has_taken_in(order)):
                total.add(order.part, -1)
                buyers[label, order.buyer] -= bool(order.part.net)
            if self._holds(basis, code, order, position):
                part = self._part(person, who, order, position.at)
                total.add(part)
                buyers[label, order.buyer] += bool(part.net)
        if of == "buyers":
            return total.buyers + self._distinct(who, buyers, kept=kept)
        if position.new is not None and basis == "paid" and code == position.seller:
            total.add(position.new.part)
        return {"orders": total.orders, "units": total.units, "sales": total.sales.fen}[of]

    def _holds(self, basis: Basis, code: str, order: Counted, position: Position) -> bool:
        if basis == "paid":
            return position.includes(code, order)
        settled = order.settles_at is not None and order.settles_at <= position.at
        return settled and order.order_id != position.order_id  # an order never counts as settled for itself

    def _distinct(self, who: int, more: Mapping[tuple[Label, str], int], *, kept: bool) -> int:
        """By how many the buyers differ from those in the sums."""
        moved = {key: change for key, change in more.items() if change}
        now = buyers_now(self._session, who, moved) if kept and moved else {}
        return sum((now.get(key, 0) + change > 0) - (now.get(key, 0) > 0) for key, change in moved.items())

    def _person(self, who: int) -> _Person:
        if who not in self._people:
            self._people[who] = _Person(heads(self._session, [who]).get(who))
        return self._people[who]

    def _sum(self, person: _Person, who: int, basis: Basis, label: Label) -> Sum:
        if (basis, label) not in person.sums:
            row = _SUM.first(self._session, {"who": who, "basis": basis, "label": label})
            person.sums[basis, label] = Sum(*row) if row else Sum()
        return person.sums[basis, label]

    def _changed(self, person: _Person, who: int, position: Position) -> list[Counted]:
        """What may stand differently in the sums than it was at some moment between `since` and `until`."""
        head = person.head
        if head is None or head.goes_to(self._since, self._until):
            return []
        if person.changed is None:
            settled_to = head.settled_to or self._until
            low, high = min(settled_to, self._since), max(settled_to, self._until)
            rows = _CHANGED.all(self._session, {"who": who, "since": self._since, "low": low, "high": high})
            person.changed = counted_rows(rows)
        return self._without_new(person.changed, position)

    def _everything(self, person: _Person, who: int, position: Position) -> list[Counted]:
        if person.everything is None:
            person.everything = counted_rows(_ALL.all(self._session, {"who": who}))
        return self._without_new(person.everything, position)

    @staticmethod
    def _without_new(orders: list[Counted], position: Position) -> list[Counted]:
        if position.new is None:
            return orders
        return [order for order in orders if order.order_id != position.order_id]

    def _part(self, person: _Person, who: int, order: Counted, at: datetime) -> Part:
        """What was left of an order at a moment."""
        if person.sales is None:
            rows = _REFUNDED_SINCE.all(self._session, {"who": who, "since": self._since})
            found = history.sales(self._session, {row[0] for row in rows})
            person.sales = {one.order_id: one.sale for one in found}
        sale = person.sales.get(order.order_id)
        return order.part if sale is None else sale.part(EVERYTHING, at)

    # People

    def people(self, who: int, of: Count, window: Window, at: datetime) -> int:
        """Recruits, or the downline to two levels, who had joined by then and were active; in a window, if they joined
        in it.
        """
        invited = self._invited(who, at)
        if of == "recruits":
            return self._active(invited, window, at)
        rows = self._session.execute(select(Distributor.id).where(invited))
        found = self._active(invited, window, at)
        for chunk in chunks(row.id for row in rows):
            found += self._active(and_(Distributor.inviter_id.in_(chunk), *_joined(at)), window, at)
        return found

    def _invited(self, who: int, at: datetime) -> Any:
        return and_(Distributor.inviter_id == who, *_joined(at))

    def _active(self, whom: Any, window: Window, at: datetime) -> int:
        period = period_of(window, at)
        in_window = [Distributor.joined_at >= period.start] if period is not None else []
        out = (
            select(Suspension.id)
            .where(
                Suspension.distributor_id == Distributor.id,
                Suspension.since <= at,
                or_(Suspension.until.is_(None), Suspension.until > at),
            )
            .exists()
        )
        active = or_(Distributor.first_suspended_at.is_(None), Distributor.first_suspended_at > at, ~out)
        query = select(func.count()).select_from(Distributor).where(whom, active, *in_window)
        return self._session.scalar(query) or 0


def _joined(at: datetime) -> list[Any]:
    return [
        Distributor.status.not_in(("review", "refused")),
        Distributor.joined_at <= at,
        or_(Distributor.invited_at.is_(None), Distributor.invited_at <= at),
    ]
