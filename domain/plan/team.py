"""`kind: team`: 团队分红, a share of what the downline sold in a window, with or without 级差.

    - {id: team, kind: team, title: 团队分红, window: month, depth: 2, steps: {"10000.00": 2%}, differential: false}

Computed once per window, at its end and the hold days, on the net at that moment, and then fixed.

Units    Money in fen, steps in fen, rates in basis points
Source   plans.md §2.3
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal

from domain.document import Form, Node, flag, one_of, rate, text, whole
from domain.history import History, Sale
from domain.money import ZERO, Money, rate_text
from domain.outcome import Award, Reason, Skip
from domain.plan import say
from domain.plan.counts import read_steps, step_at, steps_data
from domain.plan.model import Scope
from domain.plan.words import PER_WINDOW


@dataclass(frozen=True, slots=True)
class TeamRule:
    """The team is the downline to `depth` levels, with himself where `own` is true."""

    kind: ClassVar[str] = "team"
    name: ClassVar[str] = "团队分红"
    scope_key: ClassVar[str] = "scope"
    id: str
    title: str
    window: Literal["day", "week", "month"]
    depth: int
    steps: tuple[tuple[int, int], ...]
    own: bool = True
    differential: bool = False
    scope: Scope = field(default_factory=Scope)

    @classmethod
    def read(cls, node: Node) -> TeamRule:
        form = Form(node)
        form.need("kind", text())
        return form.done(
            cls(
                id=form.need("id", text(64)),
                title=form.need("title", text(40)),
                scope=form.may("scope", Scope.read, Scope()),
                window=form.need("window", one_of("day", "week", "month")),
                depth=form.need("depth", whole(1, 99)),
                own=form.may("own", flag, True),
                steps=form.need("steps", read_steps("sales", rate)),
                differential=form.may("differential", flag, False),
            )
        )

    def data(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "title": self.title,
            "scope": self.scope.data(),
            "window": self.window,
            "depth": self.depth,
            "own": self.own,
            "steps": steps_data("sales", self.steps, rate_text),
            "differential": self.differential,
        }

    def parts(self) -> dict[str, str]:
        steps = "、".join(f"{Money(at).spoken} 元起 {rate_text(rate_bp)}" for at, rate_bp in self.steps)
        return {
            "周期": say.WINDOW[self.window],
            "团队层数": f" {self.depth} 层",
            "含本人": say.YES[self.own],
            "分红比例": f" {steps}",
            "级差": say.YES[self.differential],
            "适用范围": say.scope(self.scope),
        }

    def told(self, of: str) -> str:
        """「每月你和 2 层下级共卖到 10,000.00 元得 2%」"""
        who = f"你和 {self.depth} 层下级" if self.own else f"你的 {self.depth} 层下级"
        steps = "、".join(f"{Money(at).spoken} 元得 {rate_text(rate_bp)}" for at, rate_bp in self.steps)
        less = "，减去你直接邀请的人已得的分红" if self.differential else ""
        return f"{PER_WINDOW[self.window]}{who}{f'（{of}）' if of else ''}共卖到 {steps}{less}，过了售后期算出来"

    # Over a history

    def outcomes(self, history: History, as_of: datetime) -> Iterator[Award | Skip]:
        for period, at, sales in history.closed(self.window, as_of):
            sold = self.team_sales(history, sales, at)
            refused = {code: history.may_not_earn(code, at) for code in sold}
            invited = {code: [person.code for person in history.recruits.get(code, ())] for code in sold}
            for code in sorted(sold):
                facts = self.bonus(code, sold, refused, invited[code])
                reason: Reason | None = refused[code] or (None if facts else "below_first_step")
                if reason is not None:
                    yield Skip(self.id, code, "team", None, None, period.label, reason)
                elif facts is not None and facts["amount_fen"]:
                    yield self.award(code, facts | {"window": period.label})

    def team_sales(self, history: History, sales: list[Sale], at: datetime) -> dict[str, Money]:
        """What the team of each sold, by the chain stored with each order; nobody earns on what he bought himself."""
        sold: dict[str, Money] = defaultdict(lambda: ZERO)
        for sale in sales:
            net = sale.part(self.scope, at).net
            for up, person in enumerate(sale.chain[: self.depth + 1]):
                if net and (up or self.own) and not history.bought(person.code, sale):
                    sold[person.code] += net
        return dict(sold)

    def bonus(
        self, code: str, sold: Mapping[str, Money], refused: Mapping[str, Reason | None], invited: list[str]
    ) -> dict[str, Any] | None:
        """The facts of somebody's bonus, None under the first step. 级差: A→B→C of 400, 250, 100 get 150, 150, 100."""
        step = step_at(self.steps, sold[code].fen)
        if step is None:
            return None
        taken = []
        for recruit in invited if self.differential else ():
            his = step_at(self.steps, sold[recruit].fen) if recruit in sold and refused[recruit] is None else None
            if his is not None:  # before its own deduction, and only of those whom this rule pays
                taken.append({"code": recruit, "sales_fen": sold[recruit].fen, "rate_bp": his[1]})
        facts = {
            "kind": self.kind,
            "rule": self.id,
            "title": self.title,
            "sales_fen": sold[code].fen,
            "step_fen": step[0],
            "rate_bp": step[1],
            "taken": taken,
        }
        return facts | {"amount_fen": self.amount_of(facts).fen}

    def award(self, code: str, facts: dict[str, Any]) -> Award:
        """Of the facts of `bonus` and the window's label."""
        return Award(
            rule=self.id,
            to=code,
            as_="team",
            order=None,
            line=None,
            window=facts["window"],
            n=None,
            amount=Money(facts["amount_fen"]),
            state="available",
            facts=facts,
            base=Money(facts["sales_fen"]),
            rate_bp=facts["rate_bp"],
        )

    # From the facts alone

    @staticmethod
    def amount_of(facts: Mapping[str, Any]) -> Money:
        return max(ZERO, _share(facts) - _taken(facts))

    @staticmethod
    def why(facts: Mapping[str, Any]) -> str:
        """「团队分红 2026-03：团队销售额 12,000.00 元 × 2%（满 10,000.00 元）= 240.00 元」"""
        sales, step, rate_bp = Money(facts["sales_fen"]), Money(facts["step_fen"]), facts["rate_bp"]
        sentence = (
            f"{facts['title']} {facts['window']}：团队销售额 {sales.spoken} 元 × {rate_text(rate_bp)}"
            f"（满 {step.spoken} 元）= {_share(facts).spoken} 元"
        )
        sentence += "（不足 1 分舍去）" if sales.fen * rate_bp % 10000 else ""
        if facts["taken"]:
            each = " − ".join(f"{item['code']} 的 {_share(item).spoken} 元" for item in facts["taken"])
            sentence += f"，级差 {_share(facts).spoken} 元 − {each} = {TeamRule.amount_of(facts).spoken} 元"
        return sentence


def _share(facts: Mapping[str, Any]) -> Money:
    return Money(facts["sales_fen"]).share(facts["rate_bp"])


def _taken(facts: Mapping[str, Any]) -> Money:
    return sum((_share(item) for item in facts["taken"]), ZERO)
