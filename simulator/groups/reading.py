"""What the API tells of customer groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..contact.reading import page
from ..errors import ApiError
from .rooms import CUSTOMER, Room, Seat

if TYPE_CHECKING:
    from ..api import Call
    from ..contact.desk import Contact
    from ..state import World
    from .rooms import Rooms

MOST_OWNERS, MOST_LISTED = 100, 1000
TOO_MANY = 81017


class Reading:
    def __init__(self, world: World, contact: Contact, rooms: Rooms) -> None:
        self._world, self._contact, self._rooms = world, contact, rooms

    def list(self, call: Call) -> dict[str, Any]:
        """Without owner_filter only while the app sees no more members than the platform allows for that (81017)."""
        limit = call.integer(call.body, "limit")
        if not 1 <= limit <= MOST_LISTED:
            raise ApiError(40058, f"limit: 1 to {MOST_LISTED}. invalid Request Parameter")
        rooms = self._filtered(call)
        if call.integer(call.body, "status_filter", 0) in (1, 2, 3):
            rooms = []  # nobody leaves the enterprise here
        shown, cursor = page(rooms, call.text(call.body, "cursor"), limit)
        rows = [{"chat_id": room.chat_id, "status": 0} for room in shown]
        return {"group_chat_list": rows, **({"next_cursor": cursor} if cursor else {})}

    def _filtered(self, call: Call) -> list[Room]:
        owners = (call.body.get("owner_filter") or {}).get("userid_list")
        visible = [member for member in self._world.members.values() if member.visible]
        if owners is None:
            if len(visible) > self._world.limits.group_list_members:
                raise ApiError(TOO_MANY)
            seen = {member.userid.lower() for member in visible}
            return [room for room in self._rooms.all() if room.owner in seen]
        if not isinstance(owners, list) or not 1 <= len(owners) <= MOST_OWNERS:
            raise ApiError(40035, f"owner_filter.userid_list: 1 to {MOST_OWNERS}. invalid Request Parameter")
        wanted = {str(userid).lower() for userid in owners}
        return [room for room in self._rooms.all() if room.owner in wanted]

    def get(self, call: Call) -> dict[str, Any]:
        chat_id = call.text(call.body, "chat_id")
        if not chat_id:
            raise ApiError(40058, "missing field: chat_id. invalid Request Parameter")
        room = self._rooms.told(chat_id)
        named = call.integer(call.body, "need_name", 0) == 1
        return {
            "group_chat": {
                "chat_id": room.chat_id,
                "name": room.name,
                "owner": self._contact.members.known(room.owner).userid,
                "create_time": room.created,
                "notice": room.notice,
                "member_list": [self._seat(seat, named=named) for seat in room.seats],
                "admin_list": [],
                "member_version": room.version,
            }
        }

    def _seat(self, seat: Seat, *, named: bool) -> dict[str, Any]:
        told: dict[str, Any] = {"type": seat.kind, "join_time": seat.joined, "join_scene": seat.scene}
        if seat.kind == CUSTOMER:
            who = self._contact.customers.get(seat.id)
            told |= {"userid": who.external_userid, **({"unionid": who.unionid} if who.unionid else {})}
            name = who.name
        else:
            member = self._contact.members.known(seat.id)
            told["userid"], name = member.userid, member.name
        if seat.invitor:
            told["invitor"] = {"userid": seat.invitor}
        if seat.state:
            told["state"] = seat.state
        return told | ({"group_nickname": "", "name": name} if named else {})
