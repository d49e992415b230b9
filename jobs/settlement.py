"""The settlement job: a run per cycle, and in it the commission of each distributor, the milestones of those about whom
something has happened, and the windows of team and ranking that are over. At the end each is told once in the chat.

Killed at any moment it goes on where it stood; run twice, or by two processes at once, it does nothing twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from domain.conversation import Reply
from domain.money import ZERO, Money, total
from models import Sessions
from models.settlement import SettlementRun
from services import distributor, ledger, level, push, settlement
from services.bonus import milestones, windows
from services.distributor import Address
from services.message import Catalogue
from services.settlement import Told

log = logging.getLogger(__name__)

TOLD_AT_ONCE = 100


@dataclass(slots=True)
class Counts:
    """distributors and amount are of commission; bonuses is what they came to, less what was taken back."""

    runs: int = 0
    distributors: int = 0
    failed: int = 0
    amount: Money = ZERO
    bonuses: Money = ZERO
    windows: int = 0

    def summary(self) -> dict[str, Any]:
        return {
            "runs": self.runs,
            "distributors": self.distributors,
            "failed": self.failed,
            "amount": self.amount.yuan,
            "bonuses": self.bonuses.yuan,
            "windows": self.windows,
        }


class SettlementJob:
    """`job(as_of)` settles everything that is due by `as_of`, as if it were then."""

    def __init__(
        self,
        sessions: Sessions,
        clock: Callable[[], datetime],
        catalogue: Catalogue,
        wake: Callable[[Iterable[str]], None],
    ) -> None:
        self._sessions, self._clock, self._catalogue, self._wake = sessions, clock, catalogue, wake

    def __call__(self, as_of: datetime, *, reason: str = "schedule") -> dict[str, Any]:
        counts = Counts()
        while counts.failed == 0 and (run := self._open(as_of, reason)) is not None:
            counts.runs += 1
            self._work(run, as_of, counts)
        self._levels(as_of)
        log.info("settled", extra={"event": "settlement.done", **counts.summary()})
        return counts.summary()

    def _open(self, as_of: datetime, reason: str) -> SettlementRun | None:
        with self._sessions.writing() as session:
            return settlement.open_run(session, as_of, reason=reason, now=self._clock())

    def _work(self, run: SettlementRun, as_of: datetime, counts: Counts) -> None:
        """Everything that is due in this run; it stays open, and is taken up again, if something of it failed."""
        self._everybody(run, settlement.due_distributors, self._commission, counts)
        while self._everybody(run, milestones.due, self._milestones, counts):
            pass  # who came to count, or ceased to, may concern somebody who had been passed by
        self._windows(run, counts)
        self._tell(run)
        if counts.failed == 0:
            with self._sessions.writing() as session:
                settlement.close(session, run.id, now=max(self._clock(), as_of))

    # One distributor

    def _everybody(
        self,
        run: SettlementRun,
        due: Callable[[Session, datetime, int], list[int]],
        settle: Callable[[SettlementRun, int, Counts], bool],
        counts: Counts,
    ) -> bool:
        """Each who is due, in a transaction of his own; whether any of them leaves more to be done."""
        after, more = 0, False
        while batch := self._batch(due, run.cutoff, after):
            for distributor_id in batch:
                try:
                    more |= settle(run, distributor_id, counts)
                except Exception:  # the job loop: one person's failure leaves the others their money
                    counts.failed += 1
                    ids = {"event": "settlement.failed", "run": run.id, "distributor": distributor_id}
                    log.exception("a distributor could not be settled", extra=ids)
            after = batch[-1]
        return more

    def _batch(self, due: Callable[[Session, datetime, int], list[int]], cutoff: datetime, after: int) -> list[int]:
        with self._sessions.reading() as session:
            return due(session, cutoff, after)

    def _commission(self, run: SettlementRun, distributor_id: int, counts: Counts) -> bool:
        # a refund that locks the other way round may be in the way
        amount = self._sessions.transact(
            lambda session: settlement.settle(session, run, distributor_id, now=self._clock())
        )
        if amount:
            counts.distributors += 1
            counts.amount += amount
        return False

    def _milestones(self, run: SettlementRun, distributor_id: int, counts: Counts) -> bool:
        result = self._sessions.transact(
            lambda session: settlement.settle_milestones(session, run, distributor_id, now=self._clock())
        )
        counts.bonuses += result.amount
        return bool(result.flagged)

    # Windows

    def _windows(self, run: SettlementRun, counts: Counts) -> None:
        with self._sessions.reading() as session:
            due = windows.due(session, run.cutoff)
        for one in due:
            try:
                self._window(run, one, counts)
            except Exception:  # the job loop: one rule's failure leaves the others theirs
                counts.failed += 1
                ids = {"event": "window.failed", "run": run.id, "rule": one.rule.id, "window": one.period.label}
                log.exception("a window could not be computed", extra=ids)

    def _window(self, run: SettlementRun, one: windows.Due, counts: Counts) -> None:
        work = windows.begin
        while True:
            given = self._sessions.transact(
                lambda session, work=work: work(session, one, run_id=run.id, now=self._clock())
            )
            counts.bonuses += total(given.amounts.values())
            if given.is_last:
                counts.windows += 1
                return
            work = windows.go_on

    # Levels

    def _levels(self, as_of: datetime) -> None:
        """Whoever has reached another level by what has settled is told so, each in a transaction of his own."""
        after = 0
        while batch := self._to_look_at(as_of, after):
            for distributor_id in batch:
                self._look(distributor_id, as_of)
            after = batch[-1]

    def _to_look_at(self, as_of: datetime, after: int) -> list[int]:
        with self._sessions.reading() as session:
            return level.to_look_at(session, as_of, after)

    def _look(self, distributor_id: int, as_of: datetime) -> None:
        def work(session: Session) -> str | None:
            said = level.look(session, distributor_id, as_of)
            if said is None:
                return None
            key = f"level:{distributor_id}:{level.times_told(session, distributor_id)}"
            now = self._clock()
            return push.tell(session, self._catalogue, said, key=key, to=distributor_id, now=now, about="level")

        try:
            lane = self._sessions.transact(work)
        except Exception:  # as above: the next run looks again
            ids = {"event": "level.failed", "distributor": distributor_id}
            log.exception("a level could not be looked at", extra=ids)
            return
        if lane is not None:
            self._wake([lane])

    # What they are told

    def _tell(self, run: SettlementRun) -> None:
        while lanes := self._sessions.transact(lambda session: self._told(session, run)):
            self._wake(lane for lane in lanes if lane is not None)

    def _told(self, session: Session, run: SettlementRun) -> list[str | None]:
        """The lanes of those who were told, None for who cannot be written to; empty where all have been told."""
        found = settlement.untold(session, run.id, TOLD_AT_ONCE)
        ids = [told.statement.distributor_id for told in found]
        addresses, available = distributor.address_of_each(session, ids), ledger.available_of_each(session, ids)
        lanes = []
        with session.no_autoflush:  # all rows are written together at the end
            for told in found:
                who = told.statement.distributor_id
                lanes.append(self._push(session, told, addresses.get(who), available.get(who, ZERO)))
                told.statement.told_at = self._clock()
        session.flush()
        return lanes

    def _push(self, session: Session, told: Told, address: Address | None, available: Money) -> str | None:
        statement = told.statement
        if address is None or not (statement.orders or told.bonuses):
            return None
        to, said = statement.distributor_id, self._said(told, available)
        key = f"statement:{statement.run_id}:{to}"
        return push.tell(session, self._catalogue, said, key=key, to=to, now=self._clock(), at=address)

    def _said(self, told: Told, available: Money) -> Reply:
        """Commission first, then each bonus with its why, then what he has now."""
        statement = told.statement
        if not told.bonuses:
            return Reply.of("told.settled", amount=statement.amount, orders=statement.orders, available=available)
        said = Reply(())
        if statement.orders:
            said = said.then("told.settled_orders", amount=statement.amount, orders=statement.orders)
        if statement.bonus > ZERO:
            said = said.then("told.bonuses", amount=statement.bonus, lines=list(told.bonuses))
        elif statement.bonus < ZERO:
            said = said.then("told.bonuses_taken_back", amount=-statement.bonus, lines=list(told.bonuses))
        else:
            said = said.then("told.bonuses_in_kind", lines=list(told.bonuses))
        if told.more:
            said = said.then("told.more_bonuses", count=told.more)
        return said.then("told.available_now", available=available)
