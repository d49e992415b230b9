"""Links of the account: each with a scene or without; scene_param may be appended where there is a scene."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from ..errors import ApiError
from ..people import Refused

if TYPE_CHECKING:
    from ..api import Call
    from .door import Door

BASE = "https://work.weixin.qq.com/kfid/"
SCENE = re.compile(r"[0-9A-Za-z_-]{0,32}")
LONGEST_PARAM = 128


class Links:
    def __init__(self, api: Door, account: str) -> None:
        self._account = account
        api.add("kf/add_contact_way", self._add)

    def _add(self, call: Call) -> dict[str, Any]:
        if call.text(call.body, "open_kfid") != self._account:
            raise ApiError(95000)
        scene = call.text(call.body, "scene")
        if not SCENE.fullmatch(scene):
            raise ApiError(40058, "scene: invalid Request Parameter")
        return {"url": self.address(scene)}

    def address(self, scene: str) -> str:
        mark = "kfc" + hashlib.sha256(self._account.encode()).hexdigest()[:14]
        return f"{BASE}{mark}" + (f"?enc_scene=ENC{scene.encode().hex()}" if scene else "")

    def opened(self, url: str) -> tuple[str, str]:
        """Scene and scene_param of an address; Refused for one that is none of the account's."""
        if not url:
            return "", ""
        parts = urlsplit(url)
        query = parse_qs(parts.query)
        sealed = query.get("enc_scene", [""])[0].removeprefix("ENC")
        try:
            scene = bytes.fromhex(sealed).decode()
        except ValueError:
            raise Refused("url: the link was changed") from None
        if f"{parts.scheme}://{parts.netloc}{parts.path}" != self.address(""):
            raise Refused("url: no link of this account")
        param = query.get("scene_param", [""])[0] if scene else ""
        if len(param.encode()) > LONGEST_PARAM:
            raise Refused("url: scene_param has at most 128 bytes")
        return scene, param
