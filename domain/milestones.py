"""Milestones over a history in which the plan may have changed: who reached which threshold when, and what of it.

    for decided in Walk(versions, history).decisions(as_of): …      # in the order in which they were reached

A threshold is decided once, under the version of the order that reaches it (for joinings: in force then). A rule is the
same in two versions if its id is, so that its n-th threshold is decided once, whatever the versions make of it. What
was passed before the rule first came into force, or is passed by an order whose version has no such rule, is passed and
not paid.

Units    counts are whole numbers; of `sales` fen
Source   plans.md §2.2 and §3, Versions
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from domain.history import BEGINNING, Change, History
from domain.money import ZERO, Money
from domain.outcome import Reason
from domain.progress import Counting, Key

if TYPE_CHECKING:  # a milestone's rule walks by this module
    from domain.plan.milestone import MilestoneCount, MilestoneRule
    from domain.plan.model import Terms


@dataclass(frozen=True, slots=True)
class Version:
    """What one version of the plan makes of a rule's id; `rule` None: it has no such rule."""

    starts_at: datetime
    terms: Terms
    rule: MilestoneRule | None


@dataclass(slots=True)
class Decided:
    """A threshold that was reached: by what, under which rule, and either a reason why not or the award's facts.

    count   as it is at the end of the walk; the award stands while it is at the threshold or above
    """

    key: Key
    n: int
    change: Change
    rule: MilestoneRule
    reason: Reason | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    count: int = 0


@dataclass(slots=True)
class Track:
    """Somebody's way in one window: how many thresholds are decided, and the sales in which awards have shared."""

    decided: int = 0
    shared: set[int] = field(default_factory=set)


class Walk:
    """One rule's id over a history.

    version_of  under which version a change is; else the one in force then
    only        of whom; else of everybody. The history may then hold no more than what concerns him
    """

    def __init__(
        self,
        versions: Sequence[Version],
        history: History,
        version_of: Callable[[Change], int] | None = None,
        only: str | None = None,
    ) -> None:
        self._versions, self._history, self._only = versions, history, only
        self._version_of = version_of or self._in_force
        self._views = [replace(history, terms=version.terms) for version in versions]
        self._deciding = _next_rules(versions)
        self._counting: dict[MilestoneCount, Counting] = {
            version.rule.count: version.rule.count.start(history) for version in versions if version.rule
        }
        self._seen: dict[MilestoneCount, dict[Key, int]] = {count: {} for count in self._counting}
        self._tracks: dict[Key, Track] = defaultdict(Track)

    def decisions(self, as_of: datetime) -> list[Decided]:
        """What was decided by `as_of`, in the order in which it was reached."""
        first = next((version for version in self._versions if version.rule), None)
        if first is None or first.rule is None:
            return []
        begun = first.starts_at <= BEGINNING
        found: list[Decided] = []
        for change in self._history.changes(as_of):
            if not begun and change.at >= first.starts_at:
                begun = True
                self._pass(first.rule)
            for count, key, before in self._moved(change):
                if begun:
                    found += self._reach(count, key, before, change)
        for decided in found:
            decided.count = self._counting[decided.rule.count].value(decided.key)
        return found

    def value(self, rule: MilestoneRule, key: Key) -> int:
        """How far somebody is by now, as this version of the rule counts."""
        return self._counting[rule.count].value(key)

    def _in_force(self, change: Change) -> int:
        at = change.sale.paid_at if change.sale is not None else change.at
        return max(0, bisect_right(self._versions, at, key=lambda version: version.starts_at) - 1)

    def _pass(self, rule: MilestoneRule) -> None:
        """Thresholds that are passed when the rule first comes into force are not paid."""
        for key, value in self._seen[rule.count].items():
            self._tracks[key].decided = rule.reached(value)

    def _moved(self, change: Change) -> Iterator[tuple[MilestoneCount, Key, int]]:
        """The counts that a change has moved up, each with what it was before."""
        for count, counting in self._counting.items():
            seen = self._seen[count]
            for key in counting.take(change):
                if self._only not in (None, key[0]):
                    continue
                before, seen[key] = seen.get(key, 0), counting.value(key)
                if seen[key] > before:
                    yield count, key, before

    def _reach(self, count: MilestoneCount, key: Key, before: int, change: Change) -> Iterator[Decided]:
        place = self._version_of(change)
        rule, pays = self._deciding[place], self._versions[place].rule is not None
        if rule is None or rule.count != count:
            return
        track, after = self._tracks[key], self._seen[count][key]
        while track.decided < rule.reached(after):
            track.decided += 1
            if pays and rule.threshold(track.decided) > before:
                yield from self._decide(rule, self._views[place], key, track, change)

    def _decide(self, rule: MilestoneRule, view: History, key: Key, track: Track, change: Change) -> Iterator[Decided]:
        """Whether he may earn, and how much, is fixed in this moment."""
        decided = Decided(key, track.decided, change, rule, reason=view.may_not_earn(key[0], change.at))
        if decided.reason is None and change.sale is not None and view.bought(key[0], change.sale):
            decided.reason = "own_order"
        if decided.reason is not None:
            yield decided
            return
        base: dict[int, int] = {}
        if rule.reward.rate_bp is not None:
            base = {
                id(sale): fen
                for sale, fen in self._counting[rule.count].base(key, change.at)
                if id(sale) not in track.shared and not view.bought(key[0], sale)
            }
        amount = rule.reward.amount(Money(sum(base.values())))
        if amount == ZERO and rule.reward.in_kind is None:
            return  # what never was above 0 is no award
        track.shared |= base.keys()
        decided.facts = rule.facts(decided, Money(sum(base.values())), amount)
        yield decided


def _next_rules(versions: Sequence[Version]) -> list[MilestoneRule | None]:
    """For each version its rule, or the one of the next that has one: what it would have paid is passed."""
    found: list[MilestoneRule | None] = []
    coming: MilestoneRule | None = None
    for version in reversed(versions):
        coming = version.rule or coming
        found.append(coming)
    return found[::-1]
