"""All parts of 客户联系, wired together. Only the secret that the merchant chose for it may call them (48002)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import ApiError
from .acts import Acts
from .attachments import Attachments
from .customers import Customers
from .links import Links
from .members import Members
from .reading import Reading
from .relations import Relations
from .ways import Quota, Ways
from .welcome import Welcome

if TYPE_CHECKING:
    from ..api import Api, Call
    from ..media import MediaShelf
    from ..people import People
    from ..state import World
    from ..tokens import Tokens

OTHER_APP = 2000003  # where the secret is not the app's own
NOT_GRANTED = 48002


class Contact:
    """`add` registers a call that only apps with 客户联系 may make: customer groups and 群发 use it too."""

    def __init__(self, world: World, api: Api, tokens: Tokens, media: MediaShelf, people: People) -> None:
        options = world.options.contact
        if options is None:
            raise ValueError("there is no 客户联系 among the options")
        self._world, self._api = world, api
        tokens.secrets.setdefault(options.secret, OTHER_APP)
        self._agent = tokens.secrets[options.secret]
        self.members, self.customers, self.relations = Members(world), Customers(world), Relations(world)
        self.quota = Quota(world)
        self.ways = Ways(world, self.members, self.quota)
        self.attachments = Attachments(media)
        self.welcome = Welcome(world, self.relations, self.attachments)
        self.acts = Acts(
            world, people, self.members, self.customers, self.relations, self.ways, self.welcome
        )  # fmt: skip
        self.links = Links(world, self.members, self.customers, self.relations, self.acts.tell_acquisition)
        self.acts.links = self.links
        self._register()

    def _register(self) -> None:
        reading = Reading(self._world, self.members, self.customers, self.relations)
        for path, function in (
            ("get_follow_user_list", reading.follow_users),
            ("list", reading.list),
            ("get", reading.get),
        ):
            self.add(f"externalcontact/{path}", function, method="GET")
        for path, function in (
            ("batch/get_by_user", reading.batch),
            ("remark", reading.remark),
            ("convert_to_openid", reading.openid),
            ("add_contact_way", self.ways.add),
            ("get_contact_way", self.ways.get),
            ("list_contact_way", self.ways.list),
            ("update_contact_way", self.ways.update),
            ("del_contact_way", self.ways.delete),
            ("send_welcome_msg", self.welcome.send),
            ("customer_acquisition/create_link", self.links.create),
            ("customer_acquisition/get", self.links.get),
            ("customer_acquisition/list_link", self.links.list),
            ("customer_acquisition/update_link", self.links.update),
            ("customer_acquisition/delete_link", self.links.delete),
            ("customer_acquisition/customer", self.links.customers),
        ):
            self.add(f"externalcontact/{path}", function)
        self.add("externalcontact/customer_acquisition_quota", self.links.quota, method="GET")

    def add(self, path: str, function: Callable[[Call], dict[str, Any]], *, method: str = "POST") -> None:
        def admitted(call: Call) -> dict[str, Any]:
            granted = self._world.limits.contact_granted and call.grant and call.grant.agent_id == self._agent
            if not granted:
                raise ApiError(NOT_GRANTED)
            return function(call)

        self._api.add(path, admitted, method=method)

    def identities(self, customer: str) -> dict[str, str]:
        """By what a mall inside WeChat knows one of our customers; nothing of somebody who has never come."""
        if not self.relations.of_customer(customer):
            return {}
        who = self.customers.get(customer)
        return {"external_userid": who.external_userid} | ({"unionid": who.unionid} if who.unionid else {})

    def describe(self) -> dict[str, Any]:
        """What the page shows."""
        return {
            "customers": [{"id": who.id, "name": who.name, "kind": who.kind} for who in self.customers.all()],
            "members": self.members.describe(),
            "codes": [
                {"id": way.config_id, "key": way.key, "remark": way.remark, "state": way.state, "user": way.user}
                for way in self.ways.all()
            ],
            "links": [{"id": link.link_id, "name": link.link_name, "url": link.url} for link in self.links.all()],
            "relations": [
                {
                    "chat": row.chat, "customer": row.customer, "userid": row.userid, "state": row.state,
                    "half": row.half, "customer_left": row.customer_left, "member_left": row.member_left,
                }
                for row in self.relations.all()
            ],
        }  # fmt: skip

    def forget(self) -> None:
        self.quota.used = 0
        for part in (self.members, self.customers, self.relations, self.ways, self.links):
            part.load()
        self.welcome.clear()
