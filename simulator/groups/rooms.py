"""Customer groups and who is in them. What the API tells of one is some seconds behind what has happened in it."""

from __future__ import annotations

import hashlib
import itertools
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..errors import ApiError
from ..people import Refused

if TYPE_CHECKING:
    from ..state import World

MEMBER, CUSTOMER = 1, 2
INVITED, BY_LINK, BY_CODE = 1, 2, 3  # join_scene of groupchat/get
CAPACITY = 500
DISMISSED, NOT_A_GROUP = 49008, 90501


@dataclass(frozen=True)
class Seat:
    """Somebody in a group; `id` is a member's userid in lower case or a customer's id."""

    id: str
    kind: int
    joined: int
    scene: int
    state: str = ""
    invitor: str = ""


@dataclass(frozen=True)
class Room:
    chat_id: str
    number: int
    name: str
    owner: str
    created: int
    notice: str = ""
    seats: tuple[Seat, ...] = ()
    dismissed: bool = False
    version: str = ""

    @property
    def chat(self) -> str:
        """The chat of the group, as the world keeps it."""
        return chat_of(self.chat_id)

    def seat(self, who: str) -> Seat | None:
        return next((seat for seat in self.seats if seat.id == who), None)


def chat_of(chat_id: str) -> str:
    return f"room:{chat_id}".lower()


def version_of(room: Room) -> str:
    """member_version: another one for other people."""
    people = "\0".join(f"{seat.kind}:{seat.id}" for seat in room.seats)
    return hashlib.md5(f"{room.chat_id}\0{people}".encode(), usedforsecurity=False).hexdigest()


@dataclass
class _Seen:
    """What the API tells of a room until the change after it is old enough."""

    until: float
    room: Room


@dataclass
class Rooms:
    world: World
    _rooms: dict[str, Room] = field(default_factory=dict)
    _seen: dict[str, list[_Seen]] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def load(self) -> None:
        rows = self.world.store.load("room")
        self._rooms = {
            row["chat_id"]: Room(**{**row, "seats": tuple(Seat(**seat) for seat in row["seats"])}) for row in rows
        }
        self._seen.clear()
        self._numbers = itertools.count(max((room.number for room in self._rooms.values()), default=0) + 1)

    def new(self, owner: str, name: str, others: Sequence[Seat] = ()) -> Room:
        now = int(self.world.now())
        chat_id = "wr" + secrets.token_urlsafe(24).replace("-", "A")[:30]
        seats = (Seat(owner, MEMBER, now, INVITED), *others)
        return self.keep(Room(chat_id, next(self._numbers), name, owner, now, seats=seats))

    def keep(self, room: Room) -> Room:
        """The room as it is from now on."""
        room = replace(room, version=version_of(room))
        before = self._rooms.get(room.chat_id)
        if before is not None:
            lag = self.world.limits.group_lag_seconds
            self._seen.setdefault(room.chat_id, []).append(_Seen(self.world.now() + lag, before))
        self._rooms[room.chat_id] = room
        self.world.store.save("room", room.chat_id, asdict(room))
        self.world.publish({"type": "groups"})
        return room

    def all(self) -> list[Room]:
        return sorted((room for room in self._rooms.values() if not room.dismissed), key=lambda room: room.number)

    def get(self, chat_id: str) -> Room:
        """For what people do: Refused for a group that is not there (any more)."""
        room = self._rooms.get(chat_id)
        if room is None or room.dismissed:
            raise Refused(f"chat_id: there is no customer group {chat_id!r}")
        return room

    def owned_by(self, userid: str) -> list[Room]:
        return [room for room in self.all() if room.owner == userid.lower()]

    def told(self, chat_id: str) -> Room:
        """For the API: as it was some seconds ago; ApiError for one that never was or was dismissed."""
        room = self._rooms.get(chat_id)
        if room is None:
            raise ApiError(NOT_A_GROUP)
        now = self.world.now()
        seen = self._seen[chat_id] = [item for item in self._seen.get(chat_id, []) if item.until > now]
        told = seen[0].room if seen else room
        if told.dismissed:
            raise ApiError(DISMISSED)
        return told

    def described(self) -> list[dict[str, Any]]:
        """What the page shows."""
        return [
            {
                "chat": room.chat, "chat_id": room.chat_id, "name": room.name, "owner": room.owner,
                "notice": room.notice, "seats": [{"id": seat.id, "kind": seat.kind} for seat in room.seats],
            }
            for room in self.all()
        ]  # fmt: skip
