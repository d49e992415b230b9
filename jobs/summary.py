"""The summary jobs: each morning the day that has ended, each week the week, to everybody for whom something is new.

A push at ten past nine tells yesterday, one in the evening the day itself: it is the day (or week) that held the moment
twelve hours before. Killed at any moment, run twice or by two schedulers at once, it tells nobody twice: the key of a
summary is the person and the period. Nobody is woken for it; the sender's sweep takes what is due at the pace of the
budgets.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from domain.conversation import Reply, Sentence
from domain.money import Money
from domain.periods import Period, day_of, shanghai_date, week_of
from domain.plan import say
from domain.plan.words import number as spoken
from handlers.level import count_of
from models import Sessions
from services import push, summary
from services.message import Catalogue
from services.summary import Summary

LOOKING_BACK = timedelta(hours=12)
KIND = "summary"


class SummaryJob:
    """`job(as_of)` queues a summary for each who has something new.

    span     day | week
    minimum  from which on can be withdrawn
    """

    def __init__(
        self, sessions: Sessions, clock: Callable[[], datetime], catalogue: Catalogue, span: str, minimum: Money
    ) -> None:
        self._sessions, self._clock, self._catalogue = sessions, clock, catalogue
        self._span, self._minimum = span, minimum

    def __call__(self, as_of: datetime) -> dict[str, Any]:
        day = shanghai_date(as_of - LOOKING_BACK)
        period = week_of(day) if self._span == "week" else day_of(day)
        counts = {"period": period.label, "looked_at": 0, "told": 0}
        after = 0
        while (found := self._page(period, after)) is not None:
            after, looked_at, replies = found
            counts["looked_at"] += looked_at
            counts["told"] += self._sessions.transact(lambda session, said=replies: self._tell(session, period, said))
        return counts

    def _page(self, period: Period, after: int) -> tuple[int, int, list[tuple[int, Reply]]] | None:
        """The last id of the next page, how many are in it, and what those with something new are told."""
        now = self._clock()
        with self._sessions.reading() as session:
            people = {who.id: who for who in summary.page(session, after)}
            if not people:
                return None
            wants = push.choices_of(session, people)
            asked = [number for number in people if number not in wants or KIND not in wants[number].off(now)]
            news = summary.news(session, asked, period)
            ranked = self._span == "week"
            said = [
                self._said(summary.of(session, people[number], news[number], period, ranked=ranked, now=now), period)
                for number in sorted(news)
            ]
            return max(people), len(people), list(zip(sorted(news), said, strict=True))

    def _tell(self, session: Session, period: Period, replies: list[tuple[int, Reply]]) -> int:
        """Queue a page's; how many can be written to."""
        lanes = [
            push.tell(
                session,
                self._catalogue,
                reply,
                key=f"summary:{period.label}:{number}",
                to=number,
                now=self._clock(),
                about=f"summary:{self._span}",
            )
            for number, reply in replies
        ]
        return sum(lane is not None for lane in lanes)

    def _said(self, found: Summary, period: Period) -> Reply:
        """What came in first; then the place, what is due and what is near; last the one next step."""
        have = found.balances
        facts = {
            "earned": found.came.earned,
            "orders": found.came.orders,
            "pending": have.pending,
            "available": have.available,
        }
        if self._span == "week":
            last = period.until - timedelta(days=1)
            sentences = [Sentence("summary.week", facts | {"first": period.first, "last": last}), *_place(found)]
        else:
            sentences = [Sentence("summary.day", facts | {"date": period.first})]
        if found.due is not None:
            sentences.append(Sentence("summary.due", {"date": found.due.at, "amount": found.due.amount}))
        return Reply((*sentences, *_near(found), self._next(have.available)))

    def _next(self, available: Money) -> Sentence:
        if available >= self._minimum:
            return Sentence("summary.next_withdraw", {"available": available})
        return Sentence("summary.next_missing", {"missing": self._minimum - available, "minimum": self._minimum})


def _place(found: Summary) -> list[Sentence]:
    if found.rank is None:
        return []
    if found.rank.missing is None:
        return [Sentence("summary.first")]
    facts = {"rank": found.rank.rank, "missing": found.rank.missing, "before": found.rank.rank - 1}
    return [Sentence("summary.place", facts)]


def _near(found: Summary) -> list[Sentence]:
    """One of the two: the level, which changes more."""
    if (missing := found.level) is not None:
        left = count_of(missing.of, missing.at_least - missing.have)
        return [Sentence("summary.near_level", {"title": missing.title, "missing": left})]
    if (way := found.reward) is not None:
        of = way.rule.count.of
        left = Sentence(f"tasks.missing_{of}", {"count": spoken(of, way.missing)})
        facts = {"title": way.rule.title, "missing": left, "reward": say.reward(way.rule.reward)}
        return [Sentence("summary.near_reward", facts)]
    return []
