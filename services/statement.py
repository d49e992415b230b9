"""Statements (结算单): what one settlement run came to for one distributor, added up as its parts are booked, and read
back page by page.

Locks    the statement's row, after the accounts of what is booked
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import bindparam, func, insert, literal, null, select
from sqlalchemy.orm import Session

from domain.money import ZERO, Money
from models.base import MoneyFen, UtcDateTime, table_of
from models.bonus import Bonus
from models.group import UNNAMED, CustomerGroup
from models.order import Order
from models.prepared import Prepared
from models.settlement import Statement, StatementLine
from models.upsert import Upsert, insert_for

PAGE = 30  # lines: as many as one message mostly holds

_STATEMENT = table_of(Statement)
_COLUMNS = tuple(column.name for column in _STATEMENT.c if column.name != "id")
_NOTE = Upsert(
    _STATEMENT,
    keys=("run_id", "distributor_id"),
    adding=("amount", "orders", "bonus"),
    first=("told_at", "settled_at"),
)
_INSERT_LINE = Prepared(insert(table_of(StatementLine)).inline(), ("run_id", "distributor_id", "order_id", "amount"))


@dataclass(frozen=True, slots=True)
class Line:
    """An order on a statement; `net` as it is now, `amount` as it was settled."""

    no: str
    paid_at: datetime
    net: Money
    amount: Money


@dataclass(frozen=True, slots=True)
class FromGroup:
    """What of a statement came from one customer group."""

    name: str
    orders: int
    amount: Money


@dataclass(frozen=True, slots=True)
class Page:
    """Lines of a statement in the order of payment; `number` of `pages`, from 1."""

    statement: Statement
    lines: tuple[Line, ...]
    number: int
    pages: int


def note(
    session: Session,
    run_id: int,
    distributor_id: int,
    *,
    amount: Money = ZERO,
    orders: int = 0,
    bonus: Money = ZERO,
    now: datetime,
) -> None:
    """Add to somebody's statement, which comes into being with what is first added to it."""
    session.flush()
    values = {"run_id": run_id, "distributor_id": distributor_id, "amount": amount, "orders": orders, "bonus": bonus}
    _NOTE.run(session, [values | {"told_at": None, "settled_at": now}])


def note_window(
    session: Session, run_id: int, place: tuple[str, str, str], first: int, last: int, *, now: datetime
) -> None:
    """Add the bonuses of a rule, a kind and a window to the statements of everybody from one id to another."""
    rule, as_, window = place
    values = {"run_id": run_id, "rule": rule, "as_": as_, "window": window, "first": first, "last": last, "now": now}
    session.flush()
    _note_window(session.get_bind().dialect.name).run(session, values)


def add_lines(session: Session, run_id: int, distributor_id: int, amounts: Mapping[int, Money]) -> None:
    """Write down which orders a statement's commission is from: what each came to, by the order's id."""
    rows = [
        {"run_id": run_id, "distributor_id": distributor_id, "order_id": order_id, "amount": amount}
        for order_id, amount in amounts.items()
    ]
    _INSERT_LINE.run_many(session, rows)


def latest(session: Session, distributor_id: int) -> Statement | None:
    """His last statement that has orders on it."""
    query = select(Statement).where(Statement.distributor_id == distributor_id, Statement.orders > 0)
    return session.scalars(query.order_by(Statement.id.desc()).limit(1)).first()


def page(session: Session, row: Statement, number: int) -> Page:
    """A page of it; one beyond the last is the last."""
    pages = max(1, -(-row.orders // PAGE))
    number = min(max(number, 1), pages)
    mine = (StatementLine.run_id == row.run_id, StatementLine.distributor_id == row.distributor_id)
    query = select(Order.no, Order.paid_at, Order.net, StatementLine.amount).join(
        Order, Order.id == StatementLine.order_id
    )
    query = query.where(*mine).order_by(Order.paid_at, Order.id).limit(PAGE).offset((number - 1) * PAGE)
    lines = tuple(Line(no, paid_at, net, amount) for no, paid_at, net, amount in session.execute(query))
    return Page(row, lines, number, pages)


def from_groups(session: Session, row: Statement) -> list[FromGroup]:
    """What of it came from customer groups, those that brought most first."""
    mine = (StatementLine.run_id == row.run_id, StatementLine.distributor_id == row.distributor_id)
    query = (
        select(CustomerGroup.name, func.count(), func.sum(StatementLine.amount))
        .join(Order, Order.group_id == CustomerGroup.id)
        .join(StatementLine, StatementLine.order_id == Order.id)
        .where(*mine)
        .group_by(CustomerGroup.id, CustomerGroup.name)
    )
    found = [FromGroup(name or UNNAMED, orders, amount) for name, orders, amount in session.execute(query)]
    return sorted(found, key=lambda item: (-item.amount.fen, item.name))


@lru_cache
def _note_window(dialect: str) -> Prepared:
    bonus = table_of(Bonus).c
    given = select(
        bindparam("run_id", type_=_STATEMENT.c.run_id.type),
        bonus.distributor_id,
        literal(ZERO, MoneyFen()),
        literal(0),
        bonus.amount,
        null(),
        bindparam("now", type_=UtcDateTime()),
    ).where(
        bonus.rule == bindparam("rule"),
        bonus["as"] == bindparam("as_"),
        bonus.window == bindparam("window"),
        bonus.state == "available",
        bonus.distributor_id.between(bindparam("first"), bindparam("last")),
    )
    return Prepared(_NOTE.told(insert_for(_STATEMENT, dialect).from_select(_COLUMNS, given), dialect))
