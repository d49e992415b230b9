"""The calls of 微信客服 are only for the app that may make them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ApiError

if TYPE_CHECKING:
    from flask import Response

    from ..api import Api, Call, Function


class Door:
    """Registers calls; a token of another app is refused (48002)."""

    def __init__(self, api: Api, agent: int) -> None:
        self._api, self._agent = api, agent

    def add(self, path: str, function: Function, *, method: str = "POST") -> None:
        def guarded(call: Call) -> dict[str, Any] | Response:
            if call.grant is None or call.grant.agent_id != self._agent:
                raise ApiError(48002)
            return function(call)

        self._api.add(path, guarded, method=method)
