"""What is said between a person and the assistant, without a channel.

`Inbound` is one thing that a person did; `Intent` is what he wants, with its slots; `Reply` is what the assistant
answers: keys of `assets/messages` with facts, pictures and cards by reference. No Chinese sentence stands in code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Channel = Literal["wecom", "official", "kf", "robot"]

# Intents that the assistant acts on, in the order in which `help` and the nearest-three list show them.
INTENTS: tuple[str, ...] = (
    "help", "join", "link", "poster", "copy", "products", "coupon", "earnings", "earnings_detail", "explain", "orders",
    "team", "rank", "level", "tasks", "withdraw", "withdraw_status", "rules", "bind", "profile", "mute", "unmute",
    "confirm", "cancel", "greet", "thanks",
    "unknown",
)  # fmt: skip
OPERATOR_INTENTS: tuple[str, ...] = ("review", "approve", "reject", "paid", "today")
# What may be answered where others read it: nobody's money, team or data.
OPEN_INTENTS: frozenset[str] = frozenset(
    {"help", "greet", "thanks", "rank", "products", "rules", "link", "poster", "copy", "coupon", "unsupported"}
)


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message or event as a channel's `parse` makes it.

    key        the inbox key: MsgId for messages, a composite for events (unique within the channel)
    sender     his id in the channel; of the 公众号 and of 微信客服 the keyed hash of his id, which itself is `sealed`
    kind       text | menu | card | greet (subscribe, enter_agent, SCAN, enter_session) | unsupported (a picture, a
               voice …) | session (of 微信客服: a person has taken it, or it is over) |
               contact (of 客户联系: something between a member and a customer) | ignored
    text       what was typed, or the key of the menu entry or button, or the event's name
    task_id    of a card that was clicked; response_code lets the card be replaced, or (微信客服) an event be answered
    scene      of the QR code or link by which he came
    group      the chat of several in which it was said: others read the answer
    facts      what else an event brought, as the platform wrote it; ids of people outside hashed and sealed
    """

    key: str
    channel: Channel
    sender: str
    kind: Literal["text", "menu", "card", "greet", "unsupported", "session", "contact", "ignored"]
    text: str
    sent_at: datetime
    task_id: str | None = None
    response_code: str | None = None
    sealed: str | None = None
    scene: str | None = None
    group: str | None = None
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Intent:
    """What a person wants. `slots` are those of conversation.md §1, JSON values only.

    `nearest` are intent ids, closest first, and `heard` is the text without what could tell who said it; only for
    `unknown`. `guessed`: a model service chose it, and the answer says so.
    """

    name: str
    slots: dict[str, Any] = field(default_factory=dict)
    confidence: float = 1.0
    nearest: tuple[str, ...] = ()
    heard: str = ""
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class Sentence:
    """A key of `assets/messages` and the facts that fill it. Money, dates and Periods are rendered by their type."""

    key: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Button:
    key: str
    sentence: Sentence
    style: int = 1


@dataclass(frozen=True, slots=True)
class Card:
    """A card with buttons that follows the words. `rows` are (label, value) sentences.

    `task` is unique for ever; a channel without cards shows `fallback` instead.
    """

    task: str
    title: Sentence
    rows: tuple[tuple[Sentence, Sentence], ...] = ()
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Poster:
    """A picture that is drawn outside the transaction: the layout's kind and the facts that it needs (JSON values)."""

    kind: Literal["product", "recruit", "coupon", "leaderboard", "contact"]
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer: its sentences become one text; cards, copies and pictures follow it.

    copies   texts as they stand, each a message of its own, to be sent on
    """

    sentences: tuple[Sentence, ...]
    cards: tuple[Card, ...] = ()
    posters: tuple[Poster, ...] = ()
    copies: tuple[str, ...] = ()

    @classmethod
    def of(cls, key: str, **facts: Any) -> Reply:
        return cls((Sentence(key, facts),))

    def then(self, key: str, **facts: Any) -> Reply:
        """The same reply with one more sentence on a line of its own."""
        return Reply((*self.sentences, Sentence(key, facts)), self.cards, self.posters, self.copies)


@dataclass(frozen=True, slots=True)
class Dialog:
    """What the assistant asked and waits for: a named state and its facts; see handlers for the states."""

    state: str
    facts: dict[str, Any]
    expires_at: datetime
