"""What the check must know and a plan cannot say: a small document beside the plan, every part of it optional.

    context = parse_context(text)          # ContextRefused names line, key and what is allowed
    Context()                              # joining is free, nobody is moved, nothing is given beside the plan

    join:                                  # the ways to become a distributor, each enough by itself
      - {title: 自由加入}
      - {title: 499 元礼包, pay: purchase, amount: "499.00"}
    members:                               # the ways to become a member, where the plan is for members only
      - {title: 付费会员, pay: membership, amount: "99.00"}
    ranks: [{title: 金牌代理, spending: "9500.00", gives: others_sales}]
    rewards: [{title: 注册奖, for: registration, cash: "10.00"}]       # given beside the plan
    group_buy: {size: 5, initiator: "50.00", rules_shown: true}
    leads: [TRIAL]                         # SKUs that stand for a lead: a booking, a registration
    products: [{sku: TRIAL, category: 课程, price: "0.00"}]
    coupons: {FRUIT10: "10.00"}            # what a coupon is worth
    order_value: "100.00"                  # of a usual order
    every_buyer_joins: false
    upline_moves: false                    # somebody's upline may change (走人, 滑落, 脱离)
    payout_before_completion: false
    commission_kept_on_refund: false

Units    Money in fen
Source   compliance.md §1, context inputs
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeAlias

from domain.document import Form, Node, Read, Refused, Wrong, each, flag, from_yaml, one_of, rate, text, whole, yuan
from domain.money import ZERO, Money

Pay: TypeAlias = Literal["none", "fee", "deposit", "membership", "training", "purchase", "stock", "first_order"]
FEES: tuple[Pay, ...] = ("fee", "deposit", "membership", "training")
PURCHASES: tuple[Pay, ...] = ("purchase", "stock", "first_order")
Right: TypeAlias = Literal["promote", "recruit", "earn"]
RIGHTS: tuple[Right, ...] = ("promote", "recruit", "earn")
Gives: TypeAlias = Literal["own_rate", "recruiting", "others_sales"]
For: TypeAlias = Literal[
    "recruit", "registration", "share", "team_ranking", "position", "idle", "own_order_back", "own_order"
]
REWARDED: tuple[For, ...] = (
    "recruit",
    "registration",
    "share",
    "team_ranking",
    "position",
    "idle",
    "own_order_back",
    "own_order",
)


USUAL = Money(10000)  # of an order, where the merchant tells nothing


class ContextRefused(Refused):
    """The context is not accepted; `faults` say where, what and why."""

    code = "context.refused"


@dataclass(frozen=True, slots=True)
class Route:
    """A way to become something. `amount` ZERO with a `first_order` means: of whatever amount."""

    title: str = "自由加入"
    pay: Pay = "none"
    amount: Money = ZERO
    gives: tuple[Right, ...] = RIGHTS

    @property
    def costs(self) -> bool:
        return self.pay != "none" and (self.amount > ZERO or self.pay == "first_order")

    @classmethod
    def read(cls, node: Node) -> Route:
        form = Form(node)
        pay: Pay = form.may("pay", one_of("none", *FEES, *PURCHASES), "none")
        rights: Read[tuple[Right, ...]] = each(one_of(*RIGHTS), at_least=1)
        route = cls(
            title=form.need("title", text(40)),
            pay=pay,
            amount=form.may("amount", yuan, ZERO),
            gives=form.may("gives", rights, RIGHTS),
        )
        if pay == "none" and route.amount:
            node.wrong("写了 amount 就要用 pay 说明付的是什么", "an amount needs `pay`: what it is paid for")
        if pay not in ("none", "first_order") and not form.has("amount"):
            node.wrong("要写 amount：付多少", "amount is missing: how much is paid")
        return form.done(route)

    def data(self) -> dict[str, Any]:
        return {"title": self.title, "pay": self.pay, "amount": self.amount.yuan, "gives": list(self.gives)}


@dataclass(frozen=True, slots=True)
class Rank:
    """A rank that spending lifts somebody into, and what it gives."""

    title: str
    spending: Money
    gives: Gives

    @classmethod
    def read(cls, node: Node) -> Rank:
        form = Form(node)
        return form.done(
            cls(
                title=form.need("title", text(40)),
                spending=form.need("spending", yuan),
                gives=form.need("gives", one_of("own_rate", "recruiting", "others_sales")),
            )
        )

    def data(self) -> dict[str, Any]:
        return {"title": self.title, "spending": self.spending.yuan, "gives": self.gives}


@dataclass(frozen=True, slots=True)
class Extra:
    """What is given beside the plan, and for what. `share` is the part of an own order that comes back."""

    title: str
    reason: For
    cash: Money | None = None
    share_bp: int | None = None

    @classmethod
    def read(cls, node: Node) -> Extra:
        form = Form(node)
        reason: For = form.need("for", one_of(*REWARDED))
        extra = cls(
            title=form.need("title", text(40)),
            reason=reason,
            cash=form.may("cash", yuan, None),
            share_bp=form.may("share", rate, None),
        )
        if reason == "own_order" and extra.share_bp is None:
            node.wrong("要写 share：返还本人订单的比例", "share is missing: the part of an own order that comes back")
        return form.done(extra)

    def data(self) -> dict[str, Any]:
        cash = None if self.cash is None else self.cash.yuan
        return {"title": self.title, "for": self.reason, "cash": cash, "share_bp": self.share_bp}


@dataclass(frozen=True, slots=True)
class GroupBuy:
    """拼团: how many make a group, what the one who opens it gets, and whether its rules are clear."""

    size: int
    initiator: Money = ZERO
    rules_shown: bool = False
    draw: bool = False
    failed_group_refunded: bool = False

    @property
    def is_clear(self) -> bool:
        return self.rules_shown and self.failed_group_refunded and not self.draw and not self.initiator

    @classmethod
    def read(cls, node: Node) -> GroupBuy:
        form = Form(node)
        return form.done(
            cls(
                size=form.need("size", whole(2, 1000)),
                initiator=form.may("initiator", yuan, ZERO),
                rules_shown=form.may("rules_shown", flag, False),
                draw=form.may("draw", flag, False),
                failed_group_refunded=form.may("failed_group_refunded", flag, False),
            )
        )

    def data(self) -> dict[str, Any]:
        return {
            "size": self.size,
            "initiator": self.initiator.yuan,
            "rules_shown": self.rules_shown,
            "draw": self.draw,
            "failed_group_refunded": self.failed_group_refunded,
        }


@dataclass(frozen=True, slots=True)
class Goods:
    """A product with its price, and its cost where that is known."""

    sku: str
    category: str
    price: Money
    cost: Money | None = None

    @classmethod
    def read(cls, node: Node) -> Goods:
        form = Form(node)
        return form.done(
            cls(
                sku=form.need("sku", text()),
                category=form.need("category", text()),
                price=form.need("price", yuan),
                cost=form.may("cost", yuan, None),
            )
        )

    def data(self) -> dict[str, Any]:
        cost = None if self.cost is None else self.cost.yuan
        return {"sku": self.sku, "category": self.category, "price": self.price.yuan, "cost": cost}


@dataclass(frozen=True, slots=True)
class Context:
    """Everything beside the plan; what is left out is harmless: a free way in, nothing given, nobody moved."""

    FREE: ClassVar[tuple[Route, ...]] = (Route(),)

    join: tuple[Route, ...] = FREE
    members: tuple[Route, ...] = FREE
    ranks: tuple[Rank, ...] = ()
    rewards: tuple[Extra, ...] = ()
    group_buy: GroupBuy | None = None
    leads: tuple[str, ...] = ()
    products: tuple[Goods, ...] = ()
    coupons: Mapping[str, Money] = field(default_factory=dict)
    order_value: Money = USUAL
    every_buyer_joins: bool = False
    upline_moves: bool = False
    payout_before_completion: bool = False
    commission_kept_on_refund: bool = False

    @classmethod
    def read(cls, node: Node) -> Context:
        form = Form(node)
        routes: Read[tuple[Route, ...]] = each(Route.read, at_least=1)
        names: Read[tuple[str, ...]] = each(text())
        return form.done(
            cls(
                join=form.may("join", routes, cls.FREE),
                members=form.may("members", routes, cls.FREE),
                ranks=form.may("ranks", each(Rank.read), ()),
                rewards=form.may("rewards", each(Extra.read), ()),
                group_buy=form.may("group_buy", GroupBuy.read, None),
                leads=form.may("leads", names, ()),
                products=form.may("products", each(Goods.read), ()),
                coupons=form.may("coupons", _read_coupons, {}),
                order_value=form.may("order_value", _above_zero, USUAL),
                every_buyer_joins=form.may("every_buyer_joins", flag, False),
                upline_moves=form.may("upline_moves", flag, False),
                payout_before_completion=form.may("payout_before_completion", flag, False),
                commission_kept_on_refund=form.may("commission_kept_on_refund", flag, False),
            )
        )

    def data(self) -> dict[str, Any]:
        """Every part with its default filled in."""
        return {
            "join": [route.data() for route in self.join],
            "members": [route.data() for route in self.members],
            "ranks": [rank.data() for rank in self.ranks],
            "rewards": [extra.data() for extra in self.rewards],
            "group_buy": None if self.group_buy is None else self.group_buy.data(),
            "leads": sorted(self.leads),
            "products": [goods.data() for goods in sorted(self.products, key=lambda goods: goods.sku)],
            "coupons": {key: self.coupons[key].yuan for key in sorted(self.coupons)},
            "order_value": self.order_value.yuan,
            "every_buyer_joins": self.every_buyer_joins,
            "upline_moves": self.upline_moves,
            "payout_before_completion": self.payout_before_completion,
            "commission_kept_on_refund": self.commission_kept_on_refund,
        }


def parse_context(source: str) -> Context:
    """The context of a YAML text."""
    try:
        root = from_yaml(source)
    except Refused as refused:
        raise ContextRefused(refused.faults) from None
    context = Context.read(root)
    if root.faults:
        raise ContextRefused(sorted(root.faults, key=lambda fault: fault.line or 0))
    return context


def canonical(context: Context) -> str:
    """One text for one meaning."""
    return json.dumps(context.data(), ensure_ascii=False, separators=(", ", ": "))


def _above_zero(node: Node) -> Money:
    amount = yuan(node)
    if not amount:
        raise Wrong("必须大于 0", "must be above 0")
    return amount


def _read_coupons(node: Node) -> dict[str, Money]:
    if not isinstance(node.value, dict):
        raise Wrong('这里要写「券编号: "金额"」', "a mapping of coupon keys to amounts is expected here")
    found = {}
    for key, child in node.value.items():
        try:
            found[key] = yuan(child)
        except Wrong as wrong:
            child.wrong(wrong.zh, wrong.en)
    return found
