"""The door of `/official/cgi-bin/…`: as WeCom's, with the 公众号's words; what brings something has no errcode."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from flask import Response, jsonify

from ..api import Api
from ..errors import MESSAGES, ApiError

if TYPE_CHECKING:
    from ..api import Call
    from ..faults import Faults
    from ..state import World
    from .tokens import StableTokens

WORDS = {
    40001: "invalid credential, access_token is invalid or not latest",
    40003: "invalid openid",
    40007: "invalid media_id",
    40013: "invalid appid",
    40037: "invalid template_id",
    40125: "invalid appsecret",
    40164: "invalid ip {ip}, not in whitelist",
    43004: "require subscribe",
    44004: "empty content",
    45002: "content size out of limit",
    45009: "reach max api daily quota limit",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    46003: "menu no exist",
    47003: "argument invalid!",
}


class OfficialApi(Api):
    def __init__(self, world: World, faults: Faults, tokens: StableTokens) -> None:
        super().__init__(world, faults, tokens)  # type: ignore[arg-type]
        self._prefix = "official/"

    def _check_address(self, ip: str) -> None:
        trusted = self._faults.ip_list
        if trusted is not None and ip not in trusted:
            raise ApiError(40164)

    def _success(self, call: Call, found: dict[str, Any]) -> Response:
        return jsonify(found or {"errcode": 0, "errmsg": "ok"})

    def _failure(self, call: Call, error: ApiError) -> Response:
        code = error.code
        usual = error.message == MESSAGES.get(error.code, "invalid Request Parameter")
        words = WORDS.get(code, error.message) if usual else error.message
        rid = f"{secrets.token_hex(4)}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
        return jsonify({"errcode": code, "errmsg": f"{words.replace('{ip}', call.ip)} rid: {rid}"})
