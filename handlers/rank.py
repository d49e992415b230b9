"""The leaderboard in the chat."""

from __future__ import annotations

from domain.conversation import Intent, Reply, Sentence
from domain.periods import shanghai_date
from handlers.context import Context
from handlers.periods import asked_period, tally_period
from services import rank as ranks
from services.rank import Standing


def rank(ask: Intent, ctx: Context) -> Reply:
    """The first ten of a day, week or month, and where the writer stands."""
    me = ctx.me
    asked = asked_period(ask)
    period = tally_period(asked, ctx.now)
    if period is None:
        return Reply.of("rank.no_such_period")
    label = asked.label if asked else "本周"
    by = ask.slots.get("by") or "sales"
    places = ranks.top(ctx.session, period, by=by)
    if not places:
        if period.until <= shanghai_date(ctx.now):
            return Reply.of("rank.nobody_then", period=label)
        return Reply.of("rank.nobody", period=label).then("rank.own_none", period=label)
    reply = Reply.of(f"rank.head_{by}", period=label).then("rank.lines", lines=[_line(place, by) for place in places])
    mine = ranks.own(ctx.session, me, period)
    if mine is None:
        return reply.then("rank.own_none", period=label)
    if by != "sales":
        place = next((place.rank for place in places if place.distributor_id == me.id), None)
        return reply.then("rank.own_place", rank=place) if place else reply.then("rank.own_beyond", places=len(places))
    if mine.missing is None:
        return reply.then("rank.own_first")
    return reply.then("rank.own", rank=mine.rank, missing=mine.missing, before=mine.rank - 1)


def _line(place: Standing, by: str) -> Sentence:
    facts = {"rank": place.rank, "nickname": place.nickname}
    return Sentence(f"rank.line_{by}", facts | {"sales": place.sales, "orders": place.orders, "units": place.units})
