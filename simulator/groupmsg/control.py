"""Control API of 群发 under `/sim/groupmsg/`: what waits for a member, and his confirmation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify
from werkzeug.exceptions import NotFound

from ..wish import Wish

if TYPE_CHECKING:
    from ..simulator import Simulator
    from .desk import MassMessages


def register(sim: Blueprint, simulator: Simulator) -> None:
    def here() -> MassMessages:
        if simulator.groupmsg is None:
            raise NotFound("there is no 客户联系 here")
        return simulator.groupmsg

    @sim.get("/groupmsg")
    def groupmsg_listed() -> Response:
        with simulator.world.lock:
            return jsonify({"tasks": here().describe()})

    @sim.post("/groupmsg/confirm")
    def groupmsg_confirm() -> Response:
        """`chat_ids` for a task whose groups the member has to choose."""
        wish = Wish()
        chosen = [str(chat_id) for chat_id in wish.data.get("chat_ids") or []]
        with simulator.world.lock:
            return jsonify(here().confirm(wish.text("userid"), wish.text("msgid"), chosen))

    @sim.post("/groupmsg/own")
    def groupmsg_own() -> Response:
        """A member's own 群发: it counts against the cap of this customer or group."""
        wish = Wish()
        with simulator.world.lock:
            return jsonify({"counted": here().send_own(wish.text("recipient"), int(wish.number("count", 1)))})
