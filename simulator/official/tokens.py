"""The account's tokens: the stable one, which asking again does not change, and the old kind, which each call kills.

A stable token is changed five minutes before its end, and the one before serves until then. `force_refresh` ends it at
once, twenty times a day and not within thirty seconds.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from ..errors import ApiError
from ..options import DAY
from ..tokens import Grant

if TYPE_CHECKING:
    from ..api import Call
    from ..options import OfficialOptions
    from ..state import World

OVERLAP = 300
FORCED_PER_DAY, FORCED_APART = 20, 30


class StableTokens:
    def __init__(self, world: World, options: OfficialOptions) -> None:
        self._world, self._options = world, options
        self.clear()

    def clear(self) -> None:
        self._grants: dict[str, Grant] = {}
        self._stable = ""
        self._legacy = ""
        self._forced: list[float] = []

    def invalidate(self) -> int:
        """Make every token unknown (40001), as a forced refresh elsewhere does; how many there were."""
        with self._world.lock:
            count = len(self._grants)
            self._grants.clear()
            self._stable = ""
            return count

    def stable(self, call: Call) -> dict[str, Any]:
        """POST stable_token"""
        self._credentials(call.body.get("grant_type"), call.body.get("appid"), call.body.get("secret"))
        now = self._world.now()
        if call.body.get("force_refresh") is True:
            self._force(now)
        held = self._grants.get(self._stable)
        if held is None or held.expires_at - now < OVERLAP:
            self._stable = self._new(now)
            held = self._grants[self._stable]
        return {"access_token": self._stable, "expires_in": int(held.expires_at - now)}

    def legacy(self, call: Call) -> dict[str, Any]:
        """GET token: the one before it ends in five minutes."""
        self._credentials(*(call.query.get(name) for name in ("grant_type", "appid", "secret")))
        now = self._world.now()
        if (old := self._grants.get(self._legacy)) is not None:
            self._grants[self._legacy] = Grant(0, min(old.expires_at, now + OVERLAP))
        self._legacy = self._new(now)
        return {"access_token": self._legacy, "expires_in": self._world.limits.token_seconds}

    def check(self, token: str | None) -> Grant:
        if not token:
            raise ApiError(41001)
        with self._world.lock:
            grant = self._grants.get(token)
            if grant is None:
                raise ApiError(40001)
            if grant.expires_at <= self._world.now():
                raise ApiError(42001)
            return grant

    def _credentials(self, kind: object, app_id: object, secret: object) -> None:
        if kind != "client_credential":
            raise ApiError(40002, "invalid grant_type")
        if app_id != self._options.app_id:
            raise ApiError(40013)
        if secret != self._options.secret:
            raise ApiError(40125)

    def _new(self, now: float) -> str:
        token = secrets.token_urlsafe(120)
        self._grants[token] = Grant(0, now + self._world.limits.token_seconds)
        return token

    def _force(self, now: float) -> None:
        self._forced = [at for at in self._forced if now - DAY < at <= now]
        if len(self._forced) >= FORCED_PER_DAY or (self._forced and now - self._forced[-1] < FORCED_APART):
            raise ApiError(45011, "api minute-quota reach limit, must slower, retry next minute")
        self._forced.append(now)
        self._grants.pop(self._stable, None)
        self._stable = ""
