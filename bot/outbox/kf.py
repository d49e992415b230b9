"""A chat of the 微信客服: when it may be written to, how, and what the platform's answers mean there.

A message needs one of the guest's within two days, five at most, and a session that nobody serves (services.guest).
What may not be sent is parked until he writes again; where more waits than may be sent, texts are said in one. An event
that came with a code is answered by that code, which costs nothing of it and ends soon.

Every message bears a number of ours, under which the platform takes it once (95033): whatever is uncertain is repeated.

「人工」 is two steps: his session goes to the pool, and what he is told follows from what became of it.

Source   reference/wecom.md §9.5–9.7
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.kf.client import KfClient
from bot.kf.errors import BARRED, NO_TRANSITION, TOO_LATE, TOO_MANY, Barred
from bot.kf.inbound import menu_id
from bot.outbox import lanes
from bot.outbox.chats import Chats, OnUnion, TooLate, path_of, say_together
from bot.outbox.verdict import Attempt, GivenUp, Park, Sent, Verdict, judge
from bot.outbox.wording import Unsayable, clean
from bot.wecom.errors import Kind, Refused
from domain import kf as rules
from domain.conversation import Sentence
from domain.kf import Session as State
from models.kf import Guest
from models.message import Outbox
from services import guest, message

SEND, BY_EVENT, TRANSFER = "kf/send_msg", "kf/send_msg_on_event", "kf/service_state/trans"
NOBODY_RECEIVES = 95014  # as the platform refuses a servicer who cannot take it
LONGEST_BUTTON = 128  # bytes


class KfChats(Chats):
    """unseal     a guest's external_userid
    render     a sentence of the catalogue
    on_union   told of a guest's unionid, in the transaction that records the look-up
    """

    prefix = lanes.KF

    def __init__(
        self,
        client: KfClient,
        *,
        unseal: Callable[[str], str],
        render: Callable[[Sentence], str],
        on_union: OnUnion,
    ) -> None:
        self.client, self._account = client, client
        self.owner = f"kf:{client.account}"
        self._unseal, self._render, self._on_union = unseal, render, on_union

    # before

    def parking(self, session: Session, row: Outbox, now: datetime) -> str | None:
        who = _guest(session, row.lane)
        if who is None:
            return "he has never been here"
        if "code" in row.body or row.kind in ("handover", "hand_back") or _uncertain(row):
            return None
        left = guest.allowed(who, now)
        if left == 0:
            return "a person serves him" if who.state in rules.WITH_A_PERSON else "no contact that allows a message"
        if row.kind == "text" and row.request is None:
            say_together(session, row, left, now)
        return None

    def request(self, session: Session, row: Outbox, now: datetime, media_id: str) -> str:
        who = _guest(session, row.lane)
        if who is None:
            raise Unsayable("a guest whom nobody knows")
        if row.kind in ("handover", "hand_back"):
            # From here on the assistant is silent: what a person does next may be told to us before the answer is.
            who.state = int(State.WAITING)
            state = State.WAITING if row.kind == "handover" else State.ENDED
            return _frozen(TRANSFER, {"service_state": int(state)})
        body = {"msgid": guest.msgid(row), **_content(row, media_id)}
        if "code" in row.body:
            if now >= datetime.fromisoformat(str(row.body["until"])):
                raise TooLate("the time to answer the event is over")
            return _frozen(BY_EVENT, {"code": row.body["code"], **body})
        guest.count(who, now)
        return _frozen(SEND, body)

    def whom(self, session: Session, lane: str) -> str:
        who = guest.find(session, lane.partition(":")[2])
        if who is None:
            raise Unsayable("a guest whom nobody knows")
        return self._unseal(who.sealed)

    # the call

    def call(self, kind: str, whom: str, request: bytes) -> Sent:
        if kind == "lookup_union":
            return Sent({"union": self._account.unionid(whom)})
        if kind == "lookup_state":
            return Sent({"state": self._account.state(whom)})
        found = json.loads(request)
        if found["path"] == TRANSFER:
            return self._transfer(whom, State(found["body"]["service_state"]))
        receiver = {"touser": whom, "open_kfid": self._account.account} if found["path"] == SEND else {}
        try:
            answer = self._account.send(found["path"], receiver | found["body"])
        except Refused as fault:
            if fault.errcode == BARRED and found["path"] == SEND:
                raise Barred(fault, self._account.state(whom)) from None
            raise
        return Sent({"msgid": str(answer.get("msgid") or found["body"]["msgid"])})

    def _transfer(self, whom: str, state: State) -> Sent:
        if state is State.WAITING and not self._account.receiving():
            raise Refused(TRANSFER, NOBODY_RECEIVES, "no servicer is receiving", self._account.kinds)
        try:
            return Sent({"state": int(state), "code": self._account.transfer(whom, int(state))})
        except Refused as fault:
            # Repeated after an answer that was lost, it is there already.
            if fault.errcode != NO_TRANSITION or (now := self._account.state(whom)) not in _SAME[state]:
                raise
            return Sent({"state": now})

    def repeats(self, row: Outbox, now: datetime) -> bool:
        return True

    # after

    def judge(self, fault: Exception, tried: Attempt, request: bytes | None) -> Verdict:
        path = path_of(request)
        if isinstance(fault, Refused) and fault.path == path and path in (SEND, BY_EVENT):
            if fault.kind is Kind.WINDOW and path == SEND:
                return Park(fault.reason, fault.errcode, state=fault.state if isinstance(fault, Barred) else None)
            if path == BY_EVENT and fault.kind in (Kind.WINDOW, Kind.CONTENT, Kind.UNKNOWN):
                return GivenUp(fault.reason)  # the code has been used, or its time is over
        if isinstance(fault, Refused) and fault.kind is Kind.WINDOW:
            return GivenUp(fault.reason)
        return judge(fault, tried)

    def park(self, session: Session, row: Outbox, verdict: Park, now: datetime) -> None:
        who = _guest(session, row.lane)
        came = who is not None and guest.has_written_since(who, row.sent_at)
        if not _uncertain(row):
            row.request, row.result = None, None  # else the same again: the platform may have it
        row.sent_at = None
        if who is not None:
            if verdict.state is not None:
                who.state = verdict.state
            elif not came and verdict.errcode in (TOO_MANY, TOO_LATE):
                guest.close(who)
        served = who is not None and who.state in rules.WITH_A_PERSON
        row.state, row.due_at = ("waiting", now) if came and not served else ("parked", row.due_at)

    def give_back(self, session: Session, row: Outbox, now: datetime) -> None:
        who = _guest(session, row.lane)
        if who is not None and path_of(row.request) == SEND:
            guest.count(who, now, by=-1)

    def recorded(self, session: Session, row: Outbox, verdict: Sent | GivenUp, now: datetime) -> None:
        digest = row.lane.partition(":")[2]
        if row.kind in ("handover", "hand_back"):
            self._handed(session, row, verdict, now)
        elif row.kind == "lookup_state" and isinstance(verdict, Sent):
            inbox = str(row.body.get("inbox") or "") or None
            guest.learn_state(session, digest, int(verdict.result["state"]), inbox=inbox, now=now)
        elif row.kind == "lookup_union" and isinstance(verdict, Sent):
            unionid, who = str(verdict.result.get("union") or ""), guest.find(session, digest)
            if unionid and who is not None:
                self._on_union(session, digest, who.sealed, unionid)

    def _handed(self, session: Session, row: Outbox, verdict: Sent | GivenUp, now: datetime) -> None:
        """Say what became of it: by the code where it worked, in words where the assistant still serves him."""
        who = _guest(session, row.lane)
        if who is None:
            return
        by_code: dict[str, Any] = {}
        if isinstance(verdict, Sent):
            if row.kind == "hand_back":
                who.state = int(State.ENDED)
            elif who.state not in rules.WITH_A_PERSON:  # he wrote meanwhile, and it was not done yet
                who.state = int(State.WAITING)
            lasts = rules.TAKEN_WITHIN if row.kind == "handover" else rules.WELCOME_WITHIN
            if not (code := str(verdict.result.get("code") or "")):
                return
            by_code = {"code": code, "until": (now + lasts).isoformat()}
            said = Sentence("handover.done" if row.kind == "handover" else "handover.back")
        elif row.kind == "handover":
            who.state = int(State.NEW) if who.state == State.WAITING else who.state
            said = Sentence("handover.nobody")
        else:
            return
        body = {"content": self._render(said)} | by_code
        message.queue(session, key=f"{row.key}:said"[:160], lane=row.lane, kind="text", body=body, now=now)


# A transition to the first is as good as done where the session is already in one of these.
_SAME = {State.WAITING: (State.WAITING, State.PERSON), State.ENDED: (State.ENDED, State.NEW, State.BOT)}


def _guest(session: Session, lane: str) -> Guest | None:
    return guest.find(session, lane.partition(":")[2], lock=True)


def _uncertain(row: Outbox) -> bool:
    """An earlier try may have been seen: it goes again as it is, and is refused where it was."""
    return bool((row.result or {}).get("unclear")) and row.request is not None


def _frozen(path: str, body: dict[str, Any]) -> str:
    return json.dumps({"path": path, "body": body}, ensure_ascii=False)


def _content(row: Outbox, media_id: str) -> dict[str, Any]:
    try:
        if row.kind == "text":
            return {"msgtype": "text", "text": {"content": clean(row.body["content"])}}
        if row.kind == "menu":
            return {"msgtype": "msgmenu", "msgmenu": _menu(row.body)}
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise Unsayable(f"{row.kind}: {type(fault).__name__}") from fault
    if row.kind != "poster" or not media_id:
        raise Unsayable(f"{row.kind} without its content")
    return {"msgtype": "image", "image": {"media_id": media_id}}


def _menu(body: dict[str, Any]) -> dict[str, Any]:
    """Each entry says its text when it is tapped, or leads to its address."""
    entries: list[dict[str, Any]] = []
    for item in body["items"]:
        text = clean(item["text"])
        if "url" in item:
            entries.append({"type": "view", "view": {"url": item["url"], "content": text}})
        else:
            shown = text.encode()[:LONGEST_BUTTON].decode(errors="ignore")
            entries.append({"type": "click", "click": {"id": menu_id(item["key"], item["task"]), "content": shown}})
    return {"head_content": clean(body["content"]), "list": entries}
