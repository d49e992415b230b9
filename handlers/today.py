"""The operator's day."""

from __future__ import annotations

from domain.conversation import Intent, Reply
from handlers.context import Context
from services import report


def today(ask: Intent, ctx: Context) -> Reply:
    day = report.today(ctx.session, ctx.now)
    reply = Reply.of("today.sales", orders=day.orders, sales=day.sales, commission=day.commission)
    reply = reply.then("today.people", joined=day.joined)
    if day.waiting:
        return reply.then("today.waiting", count=day.waiting, amount=day.waiting_amount)
    return reply.then("today.nothing_waiting")
