"""Messages: take one in once, say the answer, queue what follows it.

`Catalogue` turns sentences (keys and facts) into Chinese; amounts, dates and periods are written by their type, in
one place. `queue` writes outbox rows; a wake-up after the commit only makes it quick, the rows are the truth.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from string import Formatter
from typing import Any

from sqlalchemy import and_, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from domain.conversation import Card, Dialog, Inbound, Poster, Reply, Sentence
from domain.money import Money
from domain.periods import SHANGHAI, Period, shanghai_date
from domain.text import split_text
from domain.withdrawal import State
from models.base import table_of
from models.message import DialogRow, Inbox, Outbox
from models.prepared import Prepared
from services.once import insert_new

Say = Callable[[Sentence], str]


class MissingSentence(LookupError):
    """The catalogue has no such key, or the facts do not fit it: a mistake of the program."""


class Catalogue:
    """The sentences of `assets/messages`, with named placeholders: `[withdrawal] accepted = "… {amount} 元"`."""

    def __init__(self, sentences: dict[str, str]) -> None:
        self._sentences = sentences

    @classmethod
    def load(cls, path: Path) -> Catalogue:
        return cls(dict(_flat(tomllib.loads(path.read_text(encoding="utf-8")))))

    def __contains__(self, key: str) -> bool:
        return key in self._sentences

    def keys(self) -> Iterable[str]:
        return self._sentences.keys()

    def placeholders(self, key: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(self._sentences[key]) if name}

    def render(self, sentence: Sentence) -> str:
        """The Chinese text; every placeholder must be given, facts beyond them are allowed."""
        if (template := self._sentences.get(sentence.key)) is None:
            raise MissingSentence(sentence.key)
        try:
            return template.format_map({name: self.spoken(value) for name, value in sentence.facts.items()})
        except KeyError as missing:
            raise MissingSentence(f"{sentence.key} needs {missing}") from None

    def text(self, reply: Reply) -> str:
        """All sentences of a reply, each on a line of its own."""
        return "\n".join(filter(None, (self.render(sentence) for sentence in reply.sentences)))

    def spoken(self, value: Any) -> str:
        match value:
            case Money():
                return value.spoken
            case datetime():
                day = shanghai_date(value)
                return f"{day.month}月{day.day}日"
            case date():
                return f"{value.month}月{value.day}日"
            case Period():
                return value.label
            case State():
                return self.render(Sentence(f"withdrawal_step.{value}"))
            case Sentence():
                return self.render(value)
            case list() | tuple():
                return "\n".join(self.spoken(item) for item in value)
            case _:
                return str(value)


def _flat(table: dict[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value.strip("\n")


# ---------------------------------------------------------------------------------------------------------------
# Inbox


def find_inbox(session: Session, inbound: Inbound) -> Inbox | None:
    query = select(Inbox).where(Inbox.channel == inbound.channel, Inbox.key == inbound.key)
    return session.scalars(query).one_or_none()


def take_in(session: Session, inbound: Inbound, *, now: datetime) -> tuple[Inbox, bool]:
    """The inbox row of a message and whether it is new: the unique key decides, whoever else has it at this moment."""
    if found := find_inbox(session, inbound):
        return found, False
    row = Inbox(
        channel=inbound.channel,
        key=inbound.key,
        sender=inbound.sender,
        inbound=stored(inbound),
        state="waiting",
        answer=None,
        due_at=now,
        received_at=now,
    )
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        if found := find_inbox(session, inbound):
            return found, False
        raise
    return row, True


def keep_handled(session: Session, inbound: Inbound, *, answer: str, intent: str, now: datetime) -> None:
    """The inbox row of a message that has just been handled, in its own transaction; IntegrityError if it is there."""
    _KEEP.run(
        session,
        {
            "channel": inbound.channel,
            "key": inbound.key,
            "sender": inbound.sender,
            "inbound": stored(inbound),
            "state": "handled",
            "answer": answer,
            "intent": intent,
            "attempts": 1,
            "due_at": now,
            "received_at": now,
            "handled_at": now,
        },
    )


_KEPT = ("channel", "key", "sender", "inbound", "state", "answer", "intent", "attempts")
_KEEP = Prepared(insert(table_of(Inbox)).inline(), [*_KEPT, "due_at", "received_at", "handled_at"])


def stored(inbound: Inbound) -> dict[str, Any]:
    return {name: getattr(inbound, name) for name in _FIELDS} | {"sent_at": inbound.sent_at.isoformat()}


_FIELDS = tuple(field.name for field in fields(Inbound))


def inbound_of(row: Inbox) -> Inbound:
    return Inbound(**(row.inbound | {"sent_at": datetime.fromisoformat(row.inbound["sent_at"])}))


# ---------------------------------------------------------------------------------------------------------------
# Dialogs


def dialog_row(session: Session, channel: str, sender: str) -> DialogRow | None:
    query = select(DialogRow).where(DialogRow.channel == channel, DialogRow.sender == sender)
    return session.scalars(query).one_or_none()


def dialog(row: DialogRow | None, now: datetime) -> Dialog | None:
    """What is being waited for, if its time is not over."""
    if row is None or row.state is None or row.expires_at is None or row.expires_at <= now:
        return None
    return Dialog(row.state, row.facts, row.expires_at)


def hold_dialog(session: Session, row: DialogRow | None, now: datetime) -> None:
    """Lock what is waited for and read it again: of two answers at one moment the second finds it answered."""
    if row is not None and dialog(row, now) is not None:
        session.refresh(row, with_for_update=True)


def save_dialog(
    session: Session, row: DialogRow | None, channel: str, sender: str, state: Dialog | None, greeted_on: date | None
) -> None:
    """Write what is waited for now; nothing is written where nothing was and nothing is."""
    if row is None:
        if state is None and greeted_on is None:
            return
        row = DialogRow(channel=channel, sender=sender, facts={})
        session.add(row)
    row.state = state.state if state else None
    row.facts = state.facts if state else {}
    row.expires_at = state.expires_at if state else None
    if greeted_on is not None:
        row.greeted_on = greeted_on.isoformat()


# ---------------------------------------------------------------------------------------------------------------
# Outbox


def lane_of_member(userid: str) -> str:
    return lane_of("wecom", userid)


def lane_of(channel: str, sender: str) -> str:
    """The queue of one receiver; WeCom's userids are the same in any case.

    The 智能机器人 says nothing of its own accord: what comes late is told to the same member by the app.
    """
    if channel in ("wecom", "robot"):
        return f"wecom:{sender.lower()}"
    return f"{channel}:{sender}"


def has_cards(lane: str) -> bool:
    """Whether a card can be shown there; 公众号 and 微信客服 have what can be tapped in or below their texts."""
    return not lane.startswith(("official:", "kf:"))


def said(catalogue: Catalogue, reply: Reply, lane: str) -> list[tuple[str, dict[str, Any]]]:
    """The words of a reply as the messages that the lane's chat takes, in order: (kind, body).

    Where no card can be shown, its buttons are links in the text (公众号) or a menu below it (微信客服). A tap says the
    button's text, with its key and the card's task beside it.
    """
    words = catalogue.text(reply)
    if has_cards(lane) or not reply.cards:
        return [("text", {"content": part}) for part in split_text(words)]
    if lane.startswith("official:"):
        words = "\n".join([words, *(_tapped(catalogue, card) for card in reply.cards)])
        return [("text", {"content": part}) for part in split_text(words)]
    return _with_menu(catalogue, words, reply.cards)


def _with_menu(catalogue: Catalogue, words: str, cards: Iterable[Card]) -> list[tuple[str, dict[str, Any]]]:
    """The words, the last of them above the buttons of all cards, of which a menu takes fewer than a text."""
    *before, last = split_text(words) or [""]
    *more, head = split_text(last, MENU_HEAD)
    items = [
        {"key": button.key, "task": card.task, "text": catalogue.render(button.sentence)}
        for card in cards
        for button in card.buttons
    ]
    texts = [("text", {"content": part}) for part in (*before, *(["\n".join(more)] if more else []))]
    return [*texts, ("menu", {"content": head, "items": items})]


MENU_HEAD = 1024  # bytes that may stand above the buttons of a menu in 微信客服


def _tapped(catalogue: Catalogue, card: Card) -> str:
    named = [(button, catalogue.render(button.sentence)) for button in card.buttons]
    links = [
        f'<a href="weixin://bizmsgmenu?msgmenucontent={text}&msgmenuid={button.key}:{card.task}">{text}</a>'
        for button, text in named
    ]
    return catalogue.render(Sentence("official.tap", {"links": "　".join(links)}))


@dataclass(frozen=True, slots=True)
class Push:
    """That something to send is a push: its kind (domain.push), whose choice it goes by, and what it is about."""

    kind: str
    person: int | None = None
    about: str | None = None


def queue(
    session: Session, *, key: str, lane: str, kind: str, body: dict[str, Any], now: datetime, push: Push | None = None
) -> bool:
    """One thing to send, once per `key`; False where it is there already.

    A push is `held` until the sender has judged it, and stands for those about the same thing that wait, for an
    hour or for the platform: what is about to be sent is sent, also where news follows at once.
    """
    number = insert_new(
        session,
        Outbox,
        {
            "key": key,
            "lane": lane,
            "kind": kind,
            "body": body,
            "state": "held" if push else "waiting",
            "attempts": 0,
            "due_at": now,
            "created_at": now,
            "push": push.kind if push else None,
            "person": push.person if push else None,
            "about": push.about if push else None,
        },
    )
    if number is None:
        return False
    if push is not None and push.about is not None:
        _replace(session, lane, push.about, number, now)
    return True


JUST_NOW = timedelta(minutes=1)


def _replace(session: Session, lane: str, about: str, number: int, now: datetime) -> None:
    waits = or_(Outbox.state == "parked", Outbox.due_at > now, Outbox.created_at < now - JUST_NOW)
    later = and_(Outbox.state.in_(("held", "waiting", "parked")), waits)
    older = (Outbox.lane == lane, later, Outbox.id < number)
    unseen = update(Outbox).where(*older, Outbox.about == about, Outbox.attempts == 0)
    gone = unseen.values(state="merged", fault=f"replaced by {number}")
    session.execute(gone, execution_options={"synchronize_session": False})


def queue_all(
    session: Session,
    messages: Iterable[tuple[str, dict[str, Any]]],
    *,
    key: str,
    lane: str,
    now: datetime,
    more: dict[str, Any] | None = None,
    push: Push | None = None,
) -> None:
    """Several messages, in order; `more` goes with the first, and what they are about is the first's too."""
    for number, (kind, body) in enumerate(messages):
        content = body | ((more or {}) if number == 0 else {})
        kept = push if number == 0 or push is None else replace(push, about=None)
        queue(session, key=f"{key}:{number}", lane=lane, kind=kind, body=content, now=now, push=kept)


def queue_text(
    session: Session,
    *,
    key: str,
    lane: str,
    text: str,
    now: datetime,
    kind: str = "text",
    push: Push | None = None,
) -> None:
    """A text of any length, in parts that a message may hold, in order."""
    parts = [(kind, {"content": part}) for part in split_text(text)]
    queue_all(session, parts, key=key, lane=lane, now=now, push=push)


def queue_extras(
    session: Session,
    catalogue: Catalogue,
    reply: Reply,
    *,
    key: str,
    lane: str,
    now: datetime,
    push: Push | None = None,
) -> None:
    """The cards, copies and pictures that follow a reply's words."""
    more = replace(push, about=None) if push else None
    for card in reply.cards if has_cards(lane) else ():
        body = card_body(catalogue, card)
        queue(session, key=f"card:{card.task}", lane=lane, kind="card", body=body, now=now, push=more)
    for number, text in enumerate(reply.copies):
        queue_text(session, key=f"{key}:copy:{number}", lane=lane, text=text, now=now, push=more)
    for number, poster in enumerate(reply.posters):
        body = poster_body(poster)
        queue(session, key=f"{key}:poster:{number}", lane=lane, kind="poster", body=body, now=now, push=more)


def card_body(catalogue: Catalogue, card: Card) -> dict[str, Any]:
    return {
        "task": card.task,
        "title": catalogue.render(card.title),
        "rows": [[catalogue.render(label), catalogue.render(value)] for label, value in card.rows],
        "buttons": [
            {"key": button.key, "text": catalogue.render(button.sentence), "style": button.style}
            for button in card.buttons
        ],
    }


def poster_body(poster: Poster) -> dict[str, Any]:
    return {"poster": {"kind": poster.kind, "facts": poster.facts}}


NOTICES = ("told.settled", "told.approved", "told.rejected", "told.paid")


def notice(catalogue: Catalogue, reply: Reply, lane: str, now: datetime) -> dict[str, Any]:
    """What a template message is filled from, where the words are one that the 公众号 may send at any time."""
    first = reply.sentences[0]
    if not lane.startswith("official:") or first.key not in NOTICES:
        return {}
    values = {name: catalogue.spoken(value) for name, value in first.facts.items()}
    told = {"time": f"{now.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"}
    return {"notice": {"name": first.key.removeprefix("told."), "values": values | told}}


def tell(
    session: Session,
    catalogue: Catalogue,
    reply: Reply,
    *,
    key: str,
    lane: str,
    now: datetime,
    push: Push | None = None,
) -> None:
    """Send a whole reply to somebody who did not just write: words first, then what follows them.

    Whoever tells a distributor of something goes by services.push.tell, which asks whether he wants to hear it.
    """
    more = notice(catalogue, reply, lane, now)
    queue_all(session, said(catalogue, reply, lane), key=key, lane=lane, now=now, more=more, push=push)
    queue_extras(session, catalogue, reply, key=key, lane=lane, now=now, push=push)
