"""The leaderboard job: the week's standing to the group robots, as a text and as a picture.

A push on Monday morning tells the week that has just ended; later ones the week that runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.conversation import Reply, Sentence
from domain.periods import period_of
from models import Sessions
from services import message, rank
from services.message import Catalogue
from services.rank import Standing

LOOKING_BACK = timedelta(hours=12)
PLACES = 10


def lane_of_robot(key: str) -> str:
    """A robot's lane. Its key is the only secret of the address, so a digest of it stands in tables and logs."""
    return f"robot:{hashlib.sha256(key.encode()).hexdigest()[:16]}"


class LeaderboardJob:
    """`job(as_of)` queues the leaderboard for each robot, once for each moment."""

    def __init__(
        self,
        sessions: Sessions,
        clock: Callable[[], datetime],
        catalogue: Catalogue,
        lanes: Sequence[str],
        wake: Callable[[Iterable[str]], None],
    ) -> None:
        self._sessions, self._clock, self._catalogue = sessions, clock, catalogue
        self._lanes, self._wake = tuple(lanes), wake

    def __call__(self, as_of: datetime) -> dict[str, Any]:
        period = period_of("week", as_of - LOOKING_BACK)
        if period is None:
            raise ValueError("a week is a period")
        first, last = period.first, period.until - timedelta(days=1)
        label = f"{first.month}月{first.day}日至{last.month}月{last.day}日"
        with self._sessions.writing() as session:
            places = rank.top(session, period, limit=PLACES)
            for lane in self._lanes:
                key = f"leaderboard:{as_of.isoformat(timespec='seconds')}:{lane}"
                self._queue(session, key, lane, label, places)
        self._wake(self._lanes)
        return {"period": period.label, "places": len(places), "robots": len(self._lanes)}

    def _queue(self, session: Any, key: str, lane: str, label: str, places: list[Standing]) -> None:
        now = self._clock()
        title = Sentence("leaderboard.title", {"period": label})
        if not places:
            said = Reply.of("leaderboard.nobody", period=label)
            text = self._catalogue.text(said)
            message.queue_text(session, key=key, lane=lane, kind="robot_text", text=text, now=now)
            return
        said = Reply.of("leaderboard.text", title=title, lines=[_line(place) for place in places])
        text = self._catalogue.text(said)
        message.queue_text(session, key=key, lane=lane, kind="robot_text", text=text, now=now)
        poster = {"kind": "leaderboard", "facts": self._facts(label, places)}
        message.queue(session, key=f"{key}:poster", lane=lane, kind="robot_poster", body={"poster": poster}, now=now)

    def _facts(self, label: str, places: list[Standing]) -> dict[str, Any]:
        say = self._catalogue.render
        return {
            "title": say(Sentence("leaderboard.picture_title")),
            "period": label,
            "rows": [
                [place.rank, place.nickname, say(Sentence("leaderboard.value", {"sales": place.sales}))]
                for place in places
            ],
            "footnote": say(Sentence("leaderboard.footnote")),
        }


def _line(place: Standing) -> Sentence:
    facts = {"rank": place.rank, "nickname": place.nickname, "sales": place.sales, "orders": place.orders}
    return Sentence("leaderboard.line", facts)
