"""What the program sends to customers: five after each of theirs; the answer to an event by its code.

A msgid of the program's own is taken once. A message may be taken in with errcode 0 and fail afterwards, which the log
tells (msg_send_fail).
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any

from ..errors import ApiError
from .content import Contents

if TYPE_CHECKING:
    from ..api import Call
    from ..media import MediaShelf
    from ..state import World
    from .door import Door
    from .guests import Guests
    from .log import Log
    from .sessions import Sessions

MSGID = re.compile(r"[0-9A-Za-z_-]{1,32}")


class Messages:
    def __init__(
        self, world: World, api: Door, sessions: Sessions, log: Log, guests: Guests, media: MediaShelf, account: str
    ) -> None:
        self._world, self._sessions, self._log, self._guests = world, sessions, log, guests
        self._contents, self._account = Contents(media), account
        self.clear()
        api.add("kf/send_msg", self._send)
        api.add("kf/send_msg_on_event", self._answer)

    def clear(self) -> None:
        self._msgids: set[str] = set()
        self.failing: list[int] = []  # fail_type of the next messages that are taken in and do not arrive

    def _send(self, call: Call) -> dict[str, Any]:
        if call.text(call.body, "open_kfid") != self._account:
            raise ApiError(95000)
        who = self._guests.by_external(call.text(call.body, "touser"))
        kind = call.text(call.body, "msgtype")
        call.note.update(to=[who.id], msgtype=kind)
        content, msgid = self._contents.check(call, kind), self._new_msgid(call)
        self._sessions.take(who.id)
        return self._deliver(who.id, kind, content, msgid, "send")

    def _answer(self, call: Call) -> dict[str, Any]:
        kind = call.text(call.body, "msgtype")
        content, msgid = self._contents.check(call, kind, by_event=True), self._new_msgid(call)
        guest = self._sessions.redeem(call.text(call.body, "code"), kind)
        call.note.update(to=[guest], msgtype=kind)
        return self._deliver(guest, kind, content, msgid, "event")

    def _new_msgid(self, call: Call) -> str:
        if "msgid" not in call.body:
            return secrets.token_urlsafe(20)
        msgid = call.text(call.body, "msgid")
        if not MSGID.fullmatch(msgid):
            raise ApiError(40058, "msgid: invalid Request Parameter")
        if msgid in self._msgids:
            raise ApiError(95033)
        return msgid

    def _deliver(self, guest: str, kind: str, content: dict[str, Any], msgid: str, how: str) -> dict[str, Any]:
        self._msgids.add(msgid)
        if self.failing:
            self._fail(guest, kind, content, msgid, self.failing.pop(0))
        else:
            self._world.add_entry(guest, "app", kind, content, "send", msgid=msgid, how=how)
        return {"msgid": msgid}

    def _fail(self, guest: str, kind: str, content: dict[str, Any], msgid: str, fail_type: int) -> None:
        self._world.drop(guest, kind, content, f"fail_type {fail_type}")
        event = {"event_type": "msg_send_fail", "fail_msgid": msgid, "fail_type": fail_type}
        self._log.write(guest, self._guests.event(guest, event))
