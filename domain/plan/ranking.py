"""`kind: ranking`: 排行榜奖励, prizes for those who sold most in a window.

    - {id: sprint, kind: ranking, title: 周冲刺, window: week, by: sales, prizes: [{cash: "100.00"}, {cash: "80.00"}]}

Computed once per window, at its end and the hold days, on the net at that moment, and then fixed.

Units    a value is a whole number; of `sales` it is fen
Source   plans.md §2.4
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal

from domain.document import Form, Node, each, one_of, text
from domain.history import History, Part, Sale
from domain.money import ZERO, Money
from domain.outcome import Award, Skip
from domain.plan import say
from domain.plan.counts import threshold, threshold_data
from domain.plan.model import Scope
from domain.plan.reward import NO_PERCENT, Reward, reward_of
from domain.plan.words import PER_WINDOW, REACHED_BY, number


@dataclass(frozen=True, slots=True)
class Place:
    """Somebody's value and when he reached it: the payment of the last order that counts."""

    code: str
    value: int
    reached_at: datetime


@dataclass(frozen=True, slots=True)
class RankingRule:
    """The n-th prize is for rank n."""

    kind: ClassVar[str] = "ranking"
    name: ClassVar[str] = "排行榜奖励"
    scope_key: ClassVar[str] = "scope"
    id: str
    title: str
    window: Literal["day", "week", "month"]
    by: Literal["sales", "orders", "units"]
    prizes: tuple[Reward, ...]
    at_least: int | None = None
    scope: Scope = field(default_factory=Scope)

    @classmethod
    def read(cls, node: Node) -> RankingRule:
        form = Form(node)
        form.need("kind", text())
        by: Literal["sales", "orders", "units"] = form.need("by", one_of("sales", "orders", "units"))
        return form.done(
            cls(
                id=form.need("id", text(64)),
                title=form.need("title", text(40)),
                scope=form.may("scope", Scope.read, Scope()),
                window=form.need("window", one_of("day", "week", "month")),
                by=by,
                at_least=form.may("at_least", threshold(by), None),
                prizes=form.need("prizes", each(NO_PERCENT, at_least=1)),
            )
        )

    def data(self) -> dict[str, Any]:
        least = {} if self.at_least is None else {"at_least": threshold_data(self.by, self.at_least)}
        return {
            "id": self.id,
            "kind": self.kind,
            "title": self.title,
            "scope": self.scope.data(),
            "window": self.window,
            "by": self.by,
            **least,
            "prizes": [prize.data() for prize in self.prizes],
        }

    def parts(self) -> dict[str, str]:
        prizes = "、".join(f"第 {n} 名{say.reward(prize)}" for n, prize in enumerate(self.prizes, start=1))
        least = {} if self.at_least is None else {"入榜门槛": f" {say.value(self.by, self.at_least)}"}
        said = {"周期": say.WINDOW[self.window], "排名依据": say.COUNT[self.by]}
        return said | least | {"奖品": prizes, "适用范围": say.scope(self.scope)}

    def told(self, of: str) -> str:
        """「每周销售额前 3 名，奖励 100.00 元、80.00 元、50.00 元」"""
        limits = [of] if of else []
        limits += [] if self.at_least is None else [f"至少 {say.value(self.by, self.at_least)}"]
        narrowed = f"（{'，'.join(limits)}）" if limits else ""
        each = [say.reward(prize).strip() for prize in self.prizes]
        prizes = f"每人{each[0]}" if len(each) > 1 == len(set(each)) else f" {'、'.join(each)}"
        first = f"前 {len(self.prizes)} 名" if len(self.prizes) > 1 else "第一名"
        return f"{PER_WINDOW[self.window]}{say.COUNT[self.by]}{first}{narrowed}，奖励{prizes}，过了售后期定名次"

    # Over a history

    def outcomes(self, history: History, as_of: datetime) -> Iterator[Award | Skip]:
        for period, at, sales in history.closed(self.window, as_of):
            ranked = self.ranked(self.places(sales, at))
            for n, (place, prize) in enumerate(zip(ranked, self.prizes, strict=False), start=1):
                reason = history.may_not_earn(place.code, at)
                if reason is not None:  # he keeps his rank and gets nothing
                    yield Skip(self.id, place.code, "ranking", None, None, period.label, reason)
                elif prize.amount() or prize.in_kind is not None:
                    yield self.award(place, n, prize, period.label)

    def places(self, sales: Iterable[Sale], at: datetime) -> list[Place]:
        """The value of everybody who sold something that counts."""
        found: dict[str, Place] = {}
        for sale in sales:
            value = self.value(sale.part(self.scope, at))
            if value:
                before = found.get(sale.seller, Place(sale.seller, 0, sale.paid_at))
                last = max(before.reached_at, sale.paid_at)
                found[sale.seller] = Place(sale.seller, before.value + value, last)
        return list(found.values())

    def ranked(self, places: Iterable[Place]) -> list[Place]:
        """From rank 1 on: highest value, then who reached it first, then the lower code. Nobody with 0 is ranked."""
        least = max(1, self.at_least or 0)
        able = [place for place in places if place.value >= least]
        return sorted(able, key=lambda place: (-place.value, place.reached_at, place.code))

    def value(self, part: Part) -> int:
        """What a sale adds, by what of it is in scope."""
        return {"sales": part.net.fen, "orders": int(part.net > ZERO), "units": part.units}[self.by]

    def award(self, place: Place, n: int, prize: Reward, label: str) -> Award:
        """The n-th prize for whoever has the n-th rank."""
        amount = prize.amount()
        facts = {
            "kind": self.kind,
            "rule": self.id,
            "title": self.title,
            "window": label,
            "by": self.by,
            "value": place.value,
            "n": n,
            "reward": prize.in_kind,
            "prize_fen": amount.fen,
            "amount_fen": amount.fen,
        }
        return Award(
            rule=self.id,
            to=place.code,
            as_="ranking",
            order=None,
            line=None,
            window=label,
            n=n,
            amount=amount,
            state="available",
            facts=facts,
            reward=prize.in_kind,
        )

    # From the facts alone

    @staticmethod
    def amount_of(facts: Mapping[str, Any]) -> Money:
        return Money(facts["prize_fen"])

    @staticmethod
    def why(facts: Mapping[str, Any]) -> str:
        """「周冲刺 2026-W09：销售额 5,000.00 元，第 1 名，奖励 100.00 元」"""
        value = REACHED_BY[facts["by"]].format(value=number(facts["by"], facts["value"]))
        prize = reward_of(facts["reward"]) if facts["reward"] is not None else f" {Money(facts['prize_fen']).spoken} 元"
        return f"{facts['title']} {facts['window']}：{value}，第 {facts['n']} 名，奖励{prize}"
