"""Greeting, help, rules, thanks, and what was not understood."""

from __future__ import annotations

from domain.conversation import OPEN_INTENTS, Intent, Reply, Sentence
from handlers.context import Context
from handlers.menu import offers, with_menu
from services import chat, plan
from services import unknown as phrases

# What is understood and cannot be done yet: the nearest that can.
INSTEAD = {
    "parcel": ("orders", "explain", "rules"),
    "appeal": ("explain", "earnings_detail", "orders"),
}

USUAL = ("earnings", "poster", "rules")  # where nothing is near
# To tap, where the chat has no menu.
FOR_STRANGERS = ("join", "rules", "human")
FOR_DISTRIBUTORS = ("earnings", "poster", "products", "withdraw", "human")


def greet(ask: Intent, ctx: Context) -> Reply:
    if ctx.sender is None and ctx.operator is not None:
        return Reply.of("greet.operator")
    by = chat.inviter(ctx.session, ctx.address)
    if ctx.sender is None and by is not None:
        return with_menu(ctx, Reply.of("greet.stranger").then("greet.invited", inviter=by.nickname), FOR_STRANGERS)
    if ctx.sender is None:
        return with_menu(ctx, Reply.of("greet.stranger").then("greet.stranger_next"), FOR_STRANGERS)
    reply = Reply.of("greet.known", nickname=ctx.sender.nickname).then("greet.known_next")
    if by is not None and ctx.scene and ctx.sender.inviter_id is None and by.id != ctx.sender.id:
        reply = reply.then("greet.scanned", inviter=by.nickname, code=by.code)
    return with_menu(ctx, reply, FOR_DISTRIBUTORS)


def help_(ask: Intent, ctx: Context) -> Reply:
    if ctx.sender is None and ctx.operator is not None:
        return Reply.of("help.operator")
    stranger = ctx.sender is None
    reply = Reply.of("help.stranger" if stranger else "help.distributor")
    reply = with_menu(ctx, reply, FOR_STRANGERS if stranger else FOR_DISTRIBUTORS)
    return reply.then("help.operator") if ctx.operator is not None else reply


def thanks(ask: Intent, ctx: Context) -> Reply:
    return Reply.of("thanks.welcome")


def rules(ask: Intent, ctx: Context) -> Reply:
    """The plan in force in plain words; a question about one thing is answered with that one."""
    version = plan.in_force(ctx.session, ctx.now)
    if version is None:
        return Reply.of("rules.no_plan")
    limits, terms = ctx.house.limits, version.plan.terms
    pays = Sentence("rules.lines", {"lines": [f"· {line}" for line in plan.told(ctx.session, version.plan)]})
    when = Sentence("rules.when", {"days": terms.hold_days})
    arrives = Sentence("rules.arrives")
    withdraw = Sentence("rules.withdraw", {"minimum": limits.minimum, "limit": limits.daily_limit})
    own = Sentence(f"rules.own_{terms.own_orders}")
    members = (Sentence("rules.members_only"),) if terms.members_only else ()
    parts: dict[str, tuple[Sentence, ...]] = {
        "arrival": (when, arrives),
        "refund": (when,),
        "self": (own,),
        **dict.fromkeys(("fee", "tax", "minimum", "limit", "withdraw"), (withdraw, arrives)),
    }
    everything = (Sentence("rules.head", {"name": version.plan.name}), pays, *members, when, withdraw)
    said = parts.get(str(ask.slots.get("topic"))) or everything
    return Reply(said).then("rules.next", base=ctx.house.base_url)


def unknown(ask: Intent, ctx: Context) -> Reply:
    """Say that it was not understood, or that it cannot be done yet, and what is nearest."""
    if ask.name == "privacy":
        return Reply.of("unknown.privacy", base=ctx.house.base_url)
    near = (INSTEAD.get(ask.name) or ask.nearest or USUAL)[:3]
    if ask.heard:
        phrases.note(ctx.session, ask.heard, now=ctx.now)
    names = [Sentence(f"intent.{name}") for name in near]
    filled = dict(zip(("a", "b", "c"), [*names, *names, *names][:3], strict=True))
    reply = Reply.of("unknown.not_yet" if ask.name in INSTEAD else f"unknown.nearest_{len(names)}", **filled)
    if ctx.operator is not None:
        reply = reply.then("unknown.operator")
    elif ctx.sender is None:
        reply = reply.then("unknown.stranger")
    return Reply(reply.sentences, cards=(offers(near, ctx),))


def unsupported(ask: Intent, ctx: Context) -> Reply:
    """A picture, a voice, a place: nothing that is read here."""
    return Reply.of("unsupported.kind")


def in_a_group(ask: Intent) -> Intent:
    """What is asked where others read the answer: somebody's money, team and data are told to him alone."""
    return ask if ask.name in OPEN_INTENTS or ask.name == "unknown" else Intent("private")


def private(ask: Intent, ctx: Context) -> Reply:
    return Reply.of("group.private")
