"""The calls to WeCom that we make. Each raises Refused, Unanswered or TokenRejected (bot.wecom.errors).

Source   reference/wecom.md §2.5, §3.3, §4.2, §5, §6
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from bot.wecom.errors import Kind, Refused, TokenRejected
from bot.wecom.token import TokenProvider
from bot.wecom.wire import Wire

log = logging.getLogger(__name__)

BAD_CREDENTIAL = 40001


class Authorised:
    """Calls with a token. A dead one is replaced once per call and the call repeated once, never more (§12.4)."""

    def __init__(self, wire: Wire, tokens: TokenProvider) -> None:
        self._wire, self._tokens = wire, tokens
        self.kinds = wire.kinds

    def check(self) -> None:
        """Say whether the platform gives us a token: raises what is wrong."""
        self._tokens.get()

    def upload_media(self, kind: str, filename: str, data: bytes, media_type: str) -> str:
        """The media_id, good for three days and for this app."""

        def call(token: str) -> dict[str, Any]:
            query = {"access_token": token, "type": kind}
            return self._wire.post_file("media/upload", query, filename, data, media_type)

        return str(self._authorised("media/upload", call)["media_id"])

    def _get(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        return self._authorised(path, lambda token: self._wire.get(path, {**query, "access_token": token}))

    def _post(self, path: str, body: bytes, query: dict[str, str] | None = None) -> dict[str, Any]:
        given = query or {}
        return self._authorised(path, lambda token: self._wire.post_json(path, {**given, "access_token": token}, body))

    def _post_anew(self, path: str, body: bytes) -> dict[str, Any]:
        """On a new connection: a kept one that the other end closes meanwhile looks like a lost call, and what must
        not be done twice cannot be repeated then.
        """
        return self._authorised(
            path, lambda token: self._wire.post_json(path, {"access_token": token}, body, anew=True)
        )

    def _authorised(self, path: str, call: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
        token = self._tokens.get()
        try:
            return call(token)
        except Refused as fault:
            if fault.kind is not Kind.REFRESH and fault.errcode != BAD_CREDENTIAL:
                raise
            facts = {"event": "wecom.token_refused", "errcode": fault.errcode, "path": path}
            log.info("access token refused", extra=facts)
        try:
            return call(self._tokens.renew(failed=token))
        except Refused as fault:
            if fault.kind is not Kind.REFRESH and fault.errcode != BAD_CREDENTIAL:
                raise
            raise TokenRejected(path, fault.errcode, fault.errmsg, self._wire.kinds) from None


class Client(Authorised):
    """The calls of one WeCom app."""

    def message_send(self, body: bytes) -> dict[str, Any]:
        """`body` goes byte for byte: the duplicate check compares it. → {"invaliduser"?, "msgid"?, "response_code"?}"""
        return self._post("message/send", body)

    def update_template_card(self, body: dict[str, Any]) -> dict[str, Any]:
        return self._post("message/update_template_card", encode(body))

    def menu_create(self, agent_id: int, menu: dict[str, Any]) -> None:
        """Replace the whole menu; people see it after some minutes."""
        self._post("menu/create", encode(menu), {"agentid": str(agent_id)})

    def menu_get(self, agent_id: int) -> dict[str, Any]:
        return self._get("menu/get", {"agentid": str(agent_id)})

    def user_get(self, userid: str) -> dict[str, Any]:
        """A member as the directory shows him: {"userid", "name"?, …}; many apps may not read the name."""
        return self._get("user/get", {"userid": userid})

    def webhook_send(self, key: str, body: dict[str, Any]) -> None:
        """Into a group through its robot. The key is all that it takes: no token goes there."""
        self._wire.post_json("webhook/send", {"key": key}, encode(body), anew=True)


def encode(body: dict[str, Any]) -> bytes:
    """JSON as WeCom wants it: raw UTF-8, no \\u forms (40033)."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
