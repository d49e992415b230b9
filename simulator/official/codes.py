"""QR codes with a scene: temporary ones end, permanent ones are counted."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ApiError

if TYPE_CHECKING:
    from ..api import Api, Call
    from ..state import World

LONGEST, USUAL, MOST_PERMANENT, LONGEST_SCENE = 2_592_000, 60, 100_000, 64


@dataclass(frozen=True)
class Code:
    ticket: str
    scene: str
    url: str
    until: float | None


class Codes:
    def __init__(self, world: World, api: Api) -> None:
        self._world = world
        self.clear()
        api.add("qrcode/create", self._create)

    def clear(self) -> None:
        self._codes: dict[str, Code] = {}

    def scene(self, ticket: str) -> str | None:
        """What a scan of it brings; by ticket or by the address in the picture. None: unknown, or its time is over."""
        found = next((code for code in self._codes.values() if ticket in (code.ticket, code.url)), None)
        if found is None or (found.until is not None and self._world.now() >= found.until):
            return None
        return found.scene

    def _create(self, call: Call) -> dict[str, Any]:
        action = call.text(call.body, "action_name")
        if action not in ("QR_SCENE", "QR_STR_SCENE", "QR_LIMIT_SCENE", "QR_LIMIT_STR_SCENE"):
            raise ApiError(40053, "invalid action info")
        scene = self._scene(call, action)
        until, lasts = None, {}
        if "LIMIT" not in action:
            seconds = call.integer(call.body, "expire_seconds", USUAL)
            if not 1 <= seconds <= LONGEST:
                raise ApiError(40052, "invalid expire_seconds")
            until, lasts = self._world.now() + seconds, {"expire_seconds": seconds}
        elif sum(code.until is None for code in self._codes.values()) >= MOST_PERMANENT:
            raise ApiError(45029, "qrcode count out of limit")
        ticket = "g" + secrets.token_urlsafe(60)
        code = Code(ticket, scene, f"http://weixin.qq.com/q/{secrets.token_urlsafe(12)}", until)
        self._codes[ticket] = code
        return {"ticket": ticket, **lasts, "url": code.url}

    def _scene(self, call: Call, action: str) -> str:
        scene = call.object(call.object(call.body, "action_info"), "scene")
        if "STR" in action:
            text = call.text(scene, "scene_str")
            if not 1 <= len(text) <= LONGEST_SCENE:
                raise ApiError(40053, "invalid action info")
            return text
        number = call.integer(scene, "scene_id")
        if not 1 <= number <= (100_000 if "LIMIT" in action else 2**32 - 1):
            raise ApiError(40053, "invalid action info")
        return str(number)
