"""The app's menu: created as a whole, checked as the platform checks it, shown at the bottom of every chat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .errors import ApiError

if TYPE_CHECKING:
    from .api import Api, Call
    from .state import World

TYPES = {
    "click", "view", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin",
    "location_select", "view_miniprogram",
}  # fmt: skip
FIRST, SECOND = 0, 1
NAME_BYTES = (16, 40)
# errcodes for the first and the second level
TYPE_CODE, NAME_CODE, KEY_CODE, URL_CODE, BAD_URL_CODE = (
    (40017, 40024), (40018, 40025), (40019, 40026), (40020, 40027), (40055, 40054),
)  # fmt: skip


class Menu:
    def __init__(self, world: World, api: Api) -> None:
        self._world = world
        self._api = api
        self.load()
        api.add("menu/create", self._create)
        api.add("menu/get", self._get, method="GET")
        api.add("menu/delete", self._delete, method="GET")

    def load(self) -> None:
        stored = self._world.store.load("menu")
        self.buttons: list[dict[str, Any]] = stored[0] if stored else []

    def find(self, key: str) -> dict[str, Any] | None:
        """The button that sends this key (or opens this url)."""
        rows = [row for button in self.buttons for row in (button, *button.get("sub_button", []))]
        return next((row for row in rows if key in (row.get("key"), row.get("url"))), None)

    def _agent(self, call: Call) -> None:
        agent = call.query.get("agentid", "")
        if not agent:
            raise ApiError(41011)
        self._api.check_agent(call, int(agent) if agent.isdigit() else 0)

    def _create(self, call: Call) -> dict[str, Any]:
        self._agent(call)
        self._set(check(call.body.get("button")))
        return {}

    def _get(self, call: Call) -> dict[str, Any]:
        self._agent(call)
        if not self.buttons:
            raise ApiError(46003)
        return {"button": self.buttons}

    def _delete(self, call: Call) -> dict[str, Any]:
        self._agent(call)
        self._set([])
        return {}

    def _set(self, buttons: list[dict[str, Any]]) -> None:
        self.buttons = buttons
        self._world.store.save("menu", "app", buttons)
        self._world.publish({"type": "menu", "menu": buttons})


def check(buttons: Any) -> list[dict[str, Any]]:
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
        raise ApiError(40016)
    return [_button(row, FIRST) for row in buttons]


def _button(row: Any, level: int) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise ApiError(40058)
    name = row.get("name")
    if not isinstance(name, str) or not name or len(name.encode()) > NAME_BYTES[level]:
        raise ApiError(NAME_CODE[level])
    if row.get("sub_button"):
        if level == SECOND:
            raise ApiError(40022)
        subs = row["sub_button"]
        if not isinstance(subs, list) or not 1 <= len(subs) <= 5:
            raise ApiError(40023)
        return {"name": name, "sub_button": [_button(sub, SECOND) for sub in subs]}
    return {"name": name, **_action(row, level)}


def _action(row: dict[str, Any], level: int) -> dict[str, Any]:
    kind = row.get("type")
    if kind not in TYPES:
        raise ApiError(TYPE_CODE[level])
    if kind == "view":
        url = row.get("url")
        if not isinstance(url, str) or not url or len(url.encode()) > 1024:
            raise ApiError(URL_CODE[level])
        if urlsplit(url).scheme not in ("http", "https"):
            raise ApiError(BAD_URL_CODE[level])
        return {"type": kind, "url": url}
    if kind == "view_miniprogram":
        if not row.get("appid") or not row.get("pagepath"):
            raise ApiError(90207)
        return {"type": kind, "pagepath": row["pagepath"], "appid": row["appid"]}
    key = row.get("key")
    if not isinstance(key, str) or not key or len(key.encode()) > 128:
        raise ApiError(KEY_CODE[level])
    return {"type": kind, "key": key}
