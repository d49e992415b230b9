"""Which of several: asked when a sentence fits more than one product or order, answered by number, name or button.

Dialogue   choice.which {task, intent, slot, slots, options}: what was wanted, the slot that is missing, and the options
           as [value, label]. It waits ten minutes, and the answer does what was wanted, as if it had been said in full.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from domain.conversation import Button, Card, Intent, Reply, Sentence
from handlers.context import Context
from services import product
from services.earnings import OrderLine

WHICH = "choice.which"
CHOOSE = "choose"  # {"number"}: what the answer in words was understood as; 0 when it named several
PICKS = ("pick_a", "pick_b", "pick_c", "pick_d", "pick_e", "pick_f")  # the buttons, as many as a card may have
OF_A_PRODUCT = frozenset({"link", "poster", "copy"})  # all of them are distributors' own
_LONGEST_BUTTON = 10
_UNFIT = re.compile(r"[\"'<>&#\s]+")  # what would end the link that a button is where there are no cards

Option = tuple[str, str]  # (value of the slot, what he reads)


def product_named(ask: Intent, ctx: Context) -> Intent | Reply:
    """The same intent with the one product that its candidates are; a question where there are several on the shelf."""
    named = product.names(ctx.session, ask.slots["products"])
    slots = {name: value for name, value in ask.slots.items() if name != "products"}
    found = [(sku, named[sku]) for sku in ask.slots["products"] if sku in named]
    if len(found) <= 1:
        return Intent(ask.name, slots | ({"product": found[0][0]} if found else {}), ask.confidence)
    _ = ctx.me  # nobody chooses first and is refused then
    return which(Intent(ask.name, slots), ctx, "product", found)


def which_order(ask: Intent, ctx: Context, lines: Sequence[OrderLine]) -> Reply:
    """Ask which of his orders is meant; the answer is the slot `order`."""
    spoken = [
        Sentence("choice.order", {"order": line.no, "date": line.paid_at, "commission": line.commission})
        for line in lines
    ]
    labels = [ctx.house.catalogue.render(sentence) for sentence in spoken]
    return which(ask, ctx, "order", [(line.no, label) for line, label in zip(lines, labels, strict=True)])


def which(ask: Intent, ctx: Context, slot: str, options: Sequence[Option]) -> Reply:
    """Ask and wait; of more options than a card has buttons the first are shown; a fuller name finds the rest."""
    task = "pick-" + hashlib.sha256(f"{ctx.address.channel}:{ctx.message_key}".encode()).hexdigest()[:32]
    shown = [list(option) for option in options[: len(PICKS)]]
    ctx.ask(WHICH, task=task, intent=ask.name, slot=slot, slots=ask.slots, options=shown)
    reply = _asked("choice.which", shown)
    if len(options) > len(shown):
        reply = reply.then("choice.more")
    buttons = tuple(
        Button(key, Sentence("choice.button", {"number": number, "name": _short(label)}))
        for number, (key, (_, label)) in enumerate(zip(PICKS, shown, strict=False), 1)
    )
    return Reply(reply.sentences, cards=(Card(task=task, title=Sentence("choice.card_title"), buttons=buttons),))


def take(ask: Intent, ctx: Context) -> Intent:
    """What an answer to the question stands for; everything that is no answer stays what it was."""
    if ask.name != CHOOSE and ask.name not in PICKS:
        return ask
    dialog = ctx.dialog
    if dialog is None or dialog.state != WHICH or ctx.task_id not in (None, dialog.facts["task"]):
        return Intent("choice_over")
    number = PICKS.index(ask.name) + 1 if ask.name in PICKS else ask.slots["number"]
    options = dialog.facts["options"]
    if not 1 <= number <= len(options):
        return Intent("choice_again")
    value, label = options[number - 1]
    ctx.settled()
    ctx.close_card(dialog.facts["task"], Sentence("choice.chosen", {"name": _short(label)}))
    ctx.text = ""  # a number that answers is none of an order's
    return Intent(dialog.facts["intent"], dialog.facts["slots"] | {dialog.facts["slot"]: value})


def again(ask: Intent, ctx: Context) -> Reply:
    """The answer was none of the options, or several: they are said once more."""
    assert ctx.dialog is not None  # noqa: S101 - `take` says so
    return _asked("choice.again", ctx.dialog.facts["options"])


def over(ask: Intent, ctx: Context) -> Reply:
    """A button of a question that has been answered, replaced, or waited for too long."""
    return Reply.of("choice.over")


def _asked(key: str, options: Sequence[Sequence[str]]) -> Reply:
    lines = [Sentence("choice.line", {"number": n, "name": label}) for n, (_, label) in enumerate(options, 1)]
    return Reply((Sentence(key, {"lines": lines}),)).then("choice.next")


def _short(label: str) -> str:
    return _UNFIT.sub(" ", label).strip()[:_LONGEST_BUTTON].strip()
