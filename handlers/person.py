"""Who one is, and that another chat is one's own too."""

from __future__ import annotations

from domain.conversation import Intent, Reply, Sentence
from handlers.context import Context
from services import chat, distributor, message, person


def profile(ask: Intent, ctx: Context) -> Reply:
    """「我的资料」 tells what is known; 「关联」 gives a one-time code, 「关联 CODE」 in another chat joins the two."""
    typed = ask.slots.get("link")
    if typed:
        return _link(ctx, typed)
    if typed is not None:
        return _give_code(ctx)
    me = ctx.me
    names = [ctx.house.catalogue.render(Sentence(f"chat.{mine.channel}")) for mine in person.chats(ctx.session, me)]
    reply = Reply.of("profile.now", nickname=me.nickname, code=me.code, joined=me.joined_at)
    return reply.then("profile.chats", chats="、".join(dict.fromkeys(names))).then("profile.next")


def _give_code(ctx: Context) -> Reply:
    if ctx.sender is None:
        return Reply.of("profile.where")
    code = person.give_code(
        ctx.session, ctx.house.vault, ctx.me, ctx.address.channel, below=ctx.house.below, now=ctx.now
    )
    return Reply.of("profile.code", code=code).then("profile.code_next", code=code)


def _link(ctx: Context, typed: str) -> Reply:
    before = ctx.sender
    linked = person.link(ctx.session, ctx.house.vault, ctx.address, typed, now=ctx.now)
    if linked is None:  # no refusal, which would undo that it was counted
        return Reply.of("profile.unknown_code")
    who = ctx.sender = linked.who
    here, there = Sentence(f"chat.{ctx.address.channel}"), Sentence(f"chat.{linked.given_in}")
    if (lookup := chat.lookup(ctx.address)) is not None:
        ctx.later(lookup, "lookup_union", {}, key=f"union:{who.id}:{ctx.message_key}"[:160])
    for address in distributor.addresses(ctx.session, who.id):
        if address.channel == linked.given_in and address.sender != ctx.address.sender:
            lane = message.lane_of(address.channel, address.sender)
            ctx.send(lane, Reply.of("told.linked", chat=here), key=f"linked:{address.channel}:{ctx.message_key}"[:160])
            break
    reply = Reply.of("profile.linked", here=here, there=there, nickname=who.nickname)
    if before is not None and linked.absorbed is not None:
        reply = reply.then("profile.absorbed", code=who.code, old=linked.absorbed)
    return reply.then("profile.linked_next")
