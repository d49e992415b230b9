"""联系我: codes that lead to a member, with a `state` that comes back with whoever scans. Their config_id is told once.

The quota is the enterprise's and shared with 加入群聊: whoever makes such a code takes from the same `Quota`.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import ApiError
from .reading import page

if TYPE_CHECKING:
    from ..api import Call
    from ..state import World
    from .members import Members

SINGLE, MULTIPLE = 1, 2
PLUG_IN, QR_CODE = 1, 2
LONGEST_TEXT, MOST_USERS = 30, 100
MOST_LISTED, USUALLY_LISTED = 1000, 100
LOOK_BACK = 90 * 86400


class Quota:
    """How many codes of both kinds exist; ApiError 41045 beyond `contact_codes`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.used = 0

    def take(self) -> None:
        if self.used >= self._world.limits.contact_codes:
            raise ApiError(41045)
        self.used += 1

    def give_back(self) -> None:
        self.used -= 1


@dataclass
class Way:
    config_id: str
    key: str  # of the address in the QR code
    type: int
    scene: int
    created: float
    style: int = 0
    remark: str = ""
    skip_verify: bool = True
    state: str = ""
    user: list[str] = field(default_factory=list)
    party: list[int] = field(default_factory=list)
    turn: int = 0  # who of several is next

    @property
    def address(self) -> str:
        """What the code holds."""
        return f"https://work.weixin.qq.com/k/{self.key}"


class Ways:
    def __init__(self, world: World, members: Members, quota: Quota) -> None:
        self._world, self._members, self._quota = world, members, quota
        self.load()

    def load(self) -> None:
        self._ways = {row["config_id"]: Way(**row) for row in self._world.store.load("contact-way") if row["key"]}
        self._quota.used += len(self._ways)

    def all(self) -> list[Way]:
        return list(self._ways.values())

    def find(self, text: str) -> Way | None:
        """By config_id, by the key or by the address in the code."""
        return next((way for way in self._ways.values() if text in (way.config_id, way.key, way.address)), None)

    def next_member(self, way: Way) -> str | None:
        """Whom the next who scans gets: the members take turns."""
        serving = {userid.lower() for userid in self._members.serving()}
        able = [userid for userid in self._users(way.user, way.party) if userid.lower() in serving]
        if not able:
            return None
        way.turn += 1
        return able[(way.turn - 1) % len(able)]

    # API

    def add(self, call: Call) -> dict[str, Any]:
        body = call.body
        kind, scene = self._chosen(call, "type", 41037, 41039), self._chosen(call, "scene", 41038, 41040)
        if "style" in body and scene != PLUG_IN:
            raise ApiError(41042)
        if body.get("is_temp"):
            raise ApiError(41110, "temporary chats are for the medical industry only")
        way = Way(secrets.token_hex(16), secrets.token_urlsafe(12), kind, scene, self._world.now())
        self._fill(call, way)
        self._check_users(way)
        self._quota.take()
        self._keep(way)
        call.note.update(state=way.state)
        picture = {"qr_code": self._picture(call, way)} if scene == QR_CODE else {}
        return {"config_id": way.config_id, **picture}

    def get(self, call: Call) -> dict[str, Any]:
        way = self._known(call)
        told = {name: value for name, value in asdict(way).items() if name not in ("key", "created", "turn")}
        picture = {"qr_code": self._picture(call, way)} if way.scene == QR_CODE else {}
        return {"contact_way": {**told, **picture, "is_temp": False, "mark_source": True}}

    def list(self, call: Call) -> dict[str, Any]:
        now = self._world.now()
        first = call.integer(call.body, "start_time", int(now) - LOOK_BACK)
        last = call.integer(call.body, "end_time", int(now))
        limit = call.integer(call.body, "limit", USUALLY_LISTED)
        rows = [way for way in self._ways.values() if first <= int(way.created) <= last]
        size = limit if 1 <= limit <= MOST_LISTED else USUALLY_LISTED
        shown, cursor = page(rows, call.text(call.body, "cursor"), size)
        more = {"next_cursor": cursor} if cursor else {}
        return {"contact_way": [{"config_id": way.config_id} for way in shown], **more}

    def update(self, call: Call) -> dict[str, Any]:
        """What is given is overwritten; type and scene never change."""
        way = self._known(call)
        changed = Way(**asdict(way))
        self._fill(call, changed)
        self._check_users(changed)
        self._keep(changed)
        return {}

    def delete(self, call: Call) -> dict[str, Any]:
        way = self._known(call)
        del self._ways[way.config_id]
        self._world.store.save("contact-way", way.config_id, {**asdict(way), "key": ""})
        self._quota.give_back()
        self._world.publish({"type": "contact"})
        return {}

    # reading a request

    def _chosen(self, call: Call, name: str, missing: int, illegal: int) -> int:
        if name not in call.body:
            raise ApiError(missing)
        value = call.integer(call.body, name)
        if value not in (1, 2):
            raise ApiError(illegal)
        return value

    def _fill(self, call: Call, way: Way) -> None:
        for name in ("remark", "state"):
            if name in call.body:
                text = call.text(call.body, name)
                if len(text) > LONGEST_TEXT:
                    raise ApiError(40058, f"{name} exceed max length {LONGEST_TEXT}. invalid Request Parameter")
                setattr(way, name, text)
        if "skip_verify" in call.body:
            way.skip_verify = bool(call.body["skip_verify"])
        for name, kind in (("user", str), ("party", int)):
            given = call.body.get(name)
            if given is None:
                continue
            if not isinstance(given, list) or not all(isinstance(item, kind) for item in given):
                raise ApiError(40035, f"{name}: a list is needed. invalid Request Parameter")
            setattr(way, name, list(given))

    def _check_users(self, way: Way) -> None:
        if way.party and way.type != MULTIPLE:
            raise ApiError(40035, "party: only with type 2. invalid Request Parameter")
        self._members.check(way.user)
        count = len(self._users(way.user, way.party))
        if not count or count > (1 if way.type == SINGLE else MOST_USERS):
            raise ApiError(41041)

    def _users(self, users: list[str], parties: list[int]) -> list[str]:
        return list(dict.fromkeys([*users, *self._members.of_parties(parties)]))

    def _known(self, call: Call) -> Way:
        config_id = call.text(call.body, "config_id")
        if not config_id:
            raise ApiError(41043)
        if config_id not in self._ways:
            raise ApiError(41044)
        return self._ways[config_id]

    def _picture(self, call: Call, way: Way) -> str:
        return f"{call.request.host_url}sim/contact/qr/{way.key}.png"

    def _keep(self, way: Way) -> None:
        self._ways[way.config_id] = way
        self._world.store.save("contact-way", way.config_id, asdict(way))
        self._world.publish({"type": "contact"})
