"""People with WeChat: they follow the 公众号 and leave it, scan its codes, write, tap its menu and its links."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import xml
from ..errors import ApiError
from ..ids import unionid, wechat_id
from ..people import Refused
from ..replies import MESSAGES, NOTHING

if TYPE_CHECKING:
    from ..api import Call
    from ..callbacks import Delivery
    from ..media import MediaShelf
    from ..state import Entry, World
    from .codes import Codes
    from .courier import OfficialCourier
    from .grants import Grants
    from .menu import OfficialMenu

TAPPING = {"click": "CLICK", "scancode_push": "scancode_push", "scancode_waitmsg": "scancode_waitmsg"}
ANSWERED = frozenset({"subscribe", "SCAN", "CLICK", "scancode_waitmsg"})  # events that may get a passive reply


@dataclass
class Person:
    id: str
    name: str
    openid: str
    unionid: str
    follows: bool
    since: float = 0.0
    scene: str = ""


class Fans:
    def __init__(
        self, world: World, courier: OfficialCourier, menu: OfficialMenu, codes: Codes, grants: Grants,
        media: MediaShelf,
    ) -> None:  # fmt: skip
        self._world, self._courier, self._menu, self._codes = world, courier, menu, codes
        self._grants, self._media = grants, media
        self._numbers = itertools.count(24_500_000_000_000_000 + int(time.time() * 1000))
        self.clear()

    def clear(self) -> None:
        options = self._world.options.official
        if options is None:
            raise ValueError("there is no 公众号 among the options")
        self._account = options.original_id
        kept = {row["id"]: row for row in self._world.store.load("fan")}
        self._people: dict[str, Person] = {}
        for fan in options.fans:
            known = kept.get(fan.id, {"follows": fan.follows, "since": 0.0, "scene": ""})
            openid, union = wechat_id(options.app_id, fan.id, "o"), unionid(fan.id)
            self._people[fan.id] = Person(fan.id, fan.name, openid, union, known["follows"])
            self._people[fan.id].since, self._people[fan.id].scene = known["since"], known["scene"]

    def describe(self) -> list[dict[str, Any]]:
        return [{"id": who.id, "name": who.name, "openid": who.openid, "follows": who.follows} for who in self.all()]

    def all(self) -> list[Person]:
        return list(self._people.values())

    def by_openid(self, openid: str) -> Person:
        """ApiError 40003 for nobody's."""
        found = next((who for who in self.all() if who.openid == openid), None)
        if found is None:
            raise ApiError(40003)
        return found

    def openid(self, fan: str) -> str:
        return self._known(fan).openid

    def info(self, call: Call) -> dict[str, Any]:
        """GET user/info: no name, since 2021"""
        who = self.by_openid(call.query.get("openid", ""))
        if not who.follows:
            return {"subscribe": 0, "openid": who.openid, "unionid": who.unionid}
        return {
            "subscribe": 1, "openid": who.openid, "language": "zh_CN", "subscribe_time": int(who.since),
            "unionid": who.unionid, "remark": "", "groupid": 0, "tagid_list": [],
            "subscribe_scene": "ADD_SCENE_QR_CODE" if who.scene else "ADD_SCENE_SEARCH", "qr_scene": 0,
            "qr_scene_str": who.scene,
        }  # fmt: skip

    # messages

    def say(self, fan: str, text: str, *, msg_id: int | None = None, menu_id: str = "") -> tuple[Entry, Delivery]:
        """A text; `menu_id` is that of the link or menu entry that was tapped for it."""
        fields: dict[str, Any] = {"Content": text}
        act = "message"
        if menu_id:
            fields, act = {**fields, "bizmsgmenuid": menu_id}, "click"
        return self._message(fan, "text", {"content": text}, fields, msg_id, act)

    def show_picture(self, fan: str, data: bytes, filename: str, host: str) -> tuple[Entry, Delivery]:
        media = self._media.put(data, "image", filename, "user")
        content = {"media_id": media.media_id, "filename": filename, "size": media.size, "sha256": media.sha256}
        fields = {"PicUrl": f"{host}sim/media/{media.media_id}", "MediaId": media.media_id}
        return self._message(fan, "image", content, fields)

    def speak(self, fan: str, seconds: int) -> tuple[Entry, Delivery]:
        media = self._media.put(b"#!AMR\n" + bytes(seconds * 100), "voice", "voice.amr", "user")
        content = {"media_id": media.media_id, "seconds": seconds}
        return self._message(fan, "voice", content, {"MediaId": media.media_id, "Format": "amr"})

    def locate(self, fan: str, latitude: float, longitude: float, label: str) -> tuple[Entry, Delivery]:
        fields = {"Location_X": latitude, "Location_Y": longitude, "Scale": 16, "Label": label}
        return self._message(fan, "location", {"latitude": latitude, "longitude": longitude, "label": label}, fields)

    def _message(
        self, fan: str, kind: str, content: dict[str, Any], fields: dict[str, Any], msg_id: int | None = None,
        act: str = "message",
    ) -> tuple[Entry, Delivery]:  # fmt: skip
        who = self._following(fan)
        number = msg_id if msg_id is not None else next(self._numbers)
        with self._world.lock:
            self._grants.give(who.id, act)
            entry = self._world.add_entry(who.id, "me", kind, content, "user", msg_id=str(number))
            plain = self._xml(who, kind, {**fields, "MsgId": number})
            delivery = self._courier.submit(kind, who.id, plain, allowed=MESSAGES, entry=entry["id"])
            self._world.change_entry(entry, callback=delivery.id)
        return entry, delivery

    # coming, leaving, scanning, tapping

    def subscribe(self, fan: str, scene: str = "") -> Delivery:
        """Follow, by any way or by a code with a scene."""
        who = self._known(fan)
        if who.follows:
            raise Refused(f"userid: {who.name} follows already; a code is scanned")
        self._change(who, True, scene)
        self._world.note(who.id, f"{who.name} 扫码关注了公众号" if scene else f"{who.name} 关注了公众号")
        self._grants.give(who.id, "follow")
        fields = {"EventKey": f"qrscene_{scene}", "Ticket": "TICKET"} if scene else {"EventKey": ""}
        return self.event(who.id, "subscribe", fields)

    def unsubscribe(self, fan: str) -> Delivery:
        who = self._following(fan)
        self._change(who, False, who.scene)
        self._world.note(who.id, f"{who.name} 取消了关注")
        self._grants.end(who.id)
        return self.event(who.id, "unsubscribe", {"EventKey": ""})

    def scan(self, fan: str, *, scene: str = "", ticket: str = "") -> Delivery:
        """Scan a code: who follows sends SCAN, who does not follows by it. A code whose time is over does nothing."""
        who = self._known(fan)
        if ticket:
            found = self._codes.scene(ticket)
            if found is None:
                raise Refused("ticket: the code is unknown, or its time is over")
            scene = found
        if not scene:
            raise Refused("scene: a scene or a ticket is needed")
        if not who.follows:
            return self.subscribe(who.id, scene)
        self._world.note(who.id, f"{who.name} 扫了一个二维码")
        self._grants.give(who.id, "scan")
        return self.event(who.id, "SCAN", {"EventKey": scene, "Ticket": ticket or "TICKET"})

    def click(self, fan: str, key: str) -> Delivery:
        who = self._following(fan)
        button = self._menu.find(key)
        if button is None:
            raise Refused(f"key: no button of the menu sends {key!r}")
        self._world.note(who.id, f"点击菜单「{button['name']}」")
        if button["type"] == "view":
            return self.event(who.id, "VIEW", {"EventKey": button["url"], "MenuId": "1"})
        if button["type"] in TAPPING:
            self._grants.give(who.id, "click")
        return self.event(who.id, TAPPING.get(button["type"], button["type"]), {"EventKey": button.get("key", "")})

    def event(self, fan: str, name: str, fields: dict[str, Any], *, created_at: int | None = None) -> Delivery:
        """Any event, also one that the app has never heard of; events bring no MsgId."""
        who = self._known(fan)
        plain = self._xml(who, "event", {"Event": name, **fields}, created_at)
        return self._courier.submit(name, who.id, plain, allowed=MESSAGES if name in ANSWERED else NOTHING)

    def _xml(self, who: Person, kind: str, fields: dict[str, Any], created_at: int | None = None) -> str:
        head = {
            "ToUserName": self._account,
            "FromUserName": who.openid,
            "CreateTime": created_at if created_at is not None else int(self._world.now()),
            "MsgType": kind,
        }
        return xml.element("xml", {**head, **fields})

    def _change(self, who: Person, follows: bool, scene: str) -> None:
        who.follows, who.since, who.scene = follows, self._world.now(), scene
        self._world.store.save(
            "fan", who.id, {"id": who.id, "follows": follows, "since": who.since, "scene": who.scene}
        )
        self._world.publish({"type": "fans", "fans": self.describe()})

    def _known(self, fan: str) -> Person:
        if fan not in self._people:
            raise Refused(f"userid: nobody is called {fan!r}")
        return self._people[fan]

    def _following(self, fan: str) -> Person:
        who = self._known(fan)
        if not who.follows:
            raise Refused(f"userid: {who.name} does not follow the account")
        return who
