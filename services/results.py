"""What a person has brought about when an order is paid: the counts that `decide` asks for, from the database.

    results = prepare(session, order, loaded, people)          # locks whose counts the order's plan asks for
    decide(plan, …, results); relies(session, order, results)  # and notes whose counts it was decided on
    relying(session, 17, since)                                # the orders that were, paid from a moment on

Locks    prepare: the rollups of the seller and of those whose counts are asked, in the order of their ids. Two orders
         of one person that come at once wait for each other, and so does a fact about him for an order that is just
         decided on his counts; people who are only read are shared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from domain.history import Part
from domain.money import Money
from domain.periods import Window
from domain.plan.counts import PAID_COUNTS, Count
from domain.results import Kind
from models.base import table_of
from models.distributor import Distributor
from models.order import Order
from models.prepared import Prepared
from models.rollup import Reliance
from services import rollup
from services.counts import Position, Reader
from services.rollup_rows import Counted, Head

if TYPE_CHECKING:  # publishing a plan needs people, whose joining has orders decided again
    from services.plan import LoadedPlan

_R = table_of(Reliance).c
_RELYING = Prepared(
    select(_R.order_id).where(_R.distributor_id == bindparam("who"), _R.paid_at >= bindparam("since"))
)  # fmt: skip
_RELY = Prepared(insert(table_of(Reliance)).inline(), ("order_id", "distributor_id", "paid_at"))
_PEOPLE_COUNTS = ("recruits", "team_size")


@dataclass(slots=True)
class DatabaseResults:
    """domain.plan.Results for one order at its position; `used` are those whose counts were asked."""

    reader: Reader
    ids: Mapping[str, int]
    position: Position
    heads: Mapping[int, Head] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)

    def settled(self, code: str, of: Count, window: Window) -> int:
        self.used.add(self.ids[code])
        if of in _PEOPLE_COUNTS:
            return self.reader.people(self.ids[code], of, window, self.position.at)
        return self.reader.count(self.ids[code], code, "settled", of, window, self.position)

    def paid(self, code: str, of: Count, window: Window) -> int:
        assert of in PAID_COUNTS  # noqa: S101 - what Results promises
        self.used.add(self.ids[code])
        return self.reader.count(self.ids[code], code, "paid", of, window, self.position)


def prepare(
    session: Session, order: Order, loaded: LoadedPlan | None, people: Sequence[Distributor]
) -> DatabaseResults:
    """The counts for a new order; `people` are its seller and those above him.

    Also for an order whose own plan counts nothing: it counts for those of others.
    """
    asked = loaded.asked if loaded is not None else {}
    wanted = {people[up].id: kinds for up, kinds in asked.items() if up < len(people)}
    seller = people[0]
    held = rollup.hold(
        session, wanted, writing=seller.id if order.counts else None, at=order.paid_at, new=order.id
    )  # fmt: skip
    new = rollup.counted_of(order) if order.counts else None
    return DatabaseResults(
        reader=Reader(session, since=order.paid_at, until=order.paid_at, heads=held),
        ids={row.code: row.id for row in people},
        position=Position(order.paid_at, order.id, seller.code, order.no, new),
        heads=held,
    )


def supposed(session: Session, who: Distributor, net: Money, at: datetime) -> DatabaseResults:
    """His counts at a moment, if he sold one unit then; nothing is locked, it decides nothing."""
    sale = Counted(0, _LAST, "", at, None, Part(net, 1))
    position = Position(at, None, who.code, _LAST, sale)
    return DatabaseResults(Reader(session, since=at, until=at), {who.code: who.id}, position)


_LAST = "\U0010ffff"  # after every order of the same moment


def standing(session: Session, who: Distributor, asked: frozenset[Kind], at: datetime) -> DatabaseResults:
    """What he has brought about by a moment; his sums are brought up to it, so that it takes no look at his orders."""
    held = rollup.hold(session, {who.id: asked}, writing=who.id, at=at)
    reader = Reader(session, since=at, until=at, heads=held)
    return DatabaseResults(reader, {who.code: who.id}, Position(at, None, who.code, _LAST), held)


def relies(session: Session, order: Order, who: Iterable[int]) -> None:
    """Note that an order was decided on the counts of these people."""
    rows = [{"order_id": order.id, "distributor_id": id_, "paid_at": order.paid_at} for id_ in sorted(who)]
    if rows:
        _RELY.run_many(session, rows)


def relying(session: Session, who: int, since: datetime) -> list[int]:
    """The orders paid at a moment or later that were decided on somebody's counts."""
    return sorted(row[0] for row in _RELYING.all(session, {"who": who, "since": since}))
