"""What the API tells of members and their customers, and the remark, the one thing that it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ApiError

if TYPE_CHECKING:
    from ..api import Call
    from ..state import World
    from .customers import Customers, Stranger
    from .members import Members
    from .relations import Relation, Relations

MOST_MEMBERS, MOST_AT_ONCE, USUAL_AT_ONCE = 100, 100, 50
LONGEST_REMARK, LONGEST_DESCRIPTION = 20, 150
NO_RELATION, BAD_CURSOR = 84061, 50100


def page(rows: list[Any], cursor: str, size: int) -> tuple[list[Any], str]:
    """One page of rows that are in a fixed order, and the cursor of the next; ApiError 50100 for one of nobody's."""
    if cursor and not (cursor.startswith("c") and cursor[1:].isdigit()):
        raise ApiError(BAD_CURSOR)
    start = int(cursor[1:]) if cursor else 0
    shown = rows[start : start + size]
    return shown, f"c{start + size}" if start + size < len(rows) else ""


class Reading:
    def __init__(self, world: World, members: Members, customers: Customers, relations: Relations) -> None:
        self._world, self._members, self._customers, self._relations = world, members, customers, relations

    def follow_users(self, call: Call) -> dict[str, Any]:
        return {"follow_user": self._members.serving()}

    def list(self, call: Call) -> dict[str, Any]:
        userid = call.query.get("userid", "")
        if not userid:
            raise ApiError(41009)
        if self._world.member(userid) is None:
            raise ApiError(60111)
        rows = self._relations.of_member(userid)
        if not rows:
            raise ApiError(NO_RELATION)
        return {"external_userid": [self._customers.get(row.customer).external_userid for row in rows]}

    def get(self, call: Call) -> dict[str, Any]:
        who = self._known(call.query.get("external_userid", ""))
        rows = self._relations.of_customer(who.id)
        if not rows:
            raise ApiError(NO_RELATION)
        shown, cursor = page(rows, call.query.get("cursor", ""), self._world.limits.contact_get_page)
        follow = [{**row.described(), "tags": []} for row in shown]
        return {"external_contact": who.described(), "follow_user": follow, "next_cursor": cursor}

    def batch(self, call: Call) -> dict[str, Any]:
        """A limit beyond the most is the usual one; who has no licence is named and not told about."""
        given = call.body.get("userid_list")
        if not isinstance(given, list) or not given or len(given) > MOST_MEMBERS:
            raise ApiError(40035, "userid_list: 1 to 100 members. invalid Request Parameter")
        wanted = dict.fromkeys(str(userid).lower() for userid in given)
        members = {userid: self._world.member(userid) for userid in wanted}
        if any(member is None for member in members.values()):
            raise ApiError(40031)
        unlicensed = [userid for userid, member in members.items() if member and not member.licensed]
        limit = call.integer(call.body, "limit", USUAL_AT_ONCE)
        size = limit if 1 <= limit <= MOST_AT_ONCE else USUAL_AT_ONCE
        rows = [row for userid in wanted if userid not in unlicensed for row in self._relations.of_member(userid)]
        shown, cursor = page(rows, call.text(call.body, "cursor"), size)
        told = [self._told(row) for row in shown]
        fail = {"fail_info": {"unlicensed_userid_list": unlicensed}} if unlicensed else {}
        return {"external_contact_list": told, "next_cursor": cursor, **fail}

    def _told(self, row: Relation) -> dict[str, Any]:
        who = self._customers.get(row.customer)
        return {"external_contact": who.described(), "follow_info": {**row.described(), "tag_id": []}}

    def remark(self, call: Call) -> dict[str, Any]:
        """Only what is given changes; `remark_mobiles: [""]` clears. No callback."""
        who = self._known(call.text(call.body, "external_userid"))
        row = self._relations.alive(call.text(call.body, "userid"), who.id)
        if row is None:
            raise ApiError(NO_RELATION)
        for name, longest in (("remark", LONGEST_REMARK), ("description", LONGEST_DESCRIPTION)):
            if name in call.body:
                text = call.text(call.body, name)
                if len(text) > longest:
                    raise ApiError(40058, f"{name} exceed max length {longest}. invalid Request Parameter")
                setattr(row, name, text)
        if "remark_company" in call.body:
            row.remark_corp_name = call.text(call.body, "remark_company")[:LONGEST_REMARK]
        if isinstance(mobiles := call.body.get("remark_mobiles"), list):
            row.remark_mobiles = [str(number) for number in mobiles if number]
        self._relations.keep(row)
        return {}

    def openid(self, call: Call) -> dict[str, Any]:
        """Of WeChat's own people only."""
        who = self._known(call.text(call.body, "external_userid"))
        if who.kind != 1:
            raise ApiError(41056)
        return {"openid": "o" + who.external_userid[2:29]}

    def _known(self, external_userid: str) -> Stranger:
        if not external_userid:
            raise ApiError(41035)
        who = self._customers.find(external_userid)
        if who is None:
            raise ApiError(40096)
        return who
