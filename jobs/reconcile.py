"""Reconciliation: the books against themselves; a difference is an error that somebody must look at."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from models import Sessions
from services import ledger

log = logging.getLogger(__name__)


class ReconcileJob:
    """`job(as_of)` verifies all entries and balances and reports how many places differ."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def __call__(self, as_of: datetime) -> dict[str, Any]:
        with self._sessions.reading() as session:
            found = ledger.verify(session)
        for difference in found:
            log.error("the books differ", extra={"event": "ledger.differs", "what": difference.what})
        return {"differences": len(found)}
