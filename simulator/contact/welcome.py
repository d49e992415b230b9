"""欢迎语: a code that comes with a new customer, good for twenty seconds and for one message."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ApiError

if TYPE_CHECKING:
    from ..api import Call
    from ..state import World
    from .attachments import Attachments
    from .relations import Relation, Relations

MISSING, INVALID, STARTED, UNDER_WAY = 41049, 41050, 41051, 41096


@dataclass
class Code:
    userid: str
    customer: str
    until: float
    busy_until: float = 0.0  # another app is delivering
    taken: bool = False  # by us, or by that app


class Welcome:
    def __init__(self, world: World, relations: Relations, attachments: Attachments) -> None:
        self._world, self._relations, self._attachments = world, relations, attachments
        self.clear()

    def clear(self) -> None:
        self._codes: dict[str, Code] = {}

    def new_code(self, relation: Relation) -> str:
        text = secrets.token_urlsafe(32)
        until = self._world.now() + self._world.limits.welcome_seconds
        self._codes[text] = Code(relation.userid, relation.customer, until)
        return text

    def occupy(self, seconds: float, *, delivers: bool) -> int:
        """Another app is sending for every code that is open now; with `delivers` its message is then the one."""
        now, count = self._world.now(), 0
        for code in self._codes.values():
            if now < code.until and not code.taken:
                code.busy_until, code.taken, count = now + seconds, delivers, count + 1
        return count

    def send(self, call: Call) -> dict[str, Any]:
        """POST externalcontact/send_welcome_msg"""
        text = call.text(call.body, "welcome_code")
        if not text:
            raise ApiError(MISSING)
        messages = self._attachments.read(call)
        now, code = self._world.now(), self._codes.get(text)
        if code is None or now >= code.until:
            raise ApiError(INVALID)
        if now < code.busy_until:
            raise ApiError(UNDER_WAY)
        relation = self._relations.alive(code.userid, code.customer)
        if code.taken or relation is None or relation.welcomed or relation.chatted_at is not None:
            raise ApiError(STARTED)
        code.taken = relation.welcomed = True
        self._relations.keep(relation)
        call.note.update(to=[code.customer], member=code.userid)
        for kind, content in messages:
            self._world.add_entry(relation.chat, "app", kind, content, "welcome")
        return {}
