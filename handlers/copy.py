"""Copy: a text to send on, as a message of its own, and the poster that goes with it.

Dialogue   copy.which {skus, kind, topic, task}: several products were meant; a number or a button says which
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace

from domain import copy as rules
from domain.conversation import Button, Card, Intent, Reply, Sentence
from domain.copy import KINDS, Wish
from handlers import poster
from handlers.context import Context
from models.order import Product
from services import product, promotion
from services.copy import offer
from services.copy.offer import Coupon, Giver
from services.coupon import offering

WHICH = "copy.which"
MOST_CHOICES = 6  # buttons of a card
_LETTERS = "abcdef"
_NUMBER = re.compile(r"\s*(?:第|选|要|发)?\s*([1-6１-６一二三四五六])\s*(?:个|号|款|种)?[。.吧]*\s*")
_DIGITS = {sign: place for signs in ("123456", "１２３４５６", "一二三四五六") for place, sign in enumerate(signs)}


def copy(ask: Intent, ctx: Context) -> Reply:
    """The text for what was asked: a product or none, and the kind that the words name."""
    me = ctx.me
    wish = _wish(ask, ctx)
    if (several := ask.slots.get("products")) and wish.kind != "objection":
        return _which(ctx, [item for item in product.on_shelf(ctx.session) if item.sku in several], wish)
    sku = ask.slots.get("product")
    last = None if sku else offer.latest(ctx.session, me, now=ctx.now)
    if last is not None and ask.slots.get("again"):
        sku = last.sku or None
        wish = wish if wish.said else Wish(last.kind, last.topic)  # type: ignore[arg-type]
    if wish.kind == "objection":
        return _objection(ctx, wish, product.find(ctx.session, sku) if sku else None)
    if sku is None:
        return _suggested(ctx, wish)
    item = product.find(ctx.session, sku)
    if item is None or not item.on_shelf:
        return Reply.of("poster.unknown_product", query=sku)
    return _given(ctx, wish, item, Reply.of(f"copy.{wish.kind}", name=promotion.short_name(item.name)))


def _wish(ask: Intent, ctx: Context) -> Wish:
    if kind := ask.slots.get("kind"):
        return Wish(kind, ask.slots.get("topic", ""))
    usual = "group" if ctx.me.role == "leader" else "moments"
    return rules.wishes(ctx.text, offer.texts_of(ctx.session, ctx.house.library), usual=usual)


def _suggested(ctx: Context, wish: Wish) -> Reply:
    """Without a product: the one to promote today, and why."""
    best = promotion.suggestion(ctx.session, ctx.me, now=ctx.now)
    item = product.find(ctx.session, best.sku) if best is not None else None
    if best is None or item is None:
        return Reply.of("copy.nothing")
    facts = {"name": best.short_name, "stock": best.stock, "earns": best.earns}
    intro = Reply.of("copy.suggest" if best.earns else "copy.suggest_stock", **facts)
    return _given(ctx, wish, item, intro.then(f"copy.{wish.kind}", name=best.short_name))


def _given(ctx: Context, wish: Wish, item: Product, intro: Reply) -> Reply:
    """The words, the text, the poster."""
    link = ctx.link(ctx.me.code, sku=item.sku, origin=wish.kind)
    found = _offer(ctx, wish, item, link)
    if found is None:
        return Reply.of("copy.none", name=promotion.short_name(item.name))
    drawn = poster.of_product(ctx, item)
    return replace(intro.then("copy.next"), copies=(found.text,), posters=drawn.posters)


def _objection(ctx: Context, wish: Wish, item: Product | None) -> Reply:
    sku = item.sku if item else None
    found = _offer(ctx, wish, item, ctx.link(ctx.me.code, sku=sku, origin="private")) if wish.topic else None
    if found is None:
        topics = "、".join(offer.topics(ctx.session, ctx.house.library))
        return Reply.of("copy.which_objection", topics=topics)
    return replace(Reply.of("copy.objection", topic=wish.topic).then("copy.next_objection"), copies=(found.text,))


def _offer(ctx: Context, wish: Wish, item: Product | None, link: str) -> offer.Offered | None:
    house = ctx.house
    giver = Giver(ctx.me, link, merchant=house.merchant, contact=house.contact)
    running = offering.best_for(ctx.session, ctx.me, item, now=ctx.now) if item is not None else None
    coupon = Coupon(running[0].title, ctx.coupon_link(running[1])) if running is not None else None
    return offer.offer(ctx.session, house.library, giver, wish, item=item, coupon=coupon, now=ctx.now)


# ---------------------------------------------------------------------------------------------------------------
# Which of several


def _which(ctx: Context, items: Sequence[Product], wish: Wish) -> Reply:
    items = items[:MOST_CHOICES]
    if not items:
        return _suggested(ctx, wish)
    task = "copy-" + hashlib.sha256(f"{ctx.address.channel}:{ctx.message_key}".encode()).hexdigest()[:32]
    if ctx.dialog is None or ctx.dialog.state == WHICH:  # a question about money is not talked over
        ctx.ask(WHICH, skus=[item.sku for item in items], kind=wish.kind, topic=wish.topic, task=task)
    names = [promotion.short_name(item.name) for item in items]
    lines = [Sentence("copy.choice", {"number": at + 1, "name": name}) for at, name in enumerate(names)]
    card = Card(
        task=task,
        title=Sentence("copy.card_title", {"kind": KINDS[wish.kind]}),
        buttons=tuple(
            Button(f"copy_{letter}", Sentence("copy.button", {"name": name}), 2)
            for letter, name in zip(_LETTERS, names, strict=False)
        ),
    )
    return replace(Reply.of("copy.which", lines=lines), cards=(card,))


def chosen(ask: Intent, ctx: Context) -> Intent:
    """A button of the card: the product that it stands for."""
    if not ask.name.startswith("copy_"):
        return ask
    return _choice(ctx, _LETTERS.find(ask.name.removeprefix("copy_"))) if _is_open(ctx) else Intent("copy")


def following(ask: Intent, ctx: Context) -> Intent:
    """A number that answers 「要哪一个」, or 「换一条」, 「群里的呢」 after a text; else what was understood."""
    if ctx.sender is None:
        return ask
    if _is_open(ctx) and (found := _NUMBER.fullmatch(ctx.text)) is not None:
        return _choice(ctx, _DIGITS[found[1]])
    if (ctx.dialog is None or _is_open(ctx)) and rules.again(ctx.text):
        return Intent("copy", {"again": True})
    return ask


def _is_open(ctx: Context) -> bool:
    if ctx.dialog is None or ctx.dialog.state != WHICH:
        return False
    return ctx.task_id is None or ctx.dialog.facts["task"] == ctx.task_id


def _choice(ctx: Context, place: int) -> Intent:
    assert ctx.dialog is not None  # noqa: S101 - _is_open was asked
    facts = ctx.dialog.facts
    if not 0 <= place < len(facts["skus"]):
        return Intent("copy", {"products": facts["skus"], "kind": facts["kind"], "topic": facts["topic"]})
    ctx.settled()
    return Intent("copy", {"product": facts["skus"][place], "kind": facts["kind"], "topic": facts["topic"]})
