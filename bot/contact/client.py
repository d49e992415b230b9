"""The calls of 客户联系 that we make. Each raises Refused, Unanswered or TokenRejected (bot.wecom.errors).

Source   reference/wecom.md §8.1, §8.3, §8.5, §8.9
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.wecom.client import Authorised, encode
from bot.wecom.errors import Refused, Unanswered
from services.customer import told
from services.customer.told import Follow, Page, Person

NO_RELATION, UNKNOWN_CUSTOMER = 84061, 40096
MULTIPLE, QR_CODE = 2, 2  # a code of one member alone could never be given to two
MOST_PAGES, LISTED, PAGE = 200, 1000, 100
CLOCKS_APART = timedelta(minutes=10)


class ContactClient(Authorised):
    """The calls of the app that may use 客户联系."""

    def follow_users(self) -> list[str]:
        """The members who may have customers."""
        return [str(userid) for userid in self._get("externalcontact/get_follow_user_list", {})["follow_user"]]

    def customer(self, external_userid: str) -> tuple[Person, list[Follow]] | None:
        """Who he is and whose; None where he is nobody's."""
        who, follows, cursor = None, [], ""
        for _ in range(MOST_PAGES):
            query = {"external_userid": external_userid} | ({"cursor": cursor} if cursor else {})
            try:
                answer = self._get("externalcontact/get", query)
            except Refused as fault:
                if fault.errcode in (NO_RELATION, UNKNOWN_CUSTOMER):
                    return None
                raise
            try:
                who = told.person(answer["external_contact"])
                follows += [told.follow(row) for row in answer.get("follow_user") or []]
            except (KeyError, TypeError, ValueError) as fault:
                raise Unanswered("externalcontact/get", f"cannot be read: {type(fault).__name__}", "no") from None
            if not (cursor := str(answer.get("next_cursor") or "")):
                return who, follows
        raise Unanswered("externalcontact/get", "the pages do not end", "no")

    def listed(self, members: Sequence[str], cursor: str) -> Page:
        """One page of all these members' customers."""
        body = {"userid_list": list(members), "cursor": cursor, "limit": PAGE}
        try:
            return told.page(self._post("externalcontact/batch/get_by_user", encode(body)))
        except Refused as fault:
            if fault.errcode == NO_RELATION:
                return Page((), "", ())
            raise
        except (KeyError, TypeError, ValueError) as fault:
            raise Unanswered("externalcontact/batch/get_by_user", f"unreadable: {type(fault).__name__}", "no") from None

    # codes and links

    def add_way(self, state: str, remark: str, users: Sequence[str]) -> tuple[str, str]:
        """config_id, which is told this once, and the address of the code's picture."""
        body = {"type": MULTIPLE, "scene": QR_CODE, "skip_verify": True, "remark": remark, "state": state}
        answer = self._post("externalcontact/add_contact_way", encode(body | {"user": list(users)}))
        return str(answer["config_id"]), str(answer.get("qr_code") or "")

    def way(self, config_id: str) -> dict[str, Any]:
        """{"state", "user": […], "qr_code"?, …}"""
        body = encode({"config_id": config_id})
        return dict(self._post("externalcontact/get_contact_way", body)["contact_way"])

    def ways_since(self, since: datetime) -> Iterator[str]:
        """The config_ids of codes that were made from then on (the platform's clock may be another)."""
        body: dict[str, Any] = {"start_time": int((since - CLOCKS_APART).timestamp()), "limit": LISTED}
        for _ in range(MOST_PAGES):
            answer = self._post("externalcontact/list_contact_way", encode(body))
            yield from (str(row["config_id"]) for row in answer.get("contact_way") or [])
            if not (cursor := str(answer.get("next_cursor") or "")):
                return
            body["cursor"] = cursor

    def change_way(self, config_id: str, users: Sequence[str]) -> None:
        """Let the code lead to these members."""
        self._post("externalcontact/update_contact_way", encode({"config_id": config_id, "user": list(users)}))

    def create_link(self, name: str, users: Sequence[str]) -> dict[str, Any]:
        """A 获客链接: {"link_id", "url", …}"""
        body = {"link_name": name, "range": {"user_list": list(users)}, "skip_verify": True}
        return dict(self._post("externalcontact/customer_acquisition/create_link", encode(body))["link"])

    def picture(self, address: str) -> bytes:
        """The picture of a code."""
        return self._wire.fetch(address)

    # new customers

    def welcome(self, body: dict[str, Any]) -> None:
        """Once for each code, within twenty seconds."""
        self._post("externalcontact/send_welcome_msg", encode(body))
