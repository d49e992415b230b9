"""加入群聊: codes that lead into groups. `add_join_way` gives a config_id alone; the picture is asked for by it."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import ApiError

if TYPE_CHECKING:
    from ..api import Call
    from ..contact.ways import Quota
    from ..state import World
    from .rooms import Rooms

LONGEST_TEXT, LONGEST_NAME, MOST_GROUPS = 30, 40, 5
MISSING, ILLEGAL, TOO_MANY, NOT_A_GROUP = 41043, 41044, 41091, 90501


@dataclass
class JoinWay:
    config_id: str
    key: str  # of the address in the QR code; empty: deleted
    scene: int
    created: float
    remark: str = ""
    auto_create_room: int = 1
    room_base_name: str = ""
    room_base_id: int = 1
    state: str = ""
    mark_source: bool = True
    chat_id_list: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"https://work.weixin.qq.com/gm/{self.key}"


class JoinWays:
    def __init__(self, world: World, rooms: Rooms, quota: Quota) -> None:
        self._world, self._rooms, self._quota = world, rooms, quota
        self._ways: dict[str, JoinWay] = {}

    def load(self) -> None:
        rows = self._world.store.load("join-way")
        self._ways = {row["config_id"]: JoinWay(**row) for row in rows if row["key"]}
        for _ in self._ways:
            self._quota.take()

    def all(self) -> list[JoinWay]:
        return list(self._ways.values())

    def find(self, text: str) -> JoinWay | None:
        """By config_id, by the key or by the address in the code."""
        return next((way for way in self._ways.values() if text in (way.config_id, way.key, way.address)), None)

    def grow(self, way: JoinWay, chat_id: str) -> None:
        """Another group that the platform made, since those before are full; the fullest gives its place up."""
        way.chat_id_list = [*way.chat_id_list, chat_id][-MOST_GROUPS:]
        way.room_base_id += 1
        self._keep(way)

    # API

    def add(self, call: Call) -> dict[str, Any]:
        way = JoinWay(secrets.token_hex(16), secrets.token_urlsafe(12), self._scene(call), self._world.now())
        self._fill(call, way)
        self._quota.take()
        self._keep(way)
        call.note.update(state=way.state)
        return {"config_id": way.config_id}

    def get(self, call: Call) -> dict[str, Any]:
        way = self._known(call)
        told = {name: value for name, value in asdict(way).items() if name not in ("key", "created")}
        return {"join_way": {**told, "qr_code": f"{call.request.host_url}sim/rooms/qr/{way.key}.png"}}

    def update(self, call: Call) -> dict[str, Any]:
        """The whole is overwritten: what is not given is as in a new one."""
        way = self._known(call)
        changed = JoinWay(way.config_id, way.key, self._scene(call), way.created)
        self._fill(call, changed)
        self._keep(changed)
        return {}

    def delete(self, call: Call) -> dict[str, Any]:
        way = self._known(call)
        del self._ways[way.config_id]
        self._world.store.save("join-way", way.config_id, {**asdict(way), "key": ""})
        self._quota.give_back()
        return {}

    # reading a request

    def _scene(self, call: Call) -> int:
        scene = call.integer(call.body, "scene")
        if scene not in (1, 2):
            raise ApiError(40058, "scene: 1 or 2. invalid Request Parameter")
        return scene

    def _fill(self, call: Call, way: JoinWay) -> None:
        body = call.body
        for name, longest in (("remark", LONGEST_TEXT), ("state", LONGEST_TEXT), ("room_base_name", LONGEST_NAME)):
            text = call.text(body, name)
            if len(text) > longest:
                raise ApiError(40058, f"{name} exceed max length {longest}. invalid Request Parameter")
            setattr(way, name, text)
        way.auto_create_room = call.integer(body, "auto_create_room", 1)
        way.room_base_id = call.integer(body, "room_base_id", 1)
        groups = body.get("chat_id_list")
        if not isinstance(groups, list) or not groups:
            raise ApiError(40058, "missing field: chat_id_list. invalid Request Parameter")
        if len(groups) > MOST_GROUPS:
            raise ApiError(TOO_MANY)
        known = {room.chat_id for room in self._rooms.all()}
        if not all(chat_id in known for chat_id in groups):
            raise ApiError(NOT_A_GROUP)
        way.chat_id_list = [str(chat_id) for chat_id in groups]

    def _known(self, call: Call) -> JoinWay:
        config_id = call.text(call.body, "config_id")
        if not config_id:
            raise ApiError(MISSING)
        if config_id not in self._ways:
            raise ApiError(ILLEGAL)
        return self._ways[config_id]

    def _keep(self, way: JoinWay) -> None:
        self._ways[way.config_id] = way
        self._world.store.save("join-way", way.config_id, asdict(way))
        self._world.publish({"type": "groups"})
