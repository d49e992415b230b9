"""Joining, the link, the inviter, the team."""

from __future__ import annotations

from dataclasses import replace

from domain.conversation import Intent, Reply, Sentence
from domain.distributor import UnknownCode
from handlers import poster
from handlers.context import Context
from handlers.periods import asked_period
from models.distributor import Distributor
from services import chat, distributor
from services.customer import ways


def join(ask: Intent, ctx: Context) -> Reply:
    """Make the writer a distributor, at once or for review; whoever is one already gets the same code again."""
    house = ctx.house
    if ctx.address.channel == "robot" and ctx.sender is None:
        return Reply.of("join.in_app")  # the robot may have been told another name of his than the app's
    code = ask.slots.get("code")
    if code is None and ctx.sender is None and (scanned := chat.inviter(ctx.session, ctx.address)) is not None:
        code = scanned.code
    who, is_new = distributor.join(
        ctx.session,
        house.vault,
        ctx.address,
        inviter_code=code,
        mode=house.join_mode,
        below=house.below,
        now=ctx.now,
    )
    ctx.sender = who
    if is_new:
        _look_up(ctx, who.id)
        if who.status == "active":
            _code_for_customers(ctx, who, waiting=None)
    if who.status == "review":
        if is_new:
            ctx.tell_operators(
                Reply.of("review.application", number=who.id, nickname=who.nickname), key=f"apply:{who.id}"
            )
        return Reply.of("join.in_review")
    key = "join.welcome" if is_new else "join.again"
    reply = Reply.of(key, code=ctx.me.code, link=ctx.link(who.code))
    if is_new and who.inviter_id is not None:
        reply = reply.then("join.inviter", inviter=ctx.session.get_one(type(who), who.inviter_id).nickname)
    return reply.then("join.first_steps", base=house.base_url)


def _look_up(ctx: Context, number: int) -> None:
    """Ask the platform who he is: WeCom for a member's name, elsewhere for the unionid by which his orders are his."""
    sender = ctx.address.sender
    if (lookup := chat.lookup(ctx.address)) is not None:
        ctx.later(lookup, "lookup_union", {}, key=f"union:{number}")
    elif ctx.address.channel == "wecom":
        ctx.later(f"directory:{sender}", "lookup_name", {"userid": sender}, key=f"name:{number}")


def link(ask: Intent, ctx: Context) -> Reply:
    me = ctx.me
    sku = ask.slots.get("product")
    reply = Reply.of("link.own", link=ctx.link(me.code), code=me.code)
    if sku is not None:
        reply = Reply.of("link.product", link=ctx.link(me.code, sku=sku), own=ctx.link(me.code))
    reply = reply.then("link.next")
    if sku is not None or ctx.overheard or ctx.house.customers is None or not ctx.house.customers.open:
        return reply
    if not _code_for_customers(ctx, me, waiting=ctx.lane):
        return poster.asking(ctx, reply.then("link.code_ordered"))
    return poster.asking(ctx, replace(reply.then("link.code"), posters=(ways.poster(me.id),)))


def _code_for_customers(ctx: Context, who: Distributor, *, waiting: str | None) -> bool:
    """Whether there is something by which customers come to him; if not, it is being made.

    waiting   the chat that gets its picture then
    """
    terms = ctx.house.customers
    if terms is None or not terms.open:
        return False
    way = ways.of(ctx.session, who, below=ctx.house.below, now=ctx.now)
    if terms.link is not None or way.config_id is not None:
        return True
    ctx.lanes.extend(ways.order(ctx.session, way, waiting=waiting, now=ctx.now))
    return False


def bind(ask: Intent, ctx: Context) -> Reply:
    """Name one's inviter afterwards: once, within a day of joining and before the first order."""
    me = ctx.me
    if (typed := ask.slots.get("code")) is None:
        return Reply.of("bind.which_code")
    inviter = distributor.find_by_code(ctx.session, typed)
    if inviter is None:
        raise UnknownCode(code=typed)
    distributor.bind(ctx.session, me, inviter, reason="bind", now=ctx.now)
    return Reply.of("bind.done", inviter=inviter.nickname)


def team(ask: Intent, ctx: Context) -> Reply:
    period = asked_period(ask)
    found = distributor.team(
        ctx.session, ctx.me, start=period.start if period else None, end=period.end if period else None
    )
    if period is not None:
        reply = Reply.of("team.in_period", invited=found.invited, period=period.label, joined=found.joined)
    else:
        reply = Reply.of("team.all", invited=found.invited)
    if not found.newest:
        return reply.then("team.nobody", link=ctx.link(ctx.me.code))
    lines = [Sentence("team.line", {"nickname": row.nickname, "joined": row.joined_at}) for row in found.newest]
    return reply.then("team.newest", lines=lines)
