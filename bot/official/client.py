"""The calls to the 公众号 that we make. Each raises Refused, Unanswered or TokenRejected (bot.wecom.errors).

The token is the stable one: asking again gives the same, so that nobody who asks takes it away from another. It is
never refreshed by force: that is for a leak, and twenty times a day.

Source   reference/official-account.md §6, §7, §9, §10, §11, §13, §15.1
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot.wecom.client import Authorised, encode
from bot.wecom.token import TokenProvider

# The platform changes the token five minutes before its end, and both serve until then: asked a minute later, it
# has changed.
EARLY = timedelta(minutes=4)


class StableToken(TokenProvider):
    """As WeCom's: one process fetches it, all read it, a refusal is remembered for a minute."""

    platform, early = "official", EARLY

    def _ask(self) -> dict[str, Any]:
        credentials = {"grant_type": "client_credential", "appid": self._corp_id, "secret": self._secret}
        return self._wire.post_json("stable_token", {}, encode({**credentials, "force_refresh": False}))


class OfficialClient(Authorised):
    """The calls of one account."""

    def send(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A message: message/custom/send, message/template/send. Most of these must not be repeated."""
        return self._post_anew(path, encode(body))

    def menu_create(self, menu: dict[str, Any]) -> None:
        """Replace the whole menu; people see it after some minutes, at the latest in a day."""
        self._post("menu/create", encode(menu))

    def menu_get(self) -> dict[str, Any]:
        return self._get("menu/get", {})

    def qrcode(self, scene: str, seconds: int | None) -> dict[str, Any]:
        """A QR that leads to the account with a scene: {"ticket", "url"}; `seconds` None: for ever (100,000 in all)."""
        action: dict[str, Any] = {"action_info": {"scene": {"scene_str": scene}}}
        kind = {"action_name": "QR_LIMIT_STR_SCENE"}
        if seconds is not None:
            kind = {"action_name": "QR_STR_SCENE", "expire_seconds": seconds}  # type: ignore[dict-item]
        return self._post("qrcode/create", encode(kind | action))

    def user_info(self, openid: str) -> dict[str, Any]:
        """{"subscribe", "openid", "unionid"?, …}; no name, since 2021."""
        return self._get("user/info", {"openid": openid, "lang": "zh_CN"})
