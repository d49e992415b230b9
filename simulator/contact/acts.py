"""What customers and members do to each other: scan, accept, write, delete; and the events that the app hears of it.

Every event comes from `sys` with a time in whole seconds and without an agent. Whoever is a customer already and scans
another code of the same member is just led to the chat: nothing is told, and his state stays what it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..people import Refused
from .customers import WECHAT
from .relations import chat_of

if TYPE_CHECKING:
    from ..callbacks import Delivery
    from ..people import People
    from ..state import Entry, World
    from .customers import Customers, Stranger
    from .links import Link, Links
    from .members import Members
    from .relations import Relation, Relations
    from .ways import Ways
    from .welcome import Welcome

EVENT = "change_external_contact"
BY_CODE, BY_LINK = 1, 16


@dataclass(frozen=True)
class Door:
    """What was scanned: to whom it leads, with which state."""

    userid: str
    state: str
    skip_verify: bool = True
    link: Link | None = None


class Acts:
    def __init__(
        self, world: World, people: People, members: Members, customers: Customers, relations: Relations, ways: Ways,
        welcome: Welcome,
    ) -> None:  # fmt: skip
        self._world, self._people = world, people
        self._members, self._customers, self._relations = members, customers, relations
        self._ways, self._welcome = ways, welcome
        self.links: Links  # it tells of its balance through us, and we find customers through it

    # coming

    def scan(self, customer: str, code: str, *, half: bool = False, created_at: int | None = None) -> Delivery | None:
        """Scan a contact way's code or open a 获客链接, or (`code` a userid) the member's own code, which has no state.

        half   the member's confirmation is still to come: add_half_external_contact now, `accept` brings the other
        """
        who = self._customers.get(customer)
        door = self._door(code)
        known = self._relations.find(door.userid, who.id)
        if known is not None and not known.member_left and not known.customer_left:
            self._world.note(known.chat, "已经是好友，直接进入聊天")
            return None
        if door.link is not None and self.links.balance == 0:
            raise Refused("code: the link is out of quota")
        if not door.skip_verify:
            self._begin(who, door, half=True)
            self._world.note(chat_of(who.id, door.userid), "等待对方通过好友申请")
            return None
        relation = self._begin(who, door, half=half)
        self._world.note(relation.chat, f"你已添加了{self._members.known(door.userid).name}，现在可以开始聊天了")
        change = "add_half_external_contact" if half else "add_external_contact"
        return self._added(change, who, relation, created_at)

    def accept(self, userid: str, customer: str, *, created_at: int | None = None) -> Delivery:
        """The member confirms; a welcome that the half event brought about brings no second code."""
        who, relation = self._customers.get(customer), self._relation(userid, customer)
        if not relation.half:
            raise Refused("customer: there is nothing to confirm")
        relation.half = False
        self._relations.keep(relation)
        return self._added("add_external_contact", who, relation, created_at)

    def _door(self, code: str) -> Door:
        if (found := self.links.find(code)) is not None:
            link, channel = found
            return Door(self._able(self.links.next_member(link)), channel, link.skip_verify, link)
        if (way := self._ways.find(code)) is not None:
            return Door(self._able(self._ways.next_member(way)), way.state, way.skip_verify)
        if self._world.member(code) is None:
            raise Refused("code: no such code, link or member")
        if not self._members.standing(code).permitted:
            raise Refused(f"code: {code} may not have customers")
        return Door(code.lower(), "")

    def _able(self, userid: str | None) -> str:
        if userid is None:
            raise Refused("code: nobody serves it any more")
        return userid.lower()

    def _begin(self, who: Stranger, door: Door, *, half: bool) -> Relation:
        if door.link is not None:
            self.links.take()
        return self._relations.begin(
            door.userid, who, createtime=int(self._world.now()), state=door.state, half=half,
            add_way=BY_LINK if door.link else BY_CODE, oper_userid=who.external_userid,
            link_id=door.link.link_id if door.link else "",
        )  # fmt: skip

    def _added(self, change: str, who: Stranger, relation: Relation, created_at: int | None) -> Delivery:
        if created_at is not None:
            relation.createtime = created_at
            self._relations.keep(relation)
        fields: dict[str, Any] = {"State": relation.state} if relation.state else {}
        chatting = relation.chatted_at is not None or relation.welcomed
        if not chatting and who.kind == WECHAT and not self._members.standing(relation.userid).welcome:
            fields["WelcomeCode"] = self._welcome.new_code(relation)
        return self._tell(change, relation, fields, created_at)

    # writing

    def say(self, customer: str, userid: str, text: str) -> Entry:
        """The customer writes; the app does not hear of it."""
        who, relation = self._customers.get(customer), self._relations.find(userid, customer)
        if relation is None or relation.customer_left:
            raise Refused(f"userid: {who.name} has not added {userid}")
        entry = self._world.add_entry(relation.chat, "me", "text", {"content": text}, "user")
        if relation.member_left or relation.half:
            self._world.note(relation.chat, "对方开启了朋友验证，你还不是他的朋友")
            return entry
        first, relation.chatted_at = relation.chatted_at is None, self._world.now()
        self._relations.keep(relation)
        if first and relation.link_id:
            fields = {"UserID": relation.userid, "ExternalUserID": who.external_userid, "LinkId": relation.link_id}
            self.tell_acquisition("customer_start_chat", fields)
        return entry

    def answer(self, userid: str, customer: str, text: str) -> Entry:
        """The member writes, by hand in his own client."""
        relation = self._relation(userid, customer)
        if relation.customer_left:
            raise Refused(f"customer: {customer} has deleted {userid}")
        relation.chatted_at = self._world.now()
        self._relations.keep(relation)
        return self._world.add_entry(relation.chat, "app", "text", {"content": text}, "member")

    # changing and going

    def edit(self, userid: str, customer: str, remark: str) -> Delivery:
        relation = self._relation(userid, customer)
        relation.remark = remark
        self._relations.keep(relation)
        return self._tell("edit_external_contact", relation, {})

    def leave(self, customer: str, userid: str, *, created_at: int | None = None) -> Delivery:
        """The customer deletes the member, who goes on seeing him."""
        relation = self._relations.find(userid, customer)
        if relation is None or relation.customer_left:
            raise Refused(f"userid: {customer} has not added {userid}")
        relation.customer_left = True
        self._relations.keep(relation)
        self._world.note(relation.chat, "你删除了这位联系人")
        return self._tell("del_follow_user", relation, {}, created_at)

    def drop(self, userid: str, customer: str, *, source: str = "", created_at: int | None = None) -> Delivery:
        """The member deletes the customer, who does not notice before he writes."""
        relation = self._relation(userid, customer)
        relation.member_left = True
        self._relations.keep(relation)
        fields = {"Source": source} if source else {}
        return self._tell("del_external_contact", relation, fields, created_at)

    def hand_over(self, userid: str, to: str, customer: str) -> list[Delivery]:
        """在职继承: the customer is another member's from now on."""
        who, relation = self._customers.get(customer), self._relation(userid, customer)
        heir = self._members.known(to)
        gone = self.drop(userid, customer, source="DELETE_BY_TRANSFER")
        new = self._relations.begin(
            heir.userid, who, createtime=int(self._world.now()), state=relation.state, add_way=202,
            oper_userid="", chatted_at=relation.chatted_at,
        )  # fmt: skip
        return [gone, self._tell("add_external_contact", new, {})]

    def fail_to_hand_over(self, userid: str, customer: str, reason: str) -> Delivery:
        return self._tell("transfer_fail", self._relation(userid, customer), {"FailReason": reason})

    def consent(self, userid: str, customer: str) -> Delivery:
        """会话存档: the customer agrees to be recorded."""
        return self._tell("msg_audit_approved", self._relation(userid, customer), {})

    # telling

    def _relation(self, userid: str, customer: str) -> Relation:
        found = self._relations.alive(userid, self._customers.get(customer).id)
        if found is None:
            raise Refused(f"customer: {customer} is no customer of {userid}")
        return found

    def _tell(self, change: str, relation: Relation, fields: dict[str, Any], created_at: int | None = None) -> Delivery:
        who = self._customers.get(relation.customer)
        userid = self._members.known(relation.userid).userid
        body = {"ChangeType": change, "UserID": userid, "ExternalUserID": who.external_userid, **fields}
        return self._people.event("sys", EVENT, body, sender="sys", created_at=created_at, with_agent=False)

    def tell_acquisition(self, change: str, fields: dict[str, Any]) -> Delivery:
        body = {"ChangeType": change, **fields}
        return self._people.event("sys", "customer_acquisition", body, sender="sys", with_agent=False)
