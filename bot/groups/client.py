"""The calls about customer groups, with the token of 客户联系. Each raises Refused, Unanswered or TokenRejected.

Source   reference/wecom.md §8.6
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.wecom.client import Authorised, encode
from bot.wecom.errors import Refused
from services.group import Told

PAGE, OWNERS_AT_ONCE = 1000, 100
TOO_MANY_MEMBERS, DISMISSED = 81017, 49008


class GroupCalls(Authorised):
    """The calls of 客户群."""

    def listed(self) -> Iterator[str]:
        """The chat_id of every group whose owner the app sees; owner by owner where the enterprise is too large."""
        try:
            yield from self._list({})
        except Refused as fault:
            if fault.errcode != TOO_MANY_MEMBERS:
                raise
            owners = self.owners()
            for place in range(0, len(owners), OWNERS_AT_ONCE):
                yield from self._list({"owner_filter": {"userid_list": owners[place : place + OWNERS_AT_ONCE]}})

    def _list(self, which: dict[str, Any]) -> Iterator[str]:
        cursor = ""
        while True:
            body = {"status_filter": 0, "limit": PAGE, "cursor": cursor, **which}
            answer = self._post("externalcontact/groupchat/list", encode(body))
            yield from (str(row["chat_id"]) for row in answer.get("group_chat_list") or ())
            cursor = str(answer.get("next_cursor") or "")
            if not cursor:
                return

    def owners(self) -> list[str]:
        """The members who may have customers."""
        return [str(userid) for userid in self._get("externalcontact/get_follow_user_list", {}).get("follow_user", [])]

    def group(self, chat_id: str) -> Told:
        """A group as it was some seconds ago; nobody's name is asked for."""
        answer = self._post("externalcontact/groupchat/get", encode({"chat_id": chat_id, "need_name": 0}))
        return told_of(dict(answer["group_chat"]))

    def add_join_way(self, *, state: str, remark: str, chats: Sequence[str], name: str) -> str:
        """The config_id of a new code; the groups that follow a full one are called `name` with a number."""
        body = {
            "scene": 2,
            "remark": remark,
            "auto_create_room": 1,
            "chat_id_list": list(chats),
            "state": state,
            **({"room_base_name": name, "room_base_id": 2} if name else {}),
        }
        return str(self._post_anew("externalcontact/groupchat/add_join_way", encode(body))["config_id"])

    def join_way(self, config_id: str) -> dict[str, Any]:
        """{"qr_code", "chat_id_list", "state", …}"""
        body = encode({"config_id": config_id})
        return dict(self._post("externalcontact/groupchat/get_join_way", body)["join_way"])


def told_of(group: dict[str, Any]) -> Told:
    """groupchat/get's object as the house knows it: how many people, never who; integers may come as texts."""
    members = [dict(row) for row in group.get("member_list") or ()]
    came = sorted((int(row.get("join_time") or 0), str(row["state"])) for row in members if row.get("state"))
    began = int(group.get("create_time") or 0)
    return Told(
        chat_id=str(group["chat_id"]),
        name=str(group.get("name") or ""),
        owner=str(group.get("owner") or ""),
        members=len(members),
        version=str(group.get("member_version") or ""),
        began_at=datetime.fromtimestamp(began, UTC) if began else None,
        states=tuple(state for _, state in came),
    )
