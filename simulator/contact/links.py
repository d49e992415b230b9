"""获客助手: one link with a channel of the merchant's choice behind it, paid for by the customer.

Each customer who is added by a link takes one from the balance; near its end and at its end the app is told.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from ..errors import ApiError
from .reading import page

if TYPE_CHECKING:
    from ..api import Call
    from ..state import World
    from .customers import Customers
    from .members import Members
    from .relations import Relations

BASE = "https://work.weixin.qq.com/ca/"
LONGEST_NAME, LONGEST_CHANNEL, MOST_USERS = 30, 64, 500
MOST_LISTED, MOST_CUSTOMERS = 100, 1000
LOW = 20


@dataclass
class Link:
    link_id: str
    key: str
    link_name: str
    create_time: int
    users: list[str] = field(default_factory=list)
    departments: list[int] = field(default_factory=list)
    skip_verify: bool = True
    turn: int = 0

    @property
    def url(self) -> str:
        return BASE + self.key


class Links:
    """`tell(event, fields)` sends an event of the platform's own."""

    def __init__(
        self,
        world: World,
        members: Members,
        customers: Customers,
        relations: Relations,
        tell: Callable[[str, dict[str, Any]], object],
    ) -> None:
        self._world, self._members, self._tell = world, members, tell
        self._customers, self._relations = customers, relations
        self.load()

    def load(self) -> None:
        self._links = {row["link_id"]: Link(**row) for row in self._world.store.load("acquisition-link") if row["key"]}
        self.taken = sum(bool(row.link_id) for row in self._relations.all())
        self._granted = 0

    def all(self) -> list[Link]:
        return list(self._links.values())

    def find(self, address: str) -> tuple[Link, str] | None:
        """A link and its channel by an address; the channel is cut to 64 bytes."""
        parts = urlsplit(address)
        if f"{parts.scheme}://{parts.netloc}{parts.path}".rpartition("/")[0] + "/" != BASE:
            return None
        key = parts.path.rpartition("/")[2]
        link = next((row for row in self._links.values() if row.key == key), None)
        channel = (parse_qs(parts.query).get("customer_channel") or [""])[0]
        return (link, channel.encode()[:LONGEST_CHANNEL].decode(errors="ignore")) if link else None

    def next_member(self, link: Link) -> str | None:
        able = [userid for userid in self._people(link) if self._members.standing(userid).permitted]
        if not able:
            return None
        link.turn += 1
        return able[(link.turn - 1) % len(able)]

    # balance

    @property
    def balance(self) -> int:
        return max(0, self._world.limits.acquisition_total + self._granted - self.taken)

    def take(self) -> None:
        """One customer more; the app is told when little is left, and when nothing is."""
        self.taken += 1
        if self.balance == 0:
            self._tell("balance_exhausted", {})
        elif self.balance == LOW - 1:
            self._tell("balance_low", {})

    def grant(self, count: int) -> None:
        """The merchant buys more."""
        before, self._granted = self.balance, self._granted + count
        if before == 0 < self.balance:
            self._tell("balance_increased", {})

    # API

    def create(self, call: Call) -> dict[str, Any]:
        link = Link("caw" + secrets.token_urlsafe(12), "ca" + secrets.token_hex(8), "", int(self._world.now()))
        self._fill(call, link)
        self._keep(link)
        told = {name: getattr(link, name) for name in ("link_id", "link_name", "url", "create_time")}
        return {"link": told}

    def get(self, call: Call) -> dict[str, Any]:
        link = self._known(call)
        names = ("link_name", "url", "create_time", "skip_verify")
        told = {name: getattr(link, name) for name in names}
        reach = {"user_list": link.users, "department_list": link.departments}
        return {"link": {**told, "mark_source": True}, "range": reach}

    def list(self, call: Call) -> dict[str, Any]:
        shown, cursor = page(list(self._links), call.text(call.body, "cursor"), _size(call, MOST_LISTED))
        return {"link_id_list": shown, "next_cursor": cursor}

    def update(self, call: Call) -> dict[str, Any]:
        link = self._known(call)
        self._fill(call, link)
        self._keep(link)
        return {}

    def delete(self, call: Call) -> dict[str, Any]:
        """No callback: what is done by the API fires none."""
        link = self._known(call)
        del self._links[link.link_id]
        self._world.store.save("acquisition-link", link.link_id, {**asdict(link), "key": ""})
        return {}

    def customers(self, call: Call) -> dict[str, Any]:
        link = self._known(call)
        rows = [row for row in self._relations.all() if row.link_id == link.link_id and not row.member_left]
        shown, cursor = page(rows, call.text(call.body, "cursor"), _size(call, MOST_CUSTOMERS))
        told = [
            {
                "external_userid": self._customers.get(row.customer).external_userid,
                "userid": row.userid,
                "chat_status": int(row.chatted_at is not None),
                "state": row.state,
            }
            for row in shown
        ]
        return {"customer_list": told, "next_cursor": cursor}

    def quota(self, call: Call) -> dict[str, Any]:
        total = self._world.limits.acquisition_total + self._granted
        return {"total": total, "balance": self.balance, "quota_list": []}

    def _fill(self, call: Call, link: Link) -> None:
        if "link_name" in call.body or not link.link_name:
            name = call.text(call.body, "link_name")
            if not 1 <= len(name) <= LONGEST_NAME:
                raise ApiError(40058, f"link_name: 1 to {LONGEST_NAME} characters. invalid Request Parameter")
            link.link_name = name
        if "range" in call.body or not (link.users or link.departments):
            reach = call.object(call.body, "range")
            link.users = [str(userid) for userid in reach.get("user_list") or []]
            link.departments = [int(number) for number in reach.get("department_list") or []]
            self._members.check(link.users)
            if not 1 <= len(self._people(link)) <= MOST_USERS:
                raise ApiError(40035, "range: 1 to 500 people. invalid Request Parameter")
        link.skip_verify = bool(call.body.get("skip_verify", link.skip_verify))

    def _people(self, link: Link) -> list[str]:
        return list(dict.fromkeys([*link.users, *self._members.of_parties(link.departments)]))

    def _known(self, call: Call) -> Link:
        link = self._links.get(call.text(call.body, "link_id"))
        if link is None:
            raise ApiError(40058, "link_id: invalid Request Parameter")
        return link

    def _keep(self, link: Link) -> None:
        self._links[link.link_id] = link
        self._world.store.save("acquisition-link", link.link_id, asdict(link))
        self._world.publish({"type": "contact"})


def _size(call: Call, most: int) -> int:
    limit = call.integer(call.body, "limit", most)
    return limit if 1 <= limit <= most else most
