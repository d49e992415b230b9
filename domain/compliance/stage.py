"""The scratch world in which a plan is tried: goods, people in their shapes, orders, and the engine itself.

    stage = Stage(plan, context)
    people = stage.people({"chain-12": chain(12)})
    evaluation = stage.play(people, [stage.order("O1", "chain-12/11", at=5)], lowered=True)

Every probe goes through `domain.evaluation.evaluate`: what is found is what the live path would pay.

Units    Money in fen; moments are minutes after a fixed Wednesday 00:00 in Shanghai
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from domain.compliance import words
from domain.compliance.context import Context, Goods
from domain.compliance.lowering import SALE_FEN, Lowered, within_reach
from domain.compliance.shapes import Tree
from domain.evaluation import END_OF_TIME, Evaluation, evaluate
from domain.history import Distributor
from domain.money import ZERO, Money
from domain.plan import Plan, Product, Scope
from domain.sale import PaidLine, PaidOrder, Refunded
from domain.scenario import Order, Scenario

START = datetime(2026, 3, 3, 16, 0, tzinfo=UTC)
LOW_PRICE = Money(990)  # where no price is known: cheap enough for a fixed amount to reach the cap
ELSEWHERE = "其他"
DAY = 24 * 60


def moment(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def seat_code(shape: str, place: int) -> str:
    return f"{shape}/{place:03d}"


def shape_of(code: str) -> str:
    return code.split("/")[0]


def joined(trees: Mapping[str, Tree], *, role: str = "member", silent: int = 0) -> dict[str, Distributor]:
    """Everybody joins in his turn, as a member; `silent` more recruits of each who will never sell."""
    found: dict[str, Distributor] = {}
    for shape, tree in trees.items():
        for place, above in enumerate(tree):
            code, upline = seat_code(shape, place), None if above is None else seat_code(shape, above)
            found[code] = Distributor(code, upline, role, member=True, joined_at=moment(place / 60))
            for number in range(silent):
                quiet = f"{code}+{number}"
                found[quiet] = Distributor(quiet, code, role, member=True, joined_at=moment(2 + place / 60))
    return found


@dataclass(frozen=True, slots=True)
class Sort:
    """Goods that the same rules hold; one line of each is enough.

    price   of a usual order
    prices  for commission: those that are known, else a low one, the usual one and ten times that
    known   the goods with the smallest known margin, if any
    """

    sku: str
    category: str
    price: Money
    prices: tuple[Money, ...]
    cost: Money | None
    known: tuple[Goods, ...] = ()


@dataclass(frozen=True, slots=True)
class Bought:
    """What a line of a probe's order is: so many of one sort, for so much in all."""

    sort: Sort
    paid: Money
    units: int = 1


class Stage:
    """A plan and its context, made ready for probes."""

    def __init__(self, plan: Plan, context: Context) -> None:
        self.plan, self.context = plan, context

    @cached_property
    def low(self) -> Lowered:
        return within_reach(self.plan)

    @cached_property
    def sorts(self) -> tuple[Sort, ...]:
        """One sort of goods for each set of rules that hold it."""
        scopes = [rule.scope for rule in self.plan.rules]
        groups: dict[tuple[bool, ...], list[tuple[str, str, Goods | None]]] = {}
        for sku, category, goods in self._candidates(scopes):
            held = tuple(scope.holds(sku, category) for scope in scopes)
            groups.setdefault(held, []).append((sku, category, goods))
        return tuple(self._sort(group) for held, group in groups.items())

    def _candidates(self, scopes: Iterable[Scope]) -> list[tuple[str, str, Goods | None]]:
        known = {goods.sku: goods for goods in sorted(self.context.products, key=lambda goods: goods.sku)}
        found: list[tuple[str, str, Goods | None]] = [(it.sku, it.category, it) for it in known.values()]
        named = sorted({sku for scope in scopes for sku in scope.skus | scope.exclude} | set(self.context.leads))
        found += [(sku, ELSEWHERE, None) for sku in named if sku not in known]
        categories = sorted({category for scope in scopes for category in scope.categories})
        found += [(f"{category} *", category, None) for category in categories]
        return [*found, (f"{ELSEWHERE} *", ELSEWHERE, None)]

    def _sort(self, group: Sequence[tuple[str, str, Goods | None]]) -> Sort:
        sku, category, _ = group[0]
        usual = self.context.order_value
        sold = [goods for _, _, goods in group if goods is not None and goods.price]
        if not sold:
            low = usual if group[0][0] in self.leads else min(LOW_PRICE, usual)
            return Sort(sku, category, usual, tuple(sorted({low, usual, usual * 10})), None)
        sold.sort(key=lambda goods: (goods.price, goods.sku))
        margins = sorted((it for it in sold if it.cost is not None), key=lambda it: (_margin_bp(it), it.sku))
        tried = {sold[0].price, sold[-1].price, *(goods.price for goods in margins[:1])}
        cheap = sold[0]
        return Sort(cheap.sku, cheap.category, usual, tuple(sorted(tried)), cheap.cost, tuple(margins[:1]))

    @cached_property
    def leads(self) -> frozenset[str]:
        """SKUs that stand for a lead: declared, given away, or named so by a rule of fixed amounts for them alone."""
        priced = {goods.sku for goods in self.context.products if goods.price}
        free = {goods.sku for goods in self.context.products if not goods.price}
        named = {
            sku
            for rule in self.plan.commission_rules
            for sku in rule.scope.skus
            if not any(row.is_rate for row in rule.pay) and words.lead(f"{sku} {rule.title}")
        }
        return frozenset(set(self.context.leads) | free | (named - priced))

    @cached_property
    def catalogue(self) -> Mapping[str, Product]:
        """What the plan may name; a cost where it takes profits, so that the engine accepts it."""
        rows = self._candidates([rule.scope for rule in self.plan.rules])
        return {sku: Product(sku, category, (goods.cost if goods else None) or ZERO) for sku, category, goods in rows}

    # People and orders

    def people(self, trees: Mapping[str, Tree], *, role: str = "member", silent: int = 0) -> dict[str, Distributor]:
        return joined(trees, role=role, silent=silent)

    def order(
        self,
        no: str,
        seller: str,
        at: float,
        lines: Sequence[Bought] | None = None,
        *,
        own: bool = False,
        refunds: Sequence[tuple[float, int]] = (),
        completed_after: float | None = 0.1,
    ) -> Order:
        """A paid order; `own`: the seller buys himself; `refunds` are (minutes after completion, percent)."""
        lines = lines or [Bought(self.sorts[0], Money(SALE_FEN))]
        done = at + (completed_after or 0)
        paid_lines = tuple(
            PaidLine(number, it.sort.sku, it.sort.category, it.units, it.paid, it.sort.cost or ZERO)
            for number, it in enumerate(lines)
        )
        back = tuple(
            Refunded(moment(done + after), line.no, line.qty if percent == 100 else 0, _percent(line.paid, percent))
            for after, percent in refunds
            for line in paid_lines
        )
        return Order(
            PaidOrder(no, seller, seller if own else None, moment(at), paid_lines),
            seller if own else f"customer {no}",
            None if completed_after is None else moment(done),
            back,
        )

    def each_sort(self, price: Money | None = None) -> list[Bought]:
        """One unit of every sort, at its usual price or at one for all."""
        return [Bought(sort, sort.price if price is None else price) for sort in self.sorts]

    def play(
        self,
        people: Mapping[str, Distributor],
        orders: Iterable[Order] = (),
        *,
        plan: Plan | None = None,
        as_of: datetime = END_OF_TIME,
    ) -> Evaluation:
        """What the engine gives, of the plan with its thresholds in reach unless another is handed in."""
        ordered = sorted(orders, key=lambda order: (order.paid.paid_at, order.paid.seller or "", order.paid.no))
        scenario = Scenario(people, self.catalogue, tuple(ordered))
        return evaluate(self.low.plan if plan is None else plan, scenario, as_of)


def _margin_bp(goods: Goods) -> int:
    return (goods.price.fen - (goods.cost or ZERO).fen) * 10000 // goods.price.fen


def _percent(amount: Money, percent: int) -> Money:
    return Money(amount.fen * percent // 100)
