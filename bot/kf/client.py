"""The calls of one service account. Each raises Refused, Unanswered or TokenRejected (bot.wecom.errors).

Source   reference/wecom.md §9
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.wecom.client import Authorised, encode
from bot.wecom.errors import Unanswered
from bot.wecom.token import TokenProvider
from bot.wecom.wire import Wire

PAGE = 100  # of at most 1,000: a page must stay far below the largest answer that is read
LARGEST_PAGE = 8 << 20
RECEIVING = 0


@dataclass(frozen=True, slots=True)
class Page:
    """items as the platform wrote them; cursor to go on from; more: there is more, even where this page is empty."""

    items: list[dict[str, Any]]
    cursor: str | None
    more: bool


class KfClient(Authorised):
    """account   the open_kfid"""

    def __init__(self, wire: Wire, tokens: TokenProvider, account: str) -> None:
        super().__init__(wire, tokens)
        self.account = account

    def sync(self, cursor: str | None, token: str | None) -> Page:
        """The next messages and events after the cursor; without one those of the last three days."""
        body = {"limit": PAGE, "voice_format": 0, "open_kfid": self.account}
        body |= {name: value for name, value in (("cursor", cursor), ("token", token)) if value}
        answer = self._post("kf/sync_msg", encode(body))
        items, following = answer.get("msg_list") or [], answer.get("next_cursor")
        if not isinstance(items, list) or not isinstance(following, str | None):
            raise Unanswered("kf/sync_msg", "the answer is not as documented", "unclear")
        return Page([item for item in items if isinstance(item, dict)], following or None, answer.get("has_more") == 1)

    def send(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A message with a `msgid` of ours, which a second one of the same is refused for (95033)."""
        return self._post(path, encode(body))

    def state(self, userid: str) -> int:
        """Of his session: 0 new, 1 program, 2 waiting, 3 person, 4 over."""
        answer = self._post("kf/service_state/get", encode({"open_kfid": self.account, "external_userid": userid}))
        return int(answer["service_state"])

    def transfer(self, userid: str, state: int) -> str:
        """Give the session another state; the code by which that may be answered once, or nothing."""
        body = {"open_kfid": self.account, "external_userid": userid, "service_state": state}
        return str(self._post("kf/service_state/trans", encode(body)).get("msg_code") or "")

    def receiving(self) -> int:
        """How many servicers are receiving now."""
        rows = self._get("kf/servicer/list", {"open_kfid": self.account}).get("servicer_list") or []
        return sum(row.get("userid") is not None and row.get("status") == RECEIVING for row in rows)

    def accounts(self) -> list[dict[str, Any]]:
        """[{"open_kfid", "name", "manage_privilege", …}]: the first hundred, more than most have."""
        return list(self._post("kf/account/list", encode({"offset": 0, "limit": 100})).get("account_list") or [])

    def contact_way(self, scene: str) -> str:
        """The address by which customers come; `&scene_param=…` may be appended to it."""
        answer = self._post("kf/add_contact_way", encode({"open_kfid": self.account, "scene": scene}))
        return str(answer["url"])

    def unionid(self, userid: str) -> str:
        """His unionid; empty where the platform tells none, or he has not been here for two days."""
        body = {"external_userid_list": [userid], "need_enter_session_context": 0}
        rows = self._post("kf/customer/batchget", encode(body)).get("customer_list") or []
        return next((str(row.get("unionid") or "") for row in rows if row.get("external_userid") == userid), "")
