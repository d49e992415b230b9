"""The leaderboard job: the week's standing to the group robots, as a text and as a picture.

A push on Monday morning tells the week that has just ended; later ones the week that runs. While nobody has sold in
it, they show the week before once more: an empty board makes nobody want to be on it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from domain.conversation import Reply, Sentence
from domain.periods import Period, shanghai_date, week_of
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
        running = _week_of(as_of - LOOKING_BACK)
        with self._sessions.writing() as session:
            period, places = running, rank.top(session, running, limit=PLACES)
            if not places:
                before = _week_of(running.start - LOOKING_BACK)
                if places := rank.top(session, before, limit=PLACES):
                    period = before
            for lane in self._lanes:
                key = f"leaderboard:{as_of.isoformat(timespec='seconds')}:{lane}"
                self._queue(session, key, lane, period, places, running=period is running)
        self._wake(self._lanes)
        return {"period": period.label, "places": len(places), "robots": len(self._lanes)}

    def _queue(
        self, session: Session, key: str, lane: str, period: Period, places: list[Standing], *, running: bool
    ) -> None:
        now, label = self._clock(), _dates(period)
        if not places:
            text = self._catalogue.text(Reply.of("leaderboard.nobody", period=label))
            message.queue_text(session, key=key, lane=lane, kind="robot_text", text=text, now=now)
            return
        title = Sentence("leaderboard.title", {"period": label})
        said = "leaderboard.text" if running else "leaderboard.text_last"
        text = self._catalogue.text(Reply.of(said, title=title, lines=[_line(place) for place in places]))
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


def _week_of(instant: datetime) -> Period:
    return week_of(shanghai_date(instant))


def _dates(period: Period) -> str:
    first, last = period.first, period.until - timedelta(days=1)
    return f"{first.month}月{first.day}日至{last.month}月{last.day}日"


def _line(place: Standing) -> Sentence:
    facts = {"rank": place.rank, "nickname": place.nickname, "sales": place.sales, "orders": place.orders}
    return Sentence("leaderboard.line", facts)
