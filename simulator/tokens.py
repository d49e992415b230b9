"""access_token: given out for a secret, checked on every call, expired by the clock, invalidated on demand."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .counters import Window
from .errors import ApiError

if TYPE_CHECKING:
    from .api import Call
    from .faults import Faults
    from .state import World


@dataclass(frozen=True)
class Grant:
    """What a token allows: to act as one app until an instant of the simulator's clock."""

    agent_id: int
    expires_at: float


class Tokens:
    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults
        self._grants: dict[str, Grant] = {}
        self._wrong = Window(world.limits.wrong_secret_seconds)
        self._banned: dict[str, float] = {}
        # Later parts (客户联系, 客服) add their own secrets here; each is worth one app.
        self.secrets: dict[str, int] = {world.options.secret: world.options.agent_id}

    def give(self, call: Call) -> dict[str, Any]:
        """GET gettoken"""
        world, now = self._world, self._world.now()
        corp, secret = call.query.get("corpid", ""), call.query.get("corpsecret", "")
        banned_until = self._banned.get(call.ip, 0.0)
        if now < banned_until <= now + world.limits.ban_seconds:
            raise ApiError(45009)
        if not corp:
            raise ApiError(41002)
        if not secret:
            raise ApiError(41004)
        if corp != world.options.corp_id:
            raise ApiError(40013)
        agent = self.secrets.get(secret)
        if agent is None:
            self._count_wrong_secret(call.ip, now)
            raise ApiError(40001)
        if self._faults.app_disabled:
            raise ApiError(40001)
        self._wrong.forget(call.ip)
        token = secrets.token_urlsafe(160)
        self._grants[token] = Grant(agent, now + world.limits.token_seconds)
        return {"access_token": token, "expires_in": world.limits.token_seconds}

    def _count_wrong_secret(self, ip: str, now: float) -> None:
        self._wrong.seconds = self._world.limits.wrong_secret_seconds
        self._wrong.take(ip, now)
        if self._wrong.count(ip, now) >= self._world.limits.wrong_secret_limit:
            self._banned[ip] = now + self._world.limits.ban_seconds

    def check(self, token: str | None) -> Grant:
        """What this token allows; ApiError 41001, 40014 or 42001 (or as configured) otherwise."""
        if not token:
            raise ApiError(41001)
        with self._world.lock:
            grant = self._grants.get(token)
            if grant is None:
                raise ApiError(40014)
            if grant.expires_at <= self._world.now():
                raise ApiError(self._world.limits.expired_errcode)
            if self._faults.app_disabled:
                raise ApiError(50003)
            return grant

    def invalidate(self) -> int:
        """Make every token unknown (40014); how many there were."""
        with self._world.lock:
            count = len(self._grants)
            self._grants.clear()
            return count

    def unban(self) -> None:
        self._banned.clear()
        self._wrong.clear()
