"""The account's log: what customers and servicers did, read by sync_msg from a cursor; and the knock that says so.

A knock brings a token that is good for ten minutes. Without one reading is rationed. What is older than three days is
gone. The program's own messages never stand in it.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from .. import xml
from ..counters import Window
from ..errors import ApiError

if TYPE_CHECKING:
    from ..api import Call
    from ..callbacks import Courier, Delivery
    from ..state import World
    from .door import Door

LABEL = "kf_msg_or_event"
MOST, LONGEST_CURSOR, LONGEST_TOKEN = 1000, 64, 128
BEGIN = "4gw7MepFLfgF2VC5n"  # of a cursor: opaque, and no number to a reader


class Log:
    def __init__(self, world: World, api: Door, courier: Courier, account: str) -> None:
        self._world, self._courier, self._account = world, courier, account
        self.empty_pages = 0  # the next so many answers hold nothing, and say that there is more
        self.clear()
        api.add("kf/sync_msg", self._sync)

    def clear(self) -> None:
        self.items: list[tuple[int, dict[str, Any]]] = [
            (row["number"], row["item"]) for row in self._world.store.load("kf-item")
        ]
        self._tokens: dict[str, float] = {}
        self._bare = Window(60)
        self._last: Delivery | None = None
        self.empty_pages = 0

    # in

    def write(self, guest: str, item: dict[str, Any], *, knock: bool = True) -> dict[str, Any]:
        """Add an item; several that come before the knock is on its way share it."""
        number = self.items[-1][0] + 1 if self.items else 1
        full = {"msgid": secrets.token_urlsafe(18), "send_time": int(self._world.now()), **item}
        self.items.append((number, full))
        self._world.store.save("kf-item", number, {"number": number, "item": full})
        if knock:
            self.knock(guest)
        return full

    def knock(self, guest: str = "") -> Delivery:
        if self._last is not None and self._last.state in ("queued", "held") and not self._last.attempts:
            return self._last
        token = "ENC" + secrets.token_urlsafe(30)
        self._tokens[token] = self._world.now() + self._world.limits.kf_token_seconds
        fields: dict[str, Any] = {
            "ToUserName": self._world.options.corp_id,
            "CreateTime": int(self._world.now()),
            "MsgType": "event",
            "Event": LABEL,
            "Token": token,
        }
        if self._world.limits.kf_event_names_account:
            fields["OpenKfId"] = self._account
        self._last = self._courier.submit(LABEL, guest, xml.element("xml", fields), with_agent=False)
        return self._last

    # out

    def _sync(self, call: Call) -> dict[str, Any]:
        body, now = call.body, self._world.now()
        cursor, token = call.text(body, "cursor"), call.text(body, "token")
        limit = call.integer(body, "limit", MOST)
        if call.text(body, "open_kfid") != self._account:
            raise ApiError(95000)
        if len(cursor) > LONGEST_CURSOR or len(token) > LONGEST_TOKEN or not 1 <= limit <= MOST:
            raise ApiError(40058)
        if call.integer(body, "voice_format") not in (0, 1):
            raise ApiError(40058)
        call.note.update(token=bool(token), cursor=bool(cursor))
        self._admit(token, now)
        first = self._after(cursor)
        if self.empty_pages > 0:
            self.empty_pages -= 1
            return {"next_cursor": self._cursor(first), "has_more": 1, "msg_list": []}
        oldest = now - self._world.limits.kf_history_seconds
        left = [(number, item) for number, item in self.items if number > first and item["send_time"] >= oldest]
        page = left[:limit]
        last = page[-1][0] if page else max(first, self.items[-1][0] if self.items else 0)
        more = int(len(left) > len(page))
        return {"next_cursor": self._cursor(last), "has_more": more, "msg_list": [item for _, item in page]}

    def _admit(self, token: str, now: float) -> None:
        if token:
            if self._tokens.get(token, 0.0) <= now:
                raise ApiError(95007)
            return
        if self._bare.count("bare", now) >= self._world.limits.kf_bare_per_minute:
            raise ApiError(45009)
        self._bare.take("bare", now)

    def _cursor(self, number: int) -> str:
        return f"{BEGIN}{number:x}"

    def _after(self, cursor: str) -> int:
        if not cursor:
            return 0
        digits = cursor.removeprefix(BEGIN)
        if digits == cursor or not digits or any(digit not in "0123456789abcdef" for digit in digits):
            raise ApiError(40058, "invalid cursor")
        return int(digits, 16)

    def end_tokens(self) -> None:
        """Every token of a knock is over (95007)."""
        self._tokens.clear()
