"""Which level the writer has, and what the next one takes."""

from __future__ import annotations

from domain.conversation import Intent, Reply, Sentence
from domain.money import Money
from handlers.context import Context
from services import level as levels
from services.level import Missing

_OF_PEOPLE = ("recruits", "team_size")


def level(ask: Intent, ctx: Context) -> Reply:
    found = levels.standing(ctx.session, ctx.me, now=ctx.now)
    if found is None:
        return Reply.of("level.no_levels")
    reply = Reply.of("level.now", title=found.title) if found.title else Reply.of("level.none")
    if found.next is None:
        return reply.then("level.top")
    reply = reply.then("level.next", title=found.next.title, lines=[_missing(found.next)])
    counts = Sentence("level.how_people" if found.next.of in _OF_PEOPLE else "level.how_settled")
    return reply.then("level.how", counts=counts)


def _missing(found: Missing) -> Sentence:
    facts = {"at_least": found.at_least, "have": found.have, "missing": found.at_least - found.have}
    return Sentence(
        "level.missing",
        {
            "window": Sentence(f"level_window.{found.window}"),
            "of": Sentence(f"level_of.{found.of}"),
            **{name: count_of(found.of, value) for name, value in facts.items()},
        },
    )


def count_of(of: str, value: int) -> Sentence:
    """So much of what a level counts, in words; sales are in fen."""
    if of == "sales":
        return Sentence("level_count.sales", {"amount": Money(value)})
    return Sentence(f"level_count.{of}", {"count": value})
