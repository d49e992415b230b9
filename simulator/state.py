"""The enterprise: its people, its groups, what stands in every chat, and what happened, in order.

All parts of the simulator share one `World` and its lock; whoever changes something calls a method here, which
stores it, tells the pages (`publish`) and wakes everybody who waits for it (`wait_for`).

An entry of a chat is a dict:
    id, chat (a userid in lower case, or a group's id), at (Unix seconds), rev (grows with every change),
    side   "me" (the person), "app" (the app or the robot), "note" (a grey line: a click, a recall)
    type   text image voice video file textcard news mpnews markdown markdown_v2 template_card location note …
    content  what that type has, as the API calls it
    via    user, passive, send, robot, event;   msgid, callback (id of the delivery), recalled
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from .clock import Clock
from .options import Limits, Member, Options
from .store import Store

Entry = dict[str, Any]
KEPT_EVENTS = 4000
KEPT_CALLS = 5000


class World:
    def __init__(self, options: Options) -> None:
        self.options = options
        self.limits: Limits = options.limits
        self.clock = Clock(options.clock_file)
        self.store = Store(options.state_path)
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.stopping = False
        self.members: dict[str, Member] = {}
        self.groups = _groups(options)
        self.entries: dict[int, Entry] = {}
        self.chats: dict[str, list[Entry]] = {}
        self._by_msgid: dict[str, list[Entry]] = {}
        self.dropped: deque[Entry] = deque(maxlen=KEPT_CALLS)
        self.calls: deque[dict[str, Any]] = deque(maxlen=KEPT_CALLS)
        self.calls_total = 0
        self.events: deque[tuple[int, dict[str, Any]]] = deque(maxlen=KEPT_EVENTS)
        self._event_number = 0
        # Never set back, not by a reset either: a late answer must not meet a new entry under an old number.
        self._last_id = self._last_rev = 0
        self._begin()

    def _begin(self) -> None:
        self.members = {item.userid.lower(): item for item in self.options.members}
        for row in self.store.load("member"):
            member = Member(**{**row, "departments": tuple(row["departments"])})
            self.members[member.userid.lower()] = member
        for entry in sorted(self.store.load("entry"), key=lambda item: item["id"]):
            self._index(entry)
            self._last_id, self._last_rev = max(self._last_id, entry["id"]), max(self._last_rev, entry["rev"])

    def _index(self, entry: Entry) -> None:
        self.entries[entry["id"]] = entry
        self.chats.setdefault(entry["chat"], []).append(entry)
        if entry.get("msgid"):
            self._by_msgid.setdefault(entry["msgid"], []).append(entry)

    def now(self) -> float:
        return self.clock.now()

    # people

    def member(self, userid: str) -> Member | None:
        """The member of that id; ids are compared without case."""
        return self.members.get(userid.lower())

    def put_member(self, member: Member) -> None:
        with self.lock:
            self.members[member.userid.lower()] = member
            self.store.save("member", member.userid.lower(), asdict(member))
            self.publish({"type": "members"})

    def set_visible(self, member: Member, visible: bool) -> Member:
        changed = replace(member, visible=visible)
        self.put_member(changed)
        return changed

    def group_of(self, key: str) -> dict[str, Any] | None:
        """The internal group whose robot has this key (or whose id this is)."""
        return next((group for group in self.groups if key in (group["key"], group["id"])), None)

    # chats

    def add_entry(self, chat: str, side: str, kind: str, content: dict[str, Any], via: str, **more: Any) -> Entry:
        with self.lock:
            self._last_id += 1
            entry: Entry = {
                "id": self._last_id,
                "rev": self._next_rev(),
                "chat": chat if self.group_of(chat) else chat.lower(),
                "side": side,
                "type": kind,
                "content": content,
                "via": via,
                "at": round(self.now(), 3),
                **more,
            }
            self._index(entry)
            self._keep(entry)
            return entry

    def sent_as(self, msgid: str) -> list[Entry]:
        """The entries that one message/send put into chats."""
        return self._by_msgid.get(msgid, [])

    def change_entry(self, entry: Entry, **changes: Any) -> None:
        with self.lock:
            entry.update(changes, rev=self._next_rev())
            self._keep(entry)

    def _next_rev(self) -> int:
        self._last_rev += 1
        return self._last_rev

    def _keep(self, entry: Entry) -> None:
        self.store.save("entry", entry["id"], entry)
        self.publish({"type": "entry", "entry": dict(entry)})

    def drop(self, chat: str, kind: str, content: dict[str, Any], reason: str) -> None:
        """Remember what was accepted with errcode 0 and yet never reaches the person."""
        with self.lock:
            self.dropped.append(
                {"chat": chat, "type": kind, "content": content, "reason": reason, "at": round(self.now(), 3)}
            )
            self.publish({"type": "dropped", "chat": chat, "reason": reason})

    def note(self, chat: str, text: str, **more: Any) -> Entry:
        """A grey line in the chat, for what is seen but not said."""
        return self.add_entry(chat, "note", "note", {"text": text}, "event", **more)

    def log_call(self, call: dict[str, Any]) -> None:
        with self.lock:
            self.calls_total += 1
            self.calls.append({"id": self.calls_total, **call})
            self.publish({"type": "call", "call": {"id": self.calls_total, **call}})

    # what happened, for pages and for waiting

    def publish(self, event: dict[str, Any]) -> None:
        with self.lock:
            self._event_number += 1
            self.events.append((self._event_number, event))
            self.changed.notify_all()

    @property
    def last_event(self) -> int:
        return self._event_number

    def events_after(self, number: int) -> list[tuple[int, dict[str, Any]]] | None:
        """Events after that number; None when some of them are gone or never were, and all must be read anew."""
        if number > self._event_number or (self.events and number + 1 < self.events[0][0]):
            return None
        behind = self._event_number - number
        return list(itertools.islice(self.events, len(self.events) - behind, None))

    def wait_for(self, ready: Callable[[], Any], seconds: float) -> bool:
        """Block until `ready()` is true, at most real `seconds`; also ends when the simulator stops."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while not ready():
                left = deadline - time.monotonic()
                if left <= 0 or self.stopping:
                    return bool(ready())
                self.changed.wait(left)
            return True

    def reset(self) -> None:
        """Forget everything but the options and the clock."""
        with self.lock:
            self.store.clear()
            self.entries.clear()
            self.chats.clear()
            self._by_msgid.clear()
            self.dropped.clear()
            self.calls.clear()
            self.limits = self.options.limits
            self._begin()

    def stop(self) -> None:
        with self.changed:
            self.stopping = True
            self.changed.notify_all()


def _groups(options: Options) -> list[dict[str, Any]]:
    people = [item.userid.lower() for item in options.members if item.role != "colleague"]
    names = ["分销伙伴群", *(f"内部群 {number}" for number in range(2, len(options.robot_keys) + 1))]
    return [
        {"id": f"group-{number}", "key": key, "name": names[number - 1], "members": people}
        for number, key in enumerate(options.robot_keys, 1)
    ]
