"""What members and customers do in groups, and the events that the app hears of it (change_external_chat)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..people import Refused
from .rooms import BY_CODE, CAPACITY, CUSTOMER, INVITED, MEMBER, Room, Seat

if TYPE_CHECKING:
    from ..callbacks import Delivery
    from ..contact.desk import Contact
    from ..people import People
    from ..state import Entry, World
    from .rooms import Rooms
    from .ways import JoinWay, JoinWays

EVENT = "change_external_chat"
LEFT, REMOVED = 0, 1  # QuitScene
CAME_INVITED, CAME_BY_CODE = 0, 3  # JoinScene
MOST_NAMED = 40


class Acts:
    def __init__(self, world: World, people: People, contact: Contact, rooms: Rooms, ways: JoinWays) -> None:
        self._world, self._people, self._contact = world, people, contact
        self._rooms, self._ways = rooms, ways

    # beginning and ending

    def create(self, owner: str, name: str, customers: list[str]) -> tuple[Room, list[Delivery]]:
        """A member who may have customers makes a group, with some of his customers in it."""
        member = self._contact.members.known(owner)
        if not self._contact.members.standing(owner).permitted:
            raise Refused(f"owner: {owner} may not have customers")
        userid = member.userid.lower()
        room = self._rooms.new(userid, name[:MOST_NAMED], [self._invited(who, userid) for who in customers])
        self._world.note(room.chat, f"{member.name} 创建了客户群「{room.name or '未命名'}」")
        return room, [self._tell(room, "create", {})]

    def dismiss(self, chat_id: str) -> list[Delivery]:
        room = self._rooms.get(chat_id)
        self._world.note(room.chat, "群主解散了群聊")
        self._rooms.keep(replace(room, dismissed=True))
        return [self._tell(room, "dismiss", {})]

    # coming and going

    def join(self, customer: str, code: str) -> tuple[Room, list[Delivery]]:
        """Scan a join way's code: into the first of its groups that has room, or into a new one."""
        who, way = self._contact.customers.get(customer), self._ways.find(code)
        if way is None:
            raise Refused("code: no such code")
        living = [room for room in self._rooms.all() if room.chat_id in way.chat_id_list]
        inside = next((room for room in living if room.seat(who.id)), None)
        if inside is not None:
            self._world.note(inside.chat, f"{who.name} 已经在群里")
            return inside, []
        room = next((room for room in living if len(room.seats) < self._world.limits.group_capacity), None)
        told = []
        if room is None:
            room, told = self._next_room(way, living)
        seat = Seat(who.id, CUSTOMER, int(self._world.now()), BY_CODE, state=way.state)
        room, delivery = self._seated(room, seat, CAME_BY_CODE)
        self._world.note(room.chat, f"{who.name} 扫码加入了群聊")
        return room, [*told, delivery]

    def _next_room(self, way: JoinWay, living: list[Room]) -> tuple[Room, list[Delivery]]:
        """The platform makes another group by itself, of the same owner, where the code allows it."""
        if not way.auto_create_room or not living:
            raise Refused("code: the groups of this code are full or gone")
        name = f"{way.room_base_name}{way.room_base_id}" if way.room_base_name else living[-1].name
        room = self._rooms.new(living[-1].owner, name)
        self._ways.grow(way, room.chat_id)
        return room, [self._tell(room, "create", {})]

    def invite(self, chat_id: str, who: str) -> list[Delivery]:
        """The owner takes in a customer or a colleague."""
        room = self._rooms.get(chat_id)
        seat = self._invited(who, room.owner)
        if room.seat(seat.id):
            raise Refused(f"who: {who} is in the group already")
        if len(room.seats) >= CAPACITY:
            raise Refused("chat_id: the group is full")
        room, delivery = self._seated(room, seat, CAME_INVITED)
        self._world.note(room.chat, f"{self._name(seat)} 加入了群聊")
        return [delivery]

    def _seated(self, room: Room, seat: Seat, scene: int) -> tuple[Room, Delivery]:
        before = room.version
        room = self._rooms.keep(replace(room, seats=(*room.seats, seat)))
        return room, self._changed(room, "add_member", before, [seat], {"JoinScene": scene})

    def leave(self, chat_id: str, who: str, *, removed: bool = False) -> list[Delivery]:
        """He goes, or the owner sends him away. The owner himself must hand the group over first."""
        room = self._rooms.get(chat_id)
        seat = room.seat(who) or room.seat(who.lower())
        if seat is None:
            raise Refused(f"who: {who} is not in the group")
        if seat.id == room.owner:
            raise Refused("who: the owner hands the group over first")
        before = room.version
        room = self._rooms.keep(replace(room, seats=tuple(other for other in room.seats if other != seat)))
        self._world.note(room.chat, f"{self._name(seat)} {'被移出' if removed else '退出'}了群聊")
        return [self._changed(room, "del_member", before, [seat], {"QuitScene": REMOVED if removed else LEFT})]

    # changing

    def change_owner(self, chat_id: str, to: str) -> list[Delivery]:
        room = self._rooms.get(chat_id)
        member = self._contact.members.known(to)
        userid = member.userid.lower()
        if not self._contact.members.standing(userid).permitted:
            raise Refused(f"to: {to} may not have customers")
        seats = room.seats
        if room.seat(userid) is None:
            seats = (*seats, Seat(userid, MEMBER, int(self._world.now()), INVITED, invitor=room.owner))
        before = room.version
        room = self._rooms.keep(replace(room, owner=userid, seats=seats))
        self._world.note(room.chat, f"{member.name} 成为了群主")
        return [self._changed(room, "change_owner", before, [], {})]

    def rename(self, chat_id: str, name: str) -> list[Delivery]:
        room = self._rooms.get(chat_id)
        before = room.version
        room = self._rooms.keep(replace(room, name=name[:MOST_NAMED]))
        self._world.note(room.chat, f"群名改为「{room.name}」")
        return [self._changed(room, "change_name", before, [], {})]

    def announce(self, chat_id: str, notice: str) -> list[Delivery]:
        room = self._rooms.get(chat_id)
        before = room.version
        room = self._rooms.keep(replace(room, notice=notice))
        self._world.note(room.chat, "群主发布了群公告")
        return [self._changed(room, "change_notice", before, [], {})]

    def say(self, chat_id: str, who: str, text: str) -> Entry:
        """Somebody in the group writes; the app does not hear of it."""
        room = self._rooms.get(chat_id)
        seat = room.seat(who) or room.seat(who.lower())
        if seat is None:
            raise Refused(f"who: {who} is not in the group")
        side = "app" if seat.kind == MEMBER else "me"
        return self._world.add_entry(room.chat, side, "text", {"content": text}, "user", by=self._name(seat))

    # telling

    def _invited(self, who: str, by: str) -> Seat:
        now, member = int(self._world.now()), self._world.member(who)
        if member is not None:
            return Seat(member.userid.lower(), MEMBER, now, INVITED, invitor=by)
        return Seat(self._contact.customers.get(who).id, CUSTOMER, now, INVITED, invitor=by)

    def _name(self, seat: Seat) -> str:
        if seat.kind == CUSTOMER:
            return self._contact.customers.get(seat.id).name
        return self._contact.members.known(seat.id).name

    def _outside_id(self, seat: Seat) -> str:
        return self._contact.customers.get(seat.id).external_userid if seat.kind == CUSTOMER else seat.id

    def _changed(self, room: Room, detail: str, before: str, seats: list[Seat], more: dict[str, Any]) -> Delivery:
        fields: dict[str, Any] = {"UpdateDetail": detail, **more}
        if seats:
            fields |= {
                "MemChangeCnt": len(seats),
                "MemChangeList": {"Item": [self._outside_id(seat) for seat in seats]},
                "LastMemVer": before,
                "CurMemVer": room.version,
            }
        return self._tell(room, "update", fields)

    def _tell(self, room: Room, change: str, fields: dict[str, Any]) -> Delivery:
        body = {"ChatId": room.chat_id, "ChangeType": change, **fields}
        return self._people.event("sys", EVENT, body, sender="sys", with_agent=False)
