"""What of the assistant's own messages somebody wants, and when: switch kinds off and on, ask for quiet hours."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from domain.conversation import Intent, Reply, Sentence
from domain.periods import SHANGHAI
from domain.push import ALWAYS, KINDS, MAY_BE_MUTED, Choice, Hours, Wish, clock
from handlers.context import Context
from services import push


def mute(ask: Intent, ctx: Context) -> Reply:
    return _changed(ctx, ctx.wish or Wish(wants=False))


def unmute(ask: Intent, ctx: Context) -> Reply:
    return _changed(ctx, ctx.wish or Wish(wants=True))


def _changed(ctx: Context, wish: Wish) -> Reply:
    """Keep the wish, say what was done, what comes from now on, and how to change it."""
    if ctx.sender is None:
        return Reply.of("mute.nobody")
    if not wish.wants and wish.kinds and wish.kinds <= ALWAYS and not wish.only:
        return Reply.of("mute.always").then("mute.always_next")
    after = push.choose(ctx.session, ctx.me.id, wish, default=ctx.house.quiet, now=ctx.now)
    return Reply((_done(wish, after, ctx), *_state(wish, after, ctx), _next(after)))


def _done(wish: Wish, after: Choice, ctx: Context) -> Sentence:
    if wish.hours == "anytime":
        return Sentence("unmute.anytime")
    if wish.hours is not None:
        return Sentence("mute.hours", _hours(wish.hours))
    if wish.wants and not wish.only:
        return Sentence("unmute.on", {"kinds": _named(wish.kinds or KINDS, ctx)})
    if not (wish.tonight or wish.days) or after.since is None or after.until is None:
        return Sentence("mute.off", {"kinds": _named(after.muted, ctx)})
    if wish.tonight:
        return Sentence("mute.tonight", {"time": f"{after.until.astimezone(SHANGHAI):%H:%M}"})
    facts = {"first": after.since, "last": after.until - timedelta(seconds=1), "kinds": _named(after.paused, ctx)}
    return Sentence("mute.days" if after.since > ctx.now else "mute.until", facts)


def _state(wish: Wish, after: Choice, ctx: Context) -> list[Sentence]:
    """What comes from now on, where that is not everything at any time."""
    off = after.muted | (after.paused if after.until is not None and after.until > ctx.now else frozenset())
    said = [Sentence("mute.still", {"kinds": _named(frozenset(KINDS) - off, ctx)})] if off else []
    hours = after.quiet(ctx.house.quiet)
    if wish.wants and hours is not None:
        said.append(Sentence("mute.quiet", _hours(hours)))
    return said


def _next(after: Choice) -> Sentence:
    return Sentence("mute.next" if after.muted or after.paused else "unmute.next")


def _named(kinds: Iterable[str], ctx: Context) -> str:
    """Kinds in the words of the chat, in their usual order; all of them in one word."""
    named = frozenset(kinds)
    if named >= MAY_BE_MUTED:
        word = "all" if named >= ALWAYS else "all_but_always"
        return ctx.house.catalogue.render(Sentence(f"push_kind.{word}"))
    said = [Sentence(f"push_kind.{kind}") for kind in KINDS if kind in named]
    return "、".join(map(ctx.house.catalogue.render, said))


def _hours(hours: Hours) -> dict[str, str]:
    return {"start": clock(hours.start), "end": clock(hours.end)}
