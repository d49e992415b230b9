"""Servicers in their client: they take customers from the pool, write to them, hand them on, end, and open again."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from ..errors import ApiError
from ..people import Refused
from .sessions import ENDED, PERSON, WAITING

if TYPE_CHECKING:
    from ..api import Call
    from ..options import KfOptions
    from ..state import Entry, World
    from .door import Door
    from .guests import Guests
    from .log import Log
    from .sessions import Sessions

SERVICER, RECEIVING, STOPPED = 5, 0, 1


class Servicers:
    def __init__(
        self, world: World, api: Door, options: KfOptions, log: Log, sessions: Sessions, guests: Guests
    ) -> None:
        self._world, self._options, self._log = world, options, log
        self._sessions, self._guests = sessions, guests
        self.clear()
        api.add("kf/servicer/list", self._list, method="GET")
        api.add("kf/service_state/get", self._get)
        api.add("kf/service_state/trans", self._trans)

    def clear(self) -> None:
        self.status = dict.fromkeys(self._options.servicers, RECEIVING)

    # the API

    def _list(self, call: Call) -> dict[str, Any]:
        if call.query.get("open_kfid") != self._options.account:
            raise ApiError(95000)
        return {"servicer_list": [{"userid": userid, "status": status} for userid, status in self.status.items()]}

    def _get(self, call: Call) -> dict[str, Any]:
        talk = self._sessions.of(self._whose(call))
        return {"service_state": talk.state, **({"servicer_userid": talk.servicer} if talk.servicer else {})}

    def _trans(self, call: Call) -> dict[str, Any]:
        guest, state = self._whose(call), call.integer(call.body, "service_state", -1)
        servicer = call.text(call.body, "servicer_userid")
        if state not in range(5):
            raise ApiError(40058)
        if state == PERSON:
            if servicer not in self.status:
                raise ApiError(95014)
            if self.status[servicer] != RECEIVING:
                raise ApiError(95019)
        code = self._sessions.transfer(guest, state, servicer)
        words = {WAITING: "已转到待接入池", PERSON: f"已转给{self._name(servicer)}", ENDED: "会话已结束"}
        self._world.note(guest, words.get(state, "由助手接待"))
        return {"msg_code": code} if code else {}

    def _whose(self, call: Call) -> str:
        if call.text(call.body, "open_kfid") != self._options.account:
            raise ApiError(95000)
        return self._guests.by_external(call.text(call.body, "external_userid")).id

    # what they do

    def take(self, guest: str, servicer: str) -> Entry:
        """Out of the pool, or a chat that nobody serves."""
        talk = self._sessions.of(self._guests.find(guest).id)
        if talk.state in (PERSON, ENDED):
            raise Refused("state: there is nothing to take")
        return self._changed(guest, 1, PERSON, servicer, f"{self._name(servicer)} 接入了会话")

    def hand_on(self, guest: str, servicer: str) -> Entry:
        if self._sessions.of(guest).state != PERSON:
            raise Refused("state: nobody serves him")
        return self._changed(guest, 2, PERSON, servicer, f"会话转给了{self._name(servicer)}")

    def end(self, guest: str) -> Entry:
        if self._sessions.of(guest).state != PERSON:
            raise Refused("state: nobody serves him")
        return self._changed(guest, 3, ENDED, "", "人工结束了会话")

    def reopen(self, guest: str, servicer: str) -> Entry:
        if self._sessions.of(guest).state != ENDED:
            raise Refused("state: it is not over")
        return self._changed(guest, 4, PERSON, servicer, f"{self._name(servicer)} 重新打开了会话")

    def say(self, guest: str, text: str) -> Entry:
        talk, who = self._sessions.of(guest), self._guests.find(guest)
        if talk.state != PERSON:
            raise Refused("state: nobody serves him")
        if not text:
            raise Refused("text: there is nothing to send")
        more = {"servicer": self._name(talk.servicer), "msg_id": secrets.token_hex(8)}
        entry = self._world.add_entry(guest, "app", "text", {"content": text}, "servicer", **more)
        item = {"open_kfid": self._options.account, "external_userid": who.external_userid, "origin": SERVICER}
        words = {"servicer_userid": talk.servicer, "msgtype": "text", "text": {"content": text}}
        self._log.write(guest, item | words)
        return entry

    def set_status(self, servicer: str, receiving: bool) -> None:
        if servicer not in self.status:
            raise Refused(f"userid: {servicer!r} is no servicer")
        self.status[servicer] = RECEIVING if receiving else STOPPED
        event = {"event_type": "servicer_status_change", "servicer_userid": servicer, "status": 1 if receiving else 2}
        own = {"open_kfid": self._options.account}
        self._log.write("", {"origin": 4, "msgtype": "event", "event": event | own})

    def _changed(self, guest: str, change: int, state: int, servicer: str, words: str) -> Entry:
        if state == PERSON and servicer not in self.status:
            raise Refused(f"servicer: {servicer!r} is no servicer")
        old = self._sessions.of(guest).servicer
        code = self._sessions.move(guest, state, servicer)
        event: dict[str, Any] = {"event_type": "session_status_change", "change_type": change}
        event |= {"old_servicer_userid": old} if old else {}
        event |= {"new_servicer_userid": servicer} if servicer else {}
        event |= {"msg_code": code} if change in (1, 3) else {}
        self._log.write(guest, self._guests.event(guest, event))
        return self._world.note(guest, words)

    def _name(self, userid: str) -> str:
        member = self._world.member(userid)
        return member.name if member else userid
