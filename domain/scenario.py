"""A scenario: people, products and orders with what happened to them, as JSON. What `evaluate` is tried on.

    scenario = parse_scenario(text)        # ScenarioRefused names every field that is wrong

The order of its arrays means nothing: orders are kept by moment of payment, then seller, then number, refunds by
moment. Uplines, roles and membership do not change within a scenario.

Units    Money in fen; UTC instants (a time without an offset is Shanghai's)
Source   plans.md §3
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.document import (
    Fault,
    Form,
    Node,
    Read,
    Refused,
    Wrong,
    each,
    flag,
    from_json,
    instant,
    nullable,
    one_of,
    quoted_text,
    whole,
    yuan,
)
from domain.history import Distributor
from domain.money import ZERO
from domain.plan import ROLES, Catalogue, Product
from domain.sale import PaidLine, PaidOrder, Person, Refunded

__all__ = ["Distributor", "Order", "Scenario", "ScenarioRefused", "parse_scenario"]

MOST_UNITS = 1_000_000


class ScenarioRefused(Refused):
    """The scenario is not accepted; `faults` name the fields. `line` counts only where it is not JSON at all."""

    code = "scenario.refused"


@dataclass(frozen=True, slots=True)
class Order:
    """A paid order and what became of it."""

    paid: PaidOrder
    buyer: str
    completed_at: datetime | None
    refunds: tuple[Refunded, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    distributors: Mapping[str, Distributor]
    catalogue: Catalogue
    orders: tuple[Order, ...]

    def people(self, order: PaidOrder, most: int = 100) -> list[Person]:
        """The seller and at most so many above him when the order was paid; it ends at who had not joined by then."""
        chain: list[Person] = []
        code = order.seller
        while (
            len(chain) <= most
            and code is not None
            and (distributor := self.distributors[code]).has_joined(order.paid_at)
        ):
            suspended = distributor.is_suspended(order.paid_at)
            chain.append(Person(code, suspended, distributor.member, distributor.role))
            code = distributor.upline
        return chain


def parse_scenario(source: str) -> Scenario:
    """The scenario of a JSON text."""
    try:
        root = from_json(source)
    except Refused as refused:
        raise ScenarioRefused(refused.faults) from None
    form = Form(root)
    distributors: tuple[Distributor, ...] = form.may("distributors", each(_read_distributor), ())
    products: tuple[Product, ...] = form.may("products", each(_read_product), ())
    catalogue = {product.sku: product for product in products}
    orders: tuple[Order, ...] = form.may("orders", each(_order_reader(catalogue)), ())
    form.done(None)
    faults = root.faults or [
        *_repeated("distributors", "code", [distributor.code for distributor in distributors]),
        *_repeated("products", "sku", [product.sku for product in products]),
        *_repeated("orders", "no", [order.paid.no for order in orders]),
        *_unknown_people(distributors, orders),
        *_circles(distributors),
        *(fault for index, order in enumerate(orders) for fault in _impossible(f"orders[{index}]", order)),
    ]
    if faults:
        raise ScenarioRefused(faults)
    return Scenario(
        distributors={distributor.code: distributor for distributor in distributors},
        catalogue=catalogue,
        orders=tuple(sorted(orders, key=lambda order: (order.paid.paid_at, order.paid.seller or "", order.paid.no))),
    )


# ---------------------------------------------------------------------------------------------------------------
# Reading


def _read_distributor(node: Node) -> Distributor:
    form = Form(node)
    return form.done(
        Distributor(
            code=form.need("code", quoted_text(64)),
            upline=form.may("upline", nullable(quoted_text(64)), None),
            role=form.may("role", one_of(*ROLES), "member"),
            member=form.may("member", flag, False),
            joined_at=form.may("joined_at", nullable(instant), None),
            suspended=form.may("suspended", each(_read_suspension), ()),
        )
    )


def _read_suspension(node: Node) -> tuple[datetime, datetime | None]:
    read: Read[tuple[datetime | None, ...]] = each(nullable(instant))
    times = read(node)
    if len(times) == 2 and times[0] is not None and (times[1] is None or times[0] <= times[1]):
        return times[0], times[1]
    raise Wrong("要写成 [开始, 结束]，结束可以是 null，不能早于开始", "[start, end]: end may be null, not before start")


def _read_product(node: Node) -> Product:
    form = Form(node)
    form.may("name", quoted_text(), None)
    form.may("price", yuan, None)
    return form.done(
        Product(
            sku=form.need("sku", quoted_text()),
            category=form.need("category", quoted_text()),
            cost=form.may("cost", nullable(yuan), None),
        )
    )


def _order_reader(catalogue: Catalogue) -> Read[Order]:
    def read(node: Node) -> Order:
        form = Form(node)
        lines: tuple[PaidLine, ...] = form.need("lines", each(_read_line, at_least=1)) or ()
        return form.done(
            Order(
                paid=PaidOrder(
                    no=form.need("no", quoted_text(64)),
                    seller=form.may("seller", nullable(quoted_text(64)), None),
                    buyer_distributor=form.may("buyer_distributor", nullable(quoted_text(64)), None),
                    paid_at=form.need("paid_at", instant),
                    lines=tuple(_placed(no, line, catalogue) for no, line in enumerate(lines)),
                ),
                buyer=form.need("buyer", quoted_text()),
                completed_at=form.may("completed_at", nullable(instant), None),
                refunds=tuple(form.may("refunds", each(_read_refund), ())),
            )
        )

    return read


def _read_line(node: Node) -> PaidLine:
    form = Form(node)
    return form.done(
        PaidLine(
            no=0,
            sku=form.need("sku", quoted_text()),
            category=None,
            qty=form.need("qty", whole(1, MOST_UNITS)),
            paid=form.need("paid", yuan),
        )
    )


def _placed(no: int, line: PaidLine, catalogue: Catalogue) -> PaidLine:
    """The line at its position, with what the catalogue knows of its SKU."""
    product = catalogue.get(line.sku)
    category, cost = (product.category, product.cost) if product else (None, None)
    return PaidLine(no, line.sku, category, line.qty, line.paid, cost)


def _read_refund(node: Node) -> Refunded:
    form = Form(node)
    return form.done(
        Refunded(
            at=form.need("at", instant),
            line=form.need("line", whole(0, 10_000)),
            units=form.may("qty", whole(0, MOST_UNITS), 0),
            amount=form.may("amount", yuan, ZERO),
        )
    )


# ---------------------------------------------------------------------------------------------------------------
# What does not fit together


def _fault(key: str, zh: str, en: str) -> Fault:
    return Fault(None, key, zh, en)


def _repeated(array: str, key: str, values: list[str]) -> Iterator[Fault]:
    seen: Counter[str] = Counter()
    for index, value in enumerate(values):
        seen[value] += 1
        if seen[value] > 1:
            yield _fault(f"{array}[{index}].{key}", f"{value} 出现了两次", f"{value} is repeated")


def _unknown_people(distributors: Iterable[Distributor], orders: Iterable[Order]) -> Iterator[Fault]:
    codes = {distributor.code for distributor in distributors}
    named = [(f"distributors[{i}].upline", distributor.upline) for i, distributor in enumerate(distributors)]
    for i, order in enumerate(orders):
        named += [(f"orders[{i}].seller", order.paid.seller)]
        named += [(f"orders[{i}].buyer_distributor", order.paid.buyer_distributor)]
    for key, code in named:
        if code is not None and code not in codes:
            yield _fault(key, f"没有编号为 {code} 的分销员", f"there is no distributor with the code {code}")


def _circles(distributors: Iterable[Distributor]) -> Iterator[Fault]:
    """One fault for everybody from whom the way up comes back to himself."""
    upline = {distributor.code: distributor.upline for distributor in distributors}
    reaches_top: set[str] = set()
    for index, distributor in enumerate(distributors):
        way: set[str] = set()
        code: str | None = distributor.code
        while code is not None and code not in reaches_top and code not in way:
            way.add(code)
            code = upline.get(code)
        if code is None or code in reaches_top:
            reaches_top.update(way)
        elif code == distributor.code:
            yield _fault(f"distributors[{index}].upline", "上级关系成了环", "the uplines form a circle")


def _impossible(key: str, order: Order) -> Iterator[Fault]:
    """Completions before payment; refunds before payment, of no line, or beyond what is left of it."""
    if order.completed_at is not None and order.completed_at < order.paid.paid_at:
        yield _fault(f"{key}.completed_at", "不能早于付款时间", "must not be before paid_at")
    left = {line.no: (line.paid, line.qty) for line in order.paid.lines}
    for index, refund in sorted(enumerate(order.refunds), key=lambda item: item[1].at):
        path = f"{key}.refunds[{index}]"
        if refund.at < order.paid.paid_at:
            yield _fault(f"{path}.at", "不能早于付款时间", "must not be before paid_at")
        if refund.line not in left:
            yield _fault(f"{path}.line", f"订单没有第 {refund.line} 行（从 0 数）", f"there is no line {refund.line}")
            continue
        money, units = left[refund.line]
        left[refund.line] = money - refund.amount, units - refund.units
        if refund.amount > money:
            yield _fault(f"{path}.amount", f"最多还能退 {money} 元", f"at most {money} yuan are left to refund")
        if refund.units > units:
            yield _fault(f"{path}.qty", f"最多还能退 {units} 件", f"at most {units} units are left to return")
