"""Published plans checked again, once a day: operators are told as long as one runs that today's rules forbid."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from domain.conversation import Reply
from domain.periods import shanghai_date
from models import Sessions
from services import distributor, lawful, message
from services.message import Catalogue


class LawfulJob:
    """`job(as_of)` tells every operator of every such plan, once a day."""

    def __init__(
        self,
        sessions: Sessions,
        clock: Callable[[], datetime],
        catalogue: Catalogue,
        wake: Callable[[Iterable[str]], None],
    ) -> None:
        self._sessions, self._clock, self._catalogue, self._wake = sessions, clock, catalogue, wake

    def __call__(self, as_of: datetime) -> dict[str, Any]:
        now, lanes = self._clock(), []
        with self._sessions.writing() as session:
            found = lawful.unlawful(session, as_of)
            for one in found:
                said = Reply.of("alerts.unlawful", plan=one.name, rules=one.rules).then("alerts.unlawful_next")
                for operator in distributor.operators(session):
                    lane = message.lane_of_member(operator.userid)
                    key = f"unlawful:{one.version_id}:{shanghai_date(as_of)}:{operator.userid}"
                    message.tell(session, self._catalogue, said, key=key, lane=lane, now=now)
                    lanes.append(lane)
        self._wake(lanes)
        return {"unlawful": len(found), "told": len(lanes)}
