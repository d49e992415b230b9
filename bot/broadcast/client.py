"""The calls about 群发, with the token of 客户联系. Each raises Refused, Unanswered or TokenRejected.

Source   reference/wecom.md §8.7
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from bot.wecom.client import Authorised, encode
from bot.wecom.errors import Refused, Unanswered

ADD = "externalcontact/add_msg_template"
NO_CUSTOMERS = 84061
LISTED, RESULTS = 100, 1000


class BroadcastCalls(Authorised):
    """The calls of 群发, and whose customers somebody has."""

    def add(self, body: dict[str, Any]) -> tuple[str, list[str]]:
        """The msgid of a new task and whom the platform refused. Not to be repeated: twice asked is two tasks."""
        answer = self._post_anew(ADD, encode(body))
        if not answer.get("msgid"):
            raise Unanswered(ADD, "the answer holds no msgid", "likely")
        return str(answer["msgid"]), [str(one) for one in answer.get("fail_list") or ()]

    def listed(self, audience: str, first: datetime, last: datetime) -> Iterator[dict[str, Any]]:
        """The tasks that were made in that time: {"msgid", "create_time", "text"?, "attachments"?}."""
        body = {"chat_type": audience, "start_time": int(first.timestamp()), "end_time": int(last.timestamp())}
        yield from self._pages("get_groupmsg_list_v2", body | {"filter_type": 0, "limit": LISTED}, "group_msg_list")

    def members(self, msgid: str) -> list[dict[str, Any]]:
        """Who has to confirm: {"userid", "status" 0 or 2, "send_time"?}."""
        return list(self._pages("get_groupmsg_task", {"msgid": msgid, "limit": RESULTS}, "task_list"))

    def results(self, msgid: str, userid: str) -> Iterator[dict[str, Any]]:
        """Who got it: {"chat_id" or "external_userid", "status", "send_time"?}; of groups only those that did."""
        body = {"msgid": msgid, "userid": userid, "limit": RESULTS}
        yield from self._pages("get_groupmsg_send_result", body, "send_list")

    def remind(self, msgid: str) -> None:
        """Three times a day at most (41094)."""
        self._post("externalcontact/remind_groupmsg_send", encode({"msgid": msgid}))

    def cancel(self, msgid: str) -> None:
        """What was sent stays; 41093 where it is called off already."""
        self._post("externalcontact/cancel_groupmsg_send", encode({"msgid": msgid}))

    def customers(self, userid: str) -> list[str]:
        """The external_userids of a member's customers."""
        try:
            answer = self._get("externalcontact/list", {"userid": userid})
        except Refused as fault:
            if fault.errcode == NO_CUSTOMERS:
                return []
            raise
        return [str(one) for one in answer.get("external_userid") or ()]

    def _pages(self, name: str, body: dict[str, Any], rows: str) -> Iterator[dict[str, Any]]:
        cursor = ""
        while True:
            answer = self._post(f"externalcontact/{name}", encode({**body, "cursor": cursor}))
            yield from (dict(row) for row in answer.get(rows) or ())
            cursor = str(answer.get("next_cursor") or "")
            if not cursor:
                return


def instant(seconds: object) -> datetime | None:
    """The platform's Unix seconds, which come as a number or as a text."""
    number = int(seconds) if isinstance(seconds, int | str) and str(seconds).isdigit() else 0
    return datetime.fromtimestamp(number, UTC) if number else None
