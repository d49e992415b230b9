"""The kinds of rules. Adding one is a class, a row here, and a test file."""

from __future__ import annotations

from domain.plan.commission import CommissionRule
from domain.plan.milestone import MilestoneRule
from domain.plan.model import Bonus, Rule
from domain.plan.ranking import RankingRule
from domain.plan.task import TaskRule
from domain.plan.team import TeamRule

BONUSES: dict[str, type[Bonus]] = {
    MilestoneRule.kind: MilestoneRule,
    TeamRule.kind: TeamRule,
    RankingRule.kind: RankingRule,
    TaskRule.kind: TaskRule,
}
KINDS: dict[str, type[Rule]] = {CommissionRule.kind: CommissionRule, **BONUSES}
