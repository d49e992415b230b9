"""`kind: milestone`: paid when a count is reached (推X返一, 首单奖励, 邀请奖励, 累计奖励, 链动2+1).

    - {id: first-order, kind: milestone, title: 首单奖励, count: {of: orders}, at: [1], reward: {cash: "10.00"}}

A threshold is decided once, in the moment the count first reaches it. A refund that brings the count below it takes
the award back; reached again, the same award stands again. How the counts move is domain.progress, what is decided
when is domain.milestones.

Units    thresholds are whole numbers; of `sales` yuan in the file and fen here
Source   plans.md §2.2
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal, TypeAlias

from domain.document import Form, Node, Read, each, one_of, text, whole
from domain.history import BEGINNING, History
from domain.milestones import Decided, Version, Walk
from domain.money import ZERO, Money, rate_text
from domain.outcome import Award, Skip
from domain.plan import say
from domain.plan.counts import MOST, rising, threshold, threshold_data
from domain.plan.model import Scope
from domain.plan.reward import ANY_REWARD, Reward, reward_of
from domain.plan.words import COUNTED, EVERY, LEFT, PER_WINDOW, QUALIFY, number
from domain.progress import Chain, Counting, Invited, OwnSales, Recruits

Of: TypeAlias = Literal["orders", "buyers", "units", "sales", "recruits", "chain"]


@dataclass(frozen=True, slots=True)
class MilestoneCount:
    """What is counted. `scope` is for the person's own sales, `qualify` for the people whom he invited."""

    of: Of
    window: Literal["lifetime", "month", "week"] = "lifetime"
    scope: Scope = field(default_factory=Scope)
    qualify: Literal["sold", "joined"] = "sold"

    @property
    def of_people(self) -> bool:
        return self.of in ("recruits", "chain")

    @classmethod
    def read(cls, node: Node) -> MilestoneCount:
        form = Form(node)
        of: Of = form.need("of", one_of("orders", "buyers", "units", "sales", "recruits", "chain"))
        of_people = of in ("recruits", "chain")
        return form.done(
            cls(
                of=of,
                window=form.may("window", one_of(*(["lifetime"] if of == "chain" else WINDOWS)), "lifetime"),
                scope=Scope() if of_people else form.may("scope", Scope.read, Scope()),
                qualify=form.may("qualify", one_of("sold", "joined"), "sold") if of_people else "sold",
            )
        )

    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = {"of": self.of, "window": self.window}
        return data | ({"qualify": self.qualify} if self.of_people else {"scope": self.scope.data()})

    def start(self, history: History) -> Counting:
        """This count over a history, at its beginning."""
        match self.of:
            case "recruits":
                return Recruits(Invited(self.qualify, Scope(), history), self.window)
            case "chain":
                return Chain(Invited(self.qualify, Scope(), history))
            case of:
                return OwnSales(of, self.scope, self.window, history)


WINDOWS = ("lifetime", "month", "week")


@dataclass(frozen=True, slots=True)
class MilestoneRule:
    """`every` N: at N, 2N, 3N, …; or `at` each of some. `limit` leaves the first of them in each window."""

    kind: ClassVar[str] = "milestone"
    name: ClassVar[str] = "达标奖励"
    scope_key: ClassVar[str] = "count.scope"
    id: str
    title: str
    count: MilestoneCount
    reward: Reward
    every: int | None = None
    at: tuple[int, ...] | None = None
    limit: int | None = None

    @property
    def scope(self) -> Scope:
        return self.count.scope

    @classmethod
    def read(cls, node: Node) -> MilestoneRule:
        form = Form(node)
        form.need("kind", text())
        count: MilestoneCount = form.need("count", MilestoneCount.read)
        of = count.of if count else "orders"
        rule = cls(
            id=form.need("id", text(64)),
            title=form.need("title", text(40)),
            count=count,
            every=form.may("every", threshold(of, 1), None),
            at=form.may("at", _read_at(of), None),
            limit=form.may("limit", whole(1, MOST), None),
            reward=form.need("reward", ANY_REWARD),
        )
        if form.known and form.has("every") == form.has("at"):
            node.wrong("every 和 at 必须且只能写一个", "exactly one of every and at must be given")
        return form.done(rule)

    def data(self) -> dict[str, Any]:
        of = self.count.of
        data: dict[str, Any] = {"id": self.id, "kind": self.kind, "title": self.title, "count": self.count.data()}
        if self.every is not None:
            data["every"] = threshold_data(of, self.every)
        if self.at is not None:
            data["at"] = [threshold_data(of, value) for value in self.at]
        if self.limit is not None:
            data["limit"] = self.limit
        return data | {"reward": self.reward.data()}

    def parts(self) -> dict[str, str]:
        of = self.count.of
        at = "每 " + say.value(of, self.every) if self.every else "、".join(say.value(of, it) for it in self.at or ())
        said = {"计数": f"{say.WINDOW[self.count.window]}{say.COUNT[of]}", "门槛": f" {at}"}
        if self.count.of_people:
            said["算数的下级"] = {"sold": "首单已结算的", "joined": "加入即算"}[self.count.qualify]
        else:
            said["适用范围"] = say.scope(self.scope)
        limit = {} if self.limit is None else {"次数上限": f" {self.limit} 次"}
        return said | limit | {"奖励": say.reward(self.reward)}

    def told(self, of: str) -> str:
        """「每 3 位成交顾客（服装），奖励优惠券 CASH50」"""
        counted = self.count.of
        if self.every is not None:
            reached = EVERY[counted].format(value=number(counted, self.every))
        else:
            reached = "、".join(COUNTED[counted].format(value=number(counted, at)) for at in self.at or ())
        limits = [QUALIFY[self.count.qualify]] if self.count.of_people else [of] if of else []
        if self.limit is not None:
            limits.append(f"最多 {self.limit} 次")
        narrowed = f"（{'，'.join(limits)}）" if limits else ""
        return f"{PER_WINDOW[self.count.window]}{reached}{narrowed}，奖励{say.reward(self.reward)}"

    def reached(self, count: int) -> int:
        """How many thresholds a count has reached: 7 of `every: 3` are 2."""
        found = bisect_right(self.at, count) if self.at is not None else count // (self.every or MOST)
        return found if self.limit is None else min(found, self.limit)

    def threshold(self, n: int) -> int:
        """The n-th threshold, from 1."""
        return self.at[n - 1] if self.at is not None else (self.every or MOST) * n

    # Over a history

    def outcomes(self, history: History, as_of: datetime) -> Iterator[Award | Skip]:
        """Skips as they arise, then the awards as they stand."""
        found = Walk([Version(BEGINNING, history.terms, self)], history).decisions(as_of)
        yield from (self.skip(decided) for decided in found if decided.reason is not None)
        awards = [decided for decided in found if decided.reason is None]
        yield from map(self.award, sorted(awards, key=lambda decided: (decided.key[0], decided.key[1] or "")))

    def skip(self, decided: Decided) -> Skip:
        sale = decided.change.sale
        assert decided.reason is not None  # noqa: S101 - what has none is an award
        return Skip(
            self.id, decided.key[0], "milestone", sale.no if sale else None, None, decided.key[1], decided.reason
        )

    def facts(self, decided: Decided, base: Money, full: Money) -> dict[str, Any]:
        """What is fixed in the moment in which the threshold is reached."""
        change = decided.change
        return {
            "kind": self.kind,
            "rule": self.id,
            "title": self.title,
            "of": self.count.of,
            "window": decided.key[1],
            "n": decided.n,
            "threshold": self.threshold(decided.n),
            "order": change.sale.no if change.sale else None,
            "joined": change.who.code if change.who else None,
            "base_fen": base.fen,
            "rate_bp": self.reward.rate_bp,
            "full_fen": full.fen,
            "reward": self.reward.in_kind,
        }

    def award(self, decided: Decided) -> Award:
        """It stands while the count is at its threshold or above."""
        stands = decided.count >= decided.facts["threshold"]
        amount = decided.facts["full_fen"] if stands else 0
        facts = decided.facts | {"count": decided.count, "amount_fen": amount}
        return Award(
            rule=self.id,
            to=decided.key[0],
            as_="milestone",
            order=facts["order"],
            line=None,
            window=decided.key[1],
            n=facts["n"],
            amount=Money(facts["amount_fen"]),
            state="available" if stands else "reversed",
            facts=facts,
            base=Money(facts["base_fen"]),
            rate_bp=facts["rate_bp"],
            reward=facts["reward"],
        )

    # From the facts alone

    @staticmethod
    def amount_of(facts: Mapping[str, Any]) -> Money:
        if facts["count"] < facts["threshold"]:
            return ZERO
        if facts["rate_bp"] is not None:
            return Money(facts["base_fen"]).share(facts["rate_bp"])
        return Money(facts["full_fen"])

    @staticmethod
    def why(facts: Mapping[str, Any]) -> str:
        """「首单奖励：订单 O1 结算后，结算订单达到 1 单（第 1 次）= 10.00 元」"""
        of, window = facts["of"], f" {facts['window']}" if facts["window"] else ""
        cause = f"订单 {facts['order']} 结算后" if facts["order"] is not None else f"{facts['joined']} 加入后"
        reached = COUNTED[of].format(value=number(of, facts["threshold"]))
        sentence = f"{facts['title']}{window}：{cause}，{reached}（第 {facts['n']} 次）"
        if facts["reward"] is not None:
            sentence += f"，奖励{reward_of(facts['reward'])}"
        elif facts["rate_bp"] is None:
            sentence += f"= {Money(facts['full_fen']).spoken} 元"
        else:
            base, rate_bp = Money(facts["base_fen"]), facts["rate_bp"]
            sentence += f"，计入的实付 {base.spoken} 元 × {rate_text(rate_bp)} = {base.share(rate_bp).spoken} 元"
            sentence += "（不足 1 分舍去）" if base.fen * rate_bp % 10000 else ""
        if facts["count"] < facts["threshold"]:
            sentence += f"；退款后只剩 {number(of, facts['count'])} {LEFT[of]}，已收回"
        return sentence


def _read_at(of: str) -> Read[tuple[int, ...]]:
    def read(node: Node) -> tuple[int, ...]:
        values: tuple[int, ...] = each(threshold(of, 1), at_least=1)(node)
        rising(node, list(values))
        return values

    return read
