"""P-RATIO, P-SELF, P-REFUND and the moment of release: how much of what was paid goes out, and what stays out.

Money only: what something in kind costs the merchant is not known to the plan. Prizes of rankings are left out too:
they are fixed sums for a window, whatever is sold in it.

Source   compliance.md §2; §3, MN-1 to MN-5 and MN-7
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from domain.compliance.probes.depth import Depth, price_at
from domain.compliance.shapes import chain, fixed
from domain.compliance.stage import DAY, Bought, Sort, Stage, seat_code
from domain.history import Distributor
from domain.money import Money
from domain.outcome import Award
from domain.plan import MilestoneRule, TeamRule
from domain.scenario import Order

MOST_ORDERS = 120  # of one seller; a threshold beyond is computed from its distance instead
MOST_VOLUMES = 12
BOTTOM = 3  # the seller of the chain in which volumes are tried
RETURN_DAYS = 7
PARTLY = 37  # percent of an order that come back


@dataclass(frozen=True, slots=True)
class Ratio:
    """The most that is paid out of one sort of goods, in basis points of what was paid for it.

    commission_bp, bonus_bp  the parts: of each order, and of a volume of orders
    over_margin              goods of which more is paid out than is earned, where price and cost are known
    """

    sku: str
    price: Money
    commission_bp: int
    bonus_bp: int
    shape: str
    over_margin: str | None = None

    @property
    def total_bp(self) -> int:
        return self.commission_bp + self.bonus_bp


def worst_ratio(stage: Stage, depth: Depth) -> Ratio:
    """Over all sorts of goods."""
    most = depth.most()
    ratios = [_ratio(stage, depth, place, sort, most) for place, sort in enumerate(stage.sorts)]
    over = next((ratio.over_margin for ratio in ratios if ratio.over_margin), None)
    return replace(max(ratios, key=lambda ratio: ratio.total_bp), over_margin=over)


def _ratio(stage: Stage, depth: Depth, place: int, sort: Sort, most: dict[tuple[int, int, int], int]) -> Ratio:
    out: dict[Money, int] = {}
    for number in range(depth.prices):
        price = price_at(sort.prices, number)
        fen = sum(fen for (line, at, _), fen in most.items() if (line, at) == (place, number))
        out[price] = max(out.get(price, 0), min(fen, price.share(stage.plan.terms.max_share_bp).fen))
    price = max(out, key=lambda price: (_bp(out[price], price.fen), price))
    shape, bonus_bp = _worst_bonus(stage, sort)
    over = None
    for goods in sort.known:
        margin = goods.price.fen - (goods.cost.fen if goods.cost else 0)
        if goods.price in out and out[goods.price] > margin:
            over = goods.sku
    return Ratio(sort.sku, price, _bp(out[price], price.fen), bonus_bp, shape if bonus_bp else depth.shape, over)


def _worst_bonus(stage: Stage, sort: Sort) -> tuple[str, int]:
    """What milestones and teams pay of what was sold, by the plan's own thresholds."""
    if not stage.plan.bonuses:
        return "", 0
    worst = "", 0
    seller = seat_code("chain-4", BOTTOM)
    people = stage.people({"chain-4": chain(BOTTOM + 1)})
    for orders, units, price in volumes(stage, sort):
        sales = _sold(stage, seller, [Bought(sort, price * units, units)], orders)
        worst = max(worst, ("chain-4", _paid_bp(stage, people, sales)), key=lambda it: it[1])
    for shape, tree in fixed().items():
        people = stage.people({shape: tree})
        everybody = [stage.order(f"{c}:0", c, 60 + n / 10, [Bought(sort, sort.price)]) for n, c in enumerate(people)]
        worst = max(worst, (shape, _paid_bp(stage, people, everybody)), key=lambda it: it[1])
    return max(worst, ("chain-4", _beyond(stage, sort)), key=lambda it: it[1])


def volumes(stage: Stage, sort: Sort) -> list[tuple[int, int, Money]]:
    """(orders, units each, price of a unit) that just reach the thresholds of the plan, the lowest first.

    No order is below the usual one: a first order of a fen would make any fixed reward look endless.
    """
    found = {(1, 1, sort.price.fen)}
    for rule in stage.plan.rules:
        if isinstance(rule, TeamRule):
            found |= {(1, 1, max(at, sort.price.fen)) for at, _ in rule.steps}
        for of, at in _thresholds(rule) if isinstance(rule, MilestoneRule) else ():
            if of == "sales":
                found.add((1, 1, max(at, sort.price.fen)))
            elif of == "units":
                found.add((1, at, sort.price.fen))
            elif of in ("orders", "buyers") and at <= MOST_ORDERS:
                found.add((at, 1, sort.price.fen))
    return [(orders, units, Money(fen)) for orders, units, fen in sorted(found)[:MOST_VOLUMES]]


def _thresholds(rule: MilestoneRule) -> list[tuple[str, int]]:
    return [(rule.count.of, at) for at in rule.at or ([rule.every] if rule.every else [])]


def _beyond(stage: Stage, sort: Sort) -> int:
    """Of thresholds that are too many orders to play: the reward by what must be sold for it."""
    return sum(
        _bp(rule.reward.amount().fen, at * sort.price.fen)
        for rule in stage.plan.rules
        if isinstance(rule, MilestoneRule)
        for of, at in _thresholds(rule)
        if of in ("orders", "buyers") and at > MOST_ORDERS
    )


def _sold(stage: Stage, seller: str, lines: list[Bought], count: int, *, own: bool = False) -> list[Order]:
    return [stage.order(f"{seller}:{n}", seller, 60 + n / 60, lines, own=own) for n in range(count)]


def _paid_bp(stage: Stage, people: Mapping[str, Distributor], orders: list[Order]) -> int:
    awards = stage.play(people, orders, plan=replace(stage.plan, rules=tuple(stage.plan.bonuses))).awards
    paid = sum(award.amount.fen for award in awards if _for_sales(award))
    return _bp(paid, sum(line.paid.fen for order in orders for line in order.paid.lines))


def _for_sales(award: Award) -> bool:
    """A bonus that a sale brought about; what is given for joining is P-RECRUIT's."""
    return award.as_ == "team" or (award.as_ == "milestone" and award.order is not None)


# ---------------------------------------------------------------------------------------------------------------
# P-SELF


def cash_back_bp(stage: Stage) -> int:
    """The most that a distributor gets back of what he buys himself, nobody else buying anything."""
    who = seat_code("chain-4", BOTTOM)
    people = stage.people({"chain-4": chain(BOTTOM + 1)})
    worst = 0
    for sort in stage.sorts:
        for orders, units, price in volumes(stage, sort):
            sales = _sold(stage, who, [Bought(sort, price * units, units)], orders, own=True)
            awards = stage.play(people, sales, plan=stage.plan).awards
            worst = max(worst, _back(awards, who, sales))
        for price in sort.prices:
            sales = _sold(stage, who, [Bought(sort, price)], 1 + stage.low.orders, own=True)
            awards = stage.play(people, sales[-1:] if not stage.low.orders else sales).awards
            last = [award for award in awards if award.order == sales[-1].paid.no and award.line is not None]
            worst = max(worst, _back(last, who, sales[-1:]))
    return worst


def _back(awards: Iterable[Award], who: str, orders: list[Order]) -> int:
    back = sum(award.amount.fen for award in awards if award.to == who and award.as_ != "ranking")
    return _bp(back, sum(line.paid.fen for order in orders for line in order.paid.lines))


# ---------------------------------------------------------------------------------------------------------------
# P-REFUND and release


@dataclass(frozen=True, slots=True)
class Left:
    """Commission that stays after a refund."""

    what: str
    fen: int


def left_after_refund(stage: Stage) -> Left | None:
    """Everything refunded before it settles and after it was released; 37 % refunded of what is paid by a rate."""
    for what, after in (("全额退款", 1.0), ("可提现以后全额退款", 3.0 * DAY)):
        fen = sum(award.amount.fen for award in _refunded(stage, after, 100) if award.as_ not in ("team", "ranking"))
        if fen:
            return Left(what, fen)
    before = {_place(award): award for award in _refunded(stage, 1.0, 0)}
    for award in _refunded(stage, 1.0, PARTLY):
        whole = before.get(_place(award))
        by_rate = award.rate_bp is not None and award.line is not None
        if whole is not None and by_rate and award.amount.fen * 100 > whole.amount.fen * (100 - PARTLY) + 100:
            return Left(f"退款 {PARTLY}%", award.amount.fen)
    return None


def _refunded(stage: Stage, after: float, percent: int) -> tuple[Award, ...]:
    """A chain in which everybody sells, and every order is refunded in the same way; a day to settle."""
    plan = replace(stage.low.plan, terms=replace(stage.low.plan.terms, hold_days=1))
    people = stage.people({"chain-4": chain(BOTTOM + 1)})
    refunds = [(after, percent)] if percent else []
    orders = [
        stage.order(f"{code}:{number}", code, 60 + place * 10 + number, stage.each_sort(), refunds=refunds)
        for place, code in enumerate(people)
        for number in range(stage.low.orders + 2)
    ]
    return stage.play(people, orders, plan=plan).awards


def _place(award: Award) -> tuple[str, str, str, str | None, int | None, int | None]:
    return award.rule, award.to, award.as_, award.order, award.line, award.n


def released_before_return_days(stage: Stage) -> bool:
    """Whether something is available while the customer may still give the goods back."""
    plan = replace(stage.low.plan, terms=stage.plan.terms)
    people = stage.people({"chain-4": chain(BOTTOM + 1)})
    orders = [
        stage.order(f"{code}:{number}", code, 60 + place * 10 + number, stage.each_sort(), completed_after=60)
        for place, code in enumerate(people)
        for number in range(stage.low.orders + 1)
    ]
    completed = [order.completed_at for order in orders if order.completed_at is not None]
    as_of = min(completed) + timedelta(days=RETURN_DAYS, seconds=-1)
    awards = stage.play(people, orders, plan=plan, as_of=as_of).awards
    return any(award.state == "available" and award.order is not None for award in awards)


# ---------------------------------------------------------------------------------------------------------------
# Leads


def paid_for_leads(stage: Stage, skus: Iterable[str]) -> list[str]:
    """Of these SKUs, those for which something is paid although nothing was paid for them."""
    people = stage.people({"chain-4": chain(BOTTOM + 1)})
    seller = seat_code("chain-4", BOTTOM)
    found = []
    for sku in sorted(set(skus)):
        category = stage.catalogue[sku].category if sku in stage.catalogue else "其他"
        sort = Sort(sku, category, Money(0), (Money(0),), None)
        orders = [
            stage.order(f"{seller}:{n}", seller, 60 + n, [Bought(sort, Money(0))]) for n in range(1 + stage.low.orders)
        ]
        awards = stage.play(people, orders).awards
        if any(award.amount and award.line is not None for award in awards):
            found.append(sku)
    return found


def _bp(part: int, whole: int) -> int:
    """Basis points, rounded up: what is above a limit by a fen is above it."""
    return -(-part * 10000 // whole) if whole else 0
