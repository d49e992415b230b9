"""The leaderboard in the chat."""

from __future__ import annotations

from domain.conversation import Intent, Reply, Sentence
from domain.periods import shanghai_date
from handlers.context import Context
from handlers.periods import asked_period, tally_period
from services import rank as ranks
from services.rank import Standing


def rank(ask: Intent, ctx: Context) -> Reply:
    """The first ten of a day, week or month, and where the writer stands.

    Colleagues who are no distributors read it too, where they ask the robot: they see it in their groups every day.
    """
    me = None if ctx.sender is None and ctx.address.channel == "robot" else ctx.me
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
        nobody = Reply.of("rank.nobody", period=label)
        return nobody if me is None else nobody.then("rank.own_none", period=label)
    reply = Reply.of(f"rank.head_{by}", period=label).then("rank.lines", lines=[_line(place, by) for place in places])
    if me is None:
        return reply
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
