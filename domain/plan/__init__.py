"""The plan document (分销方案): parsed, validated, immutable. What each key means is in plans.md §2.

    plan = parse(text)                     # form only; PlanRefused names line, key and what is allowed
    check_against(plan, catalogue)         # the SKUs and categories that it names; PlanRefused likewise
    canonical(plan), digest(plan)          # one JSON text and its SHA-256; parse(canonical(plan)) == plan
    changes(old, new)                      # the difference in words
    told(plan)                             # as a distributor reads it, a line for each thing he can earn

Units    rates are basis points, amounts Money, hold_days days of 24 hours
Raises   PlanRefused with `faults`: line, key, zh, en
"""

from domain.document import Fault
from domain.plan.commission import CommissionRule, PayRow
from domain.plan.counts import ROLES, Condition, Level, Results, Steps, Table, level_of
from domain.plan.diff import Difference, changes
from domain.plan.kinds import BONUSES, KINDS
from domain.plan.milestone import MilestoneCount, MilestoneRule
from domain.plan.model import Attribution, Bonus, Rule, Scope, Terms, seat
from domain.plan.parse import (
    Catalogue,
    PlanRefused,
    Product,
    canonical,
    check_against,
    digest,
    parse,
)
from domain.plan.plan import Plan
from domain.plan.ranking import RankingRule
from domain.plan.reward import Reward
from domain.plan.task import TaskRule
from domain.plan.team import TeamRule
from domain.plan.told import told

__all__ = [
    "BONUSES",
    "KINDS",
    "ROLES",
    "Attribution",
    "Bonus",
    "Catalogue",
    "CommissionRule",
    "Condition",
    "Difference",
    "Fault",
    "Level",
    "MilestoneCount",
    "MilestoneRule",
    "PayRow",
    "Plan",
    "PlanRefused",
    "Product",
    "RankingRule",
    "Results",
    "Reward",
    "Rule",
    "Scope",
    "Steps",
    "Table",
    "TaskRule",
    "TeamRule",
    "Terms",
    "canonical",
    "changes",
    "check_against",
    "digest",
    "level_of",
    "parse",
    "seat",
    "told",
]
