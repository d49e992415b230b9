"""`kind: task`: 任务奖励, proven by a person. An operator decides, so that `evaluate` leaves it alone.

    - {id: t1, kind: task, title: 发布图文, evidence: screenshot, reward: {points: 50}, limit: 1, window: week}

Source   plans.md §2.5
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal

from domain.document import Form, Node, one_of, text, whole
from domain.history import History
from domain.money import Money
from domain.outcome import Award, Skip
from domain.periods import Window
from domain.plan import say
from domain.plan.counts import MOST, WINDOWS
from domain.plan.model import Scope
from domain.plan.reward import NO_PERCENT, Reward, reward_of
from domain.plan.words import PER_WINDOW


@dataclass(frozen=True, slots=True)
class TaskRule:
    """`limit` is how often in each window; None: as often as it is approved."""

    kind: ClassVar[str] = "task"
    name: ClassVar[str] = "任务奖励"
    scope_key: ClassVar[str] = "scope"
    id: str
    title: str
    evidence: Literal["screenshot", "text"]
    reward: Reward
    limit: int | None = None
    window: Window = "lifetime"

    @property
    def scope(self) -> Scope:
        return Scope()

    @classmethod
    def read(cls, node: Node) -> TaskRule:
        form = Form(node)
        form.need("kind", text())
        return form.done(
            cls(
                id=form.need("id", text(64)),
                title=form.need("title", text(40)),
                evidence=form.need("evidence", one_of("screenshot", "text")),
                reward=form.need("reward", NO_PERCENT),
                limit=form.may("limit", whole(1, MOST), None),
                window=form.may("window", one_of(*WINDOWS), "lifetime"),
            )
        )

    def data(self) -> dict[str, Any]:
        data = {"id": self.id, "kind": self.kind, "title": self.title, "evidence": self.evidence}
        limit = {} if self.limit is None else {"limit": self.limit}
        return data | {"reward": self.reward.data(), **limit, "window": self.window}

    def parts(self) -> dict[str, str]:
        limit = {} if self.limit is None else {"次数上限": f" {self.limit} 次"}
        evidence = {"screenshot": "截图", "text": "文字"}[self.evidence]
        return {"证明": evidence, "周期": say.WINDOW[self.window]} | limit | {"奖励": say.reward(self.reward)}

    def told(self, of: str) -> str:
        """「交截图，审核通过奖励积分 50 分，每周最多 1 次」"""
        evidence = {"screenshot": "截图", "text": "文字说明"}[self.evidence]
        limit = "" if self.limit is None else f"，{PER_WINDOW[self.window]}最多 {self.limit} 次"
        return f"交{evidence}，审核通过奖励{say.reward(self.reward)}{limit}"

    def outcomes(self, history: History, as_of: datetime) -> Iterator[Award | Skip]:
        """Nothing: what a person decides cannot be evaluated."""
        return iter(())

    @staticmethod
    def amount_of(facts: Mapping[str, Any]) -> Money:
        return Money(facts["reward_fen"])

    @staticmethod
    def why(facts: Mapping[str, Any]) -> str:
        """Facts: title, reward (in kind, else None) and reward_fen."""
        given = (
            reward_of(facts["reward"]) if facts["reward"] is not None else f" {Money(facts['reward_fen']).spoken} 元"
        )
        return f"{facts['title']}：已审核通过，奖励{given}"
