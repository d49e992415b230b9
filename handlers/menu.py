"""Intents as buttons: a tap on one is what the menu's entry of the same name is."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from domain.conversation import Button, Card, Reply, Sentence
from handlers.context import Context


def offers(names: Sequence[str], ctx: Context, *, title: str = "unknown.card_title") -> Card:
    """A card of these intents; its task is of this message alone."""
    task = "near-" + hashlib.sha256(f"{ctx.address.channel}:{ctx.message_key}".encode()).hexdigest()[:32]
    buttons = tuple(Button(name, Sentence(f"intent.{name}"), 1) for name in names)
    return Card(task=task, title=Sentence(title), buttons=buttons)


def with_menu(ctx: Context, reply: Reply, names: Sequence[str]) -> Reply:
    """The reply with these intents to tap, in a channel that has no menu of its own at the bottom of its chat."""
    if ctx.address.channel != "kf":
        return reply
    return replace(reply, cards=(*reply.cards, offers(names, ctx)))
