"""The account's menu: checked as WeCom's is, without an agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..menu import Menu

if TYPE_CHECKING:
    from ..api import Call


class OfficialMenu(Menu):
    def load(self) -> None:
        stored = self._world.store.load("official-menu")
        self.buttons: list[dict[str, Any]] = stored[0] if stored else []

    def _agent(self, call: Call) -> None:
        """There is one account, and the token is its."""

    def _get(self, call: Call) -> dict[str, Any]:
        return {"menu": super()._get(call)}

    def _set(self, buttons: list[dict[str, Any]]) -> None:
        self.buttons = buttons
        self._world.store.save("official-menu", "account", buttons)
        self._world.publish({"type": "official_menu", "menu": buttons})
