"""Customers in WeChat: they open the account's link, write, tap entries of a menu, take a message back."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ApiError
from ..ids import external_userid, unionid
from ..people import Refused

if TYPE_CHECKING:
    from ..api import Call
    from ..media import MediaShelf
    from ..options import KfOptions
    from ..state import Entry, World
    from .door import Door
    from .links import Links
    from .log import Log
    from .sessions import Sessions

CUSTOMER, SYSTEM = 3, 4
MOST_ASKED = 100


@dataclass(frozen=True)
class Person:
    id: str
    name: str
    external_userid: str
    unionid: str


class Guests:
    def __init__(
        self, world: World, api: Door, options: KfOptions, log: Log, sessions: Sessions, links: Links, media: MediaShelf
    ) -> None:
        self._world, self._account, self._log = world, options.account, log
        self._sessions, self._links, self._media = sessions, links, media
        corp = world.options.corp_id
        self._people = {
            row.id: Person(row.id, row.name, external_userid(corp, row.person or row.id), unionid(row.person or row.id))
            for row in options.guests
        }
        self.clear()
        api.add("kf/customer/batchget", self._batchget)

    def clear(self) -> None:
        self._entered: dict[str, dict[str, str]] = {}

    def describe(self) -> list[dict[str, Any]]:
        talks = self._sessions.describe()
        return [
            {"id": who.id, "name": who.name, "external_userid": who.external_userid, **talks.get(who.id, {"state": 4})}
            for who in self._people.values()
        ]

    def find(self, guest: str) -> Person:
        if guest not in self._people:
            raise Refused(f"userid: nobody is called {guest!r}")
        return self._people[guest]

    def by_external(self, userid: str) -> Person:
        """ApiError 40003 for nobody's."""
        found = next((who for who in self._people.values() if who.external_userid == userid), None)
        if found is None:
            raise ApiError(40003)
        return found

    # coming

    def enter(self, guest: str, url: str = "") -> Entry:
        """Open a link of the account (the last that was made, where none is given): the log says who came by which.

        Whoever opens the chat from his list of chats leaves no event.
        """
        who = self.find(guest)
        scene, param = self._links.opened(url)
        code = self._sessions.welcome(who.id)
        event = {"event_type": "enter_session", "scene": scene, "scene_param": param, "welcome_code": code}
        self._entered[who.id] = {"scene": scene, "scene_param": param}
        self._log.write(who.id, self.event(who.id, {name: value for name, value in event.items() if value}))
        return self._world.note(who.id, f"{who.name} 打开了客服链接" + (f"（{param}）" if param else ""))

    def event(self, guest: str, fields: dict[str, Any]) -> dict[str, Any]:
        """An item of the log: for events the ids stand inside."""
        ids = {"open_kfid": self._account, "external_userid": self.find(guest).external_userid}
        return {"origin": SYSTEM, "msgtype": "event", "event": {**fields, **ids}}

    # writing

    def say(self, guest: str, text: str, *, menu_id: str = "", knock: bool = True) -> Entry:
        if not text:
            raise Refused("text: there is nothing to send")
        words = {"content": text, **({"menu_id": menu_id} if menu_id else {})}
        return self._message(guest, "text", words, {"content": text}, knock=knock)

    def tap(self, guest: str, entry_id: int, item: str) -> Entry:
        """An entry of a menu that stands in his chat."""
        entry = self._world.entries.get(entry_id)
        if entry is None or entry["chat"] != guest or entry["type"] != "msgmenu":
            raise Refused("id: there is no such menu in this chat")
        rows = [row["click"] for row in entry["content"]["list"] if row["type"] == "click"]
        found = next((row for row in rows if row["id"] == item), None)
        if found is None:
            raise Refused(f"item: no entry of the menu is {item!r}")
        return self.say(guest, found["content"], menu_id=found["id"])

    def show_picture(self, guest: str, data: bytes, filename: str) -> Entry:
        media = self._media.put(data, "image", filename, "user")
        shown = {"media_id": media.media_id, "filename": filename, "size": media.size, "sha256": media.sha256}
        return self._message(guest, "image", {"media_id": media.media_id}, shown)

    def speak(self, guest: str, seconds: int) -> Entry:
        media = self._media.put(b"#!AMR\n" + bytes(seconds * 100), "voice", "voice.amr", "user")
        part = {"media_id": media.media_id}
        return self._message(guest, "voice", part, {**part, "seconds": seconds})

    def locate(self, guest: str, latitude: float, longitude: float, label: str) -> Entry:
        place = {"latitude": latitude, "longitude": longitude, "name": label, "address": label}
        return self._message(guest, "location", place, {"latitude": latitude, "longitude": longitude, "label": label})

    def other(self, guest: str, kind: str, fields: dict[str, Any]) -> Entry:
        """A message of any other type, known to the app or not."""
        return self._message(guest, kind, fields, {"fields": fields})

    def recall(self, guest: str, entry_id: int) -> Entry:
        entry = self._world.entries.get(entry_id)
        if entry is None or entry["chat"] != guest or entry["side"] != "me":
            raise Refused("id: there is no such message of his")
        event = {"event_type": "user_recall_msg", "recall_msgid": entry["msg_id"]}
        self._log.write(guest, self.event(guest, event))
        self._world.change_entry(entry, recalled=True, type="note", content={"text": "对方撤回了一条消息"})
        return entry

    def _message(
        self, guest: str, kind: str, part: dict[str, Any], shown: dict[str, Any], *, knock: bool = True
    ) -> Entry:
        who = self.find(guest)
        with self._world.lock:
            self._sessions.wrote(who.id)
            msgid = secrets.token_urlsafe(18)
            entry = self._world.add_entry(who.id, "me", kind, shown, "user", msg_id=msgid)
            item = {"msgid": msgid, "open_kfid": self._account, "external_userid": who.external_userid}
            self._log.write(who.id, {**item, "origin": CUSTOMER, "msgtype": kind, kind: part}, knock=knock)
        return entry

    # asked about

    def _batchget(self, call: Call) -> dict[str, Any]:
        wanted = call.body.get("external_userid_list")
        if not isinstance(wanted, list) or not 1 <= len(wanted) <= MOST_ASKED:
            raise ApiError(40058)
        context = call.integer(call.body, "need_enter_session_context")
        found: list[dict[str, Any]] = []
        invalid: list[str] = []
        for userid in wanted:
            who = next((row for row in self._people.values() if row.external_userid == userid), None)
            if who is None or not self._active(who):
                invalid.append(userid)
                continue
            row = {
                "external_userid": userid, "nickname": who.name, "avatar": "", "gender": 0, "unionid": who.unionid,
            }  # fmt: skip
            found.append(row | ({"enter_session_context": self._entered.get(who.id, {})} if context else {}))
        return {"customer_list": found, "invalid_external_userid": invalid}

    def _active(self, who: Person) -> bool:
        """Within two days he has come or written."""
        since = self._world.now() - self._world.limits.kf_window_seconds
        return any(row["at"] > since for row in self._world.chats.get(who.id, []) if row["side"] in ("me", "note"))
