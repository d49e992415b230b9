"""The settlement job: a run per cycle, each distributor in a transaction of his own, his statement pushed in the chat.

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
from domain.money import ZERO, Money
from models import Sessions
from models.settlement import SettlementRun, Statement
from services import distributor, ledger, message, settlement
from services.message import Catalogue

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Counts:
    runs: int = 0
    distributors: int = 0
    failed: int = 0
    amount: Money = ZERO

    def summary(self) -> dict[str, Any]:
        return {
            "runs": self.runs,
            "distributors": self.distributors,
            "failed": self.failed,
            "amount": self.amount.yuan,
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
        log.info("settled", extra={"event": "settlement.done", **counts.summary()})
        return counts.summary()

    def _open(self, as_of: datetime, reason: str) -> SettlementRun | None:
        with self._sessions.writing() as session:
            return settlement.open_run(session, as_of, reason=reason, now=self._clock())

    def _work(self, run: SettlementRun, as_of: datetime, counts: Counts) -> None:
        """Everybody who is due in this run; it stays open, and is taken up again, if somebody's settling failed."""
        after = 0
        while batch := self._batch(run, after):
            for distributor_id in batch:
                self._settle(run, distributor_id, counts)
            after = batch[-1]
        if counts.failed == 0:
            with self._sessions.writing() as session:
                settlement.close(session, run.id, now=max(self._clock(), as_of))

    def _batch(self, run: SettlementRun, after: int) -> list[int]:
        with self._sessions.reading() as session:
            return settlement.due_distributors(session, run.cutoff, after)

    def _settle(self, run: SettlementRun, distributor_id: int, counts: Counts) -> None:

        def work(session: Session) -> tuple[Statement | None, str | None]:
            statement = settlement.settle(session, run, distributor_id, now=self._clock())
            return statement, self._push(session, statement) if statement else None

        try:
            statement, lane = self._sessions.transact(work)  # a refund that locks the other way round may be in the way
        except Exception:  # the job loop: one person's failure leaves the others their money
            counts.failed += 1
            ids = {"event": "settlement.failed", "run": run.id, "distributor": distributor_id}
            log.exception("a distributor could not be settled", extra=ids)
            return
        if statement is not None:
            counts.distributors += 1
            counts.amount += statement.amount
        if lane is not None:
            self._wake([lane])

    def _push(self, session: Session, statement: Statement) -> str | None:
        address = distributor.address(session, statement.distributor_id)
        if address is None:
            return None
        available = ledger.balances(session, statement.distributor_id).available
        said = Reply.of("told.settled", amount=statement.amount, orders=statement.orders, available=available)
        lane = message.lane_of(address.channel, address.sender)
        key = f"statement:{statement.run_id}:{statement.distributor_id}"
        message.tell(session, self._catalogue, said, key=key, lane=lane, now=self._clock())
        return lane
