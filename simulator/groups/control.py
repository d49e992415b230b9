"""Control API of 客户群 under `/sim/rooms/`: what members and customers do in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify
from werkzeug.exceptions import NotFound

from ..contact import qr
from ..wish import LONGEST_WAIT, BadRequest, Wish

if TYPE_CHECKING:
    from ..simulator import Simulator
    from .desk import CustomerGroups

Act = Callable[["CustomerGroups", Wish], Any]


def register(sim: Blueprint, simulator: Simulator) -> None:
    def groups() -> CustomerGroups:
        if simulator.groups is None:
            raise NotFound("there is no 客户联系 here")
        return simulator.groups

    def add(name: str, act: Act) -> None:
        def view() -> Response:
            wish, here = Wish(), groups()
            with simulator.world.lock:
                done = act(here, wish)
            room, deliveries = done if isinstance(done, tuple) else (None, done)
            if wish.flag("wait"):
                seconds = min(wish.number("timeout", 30.0), LONGEST_WAIT)
                simulator.world.wait_for(lambda: all(item.over for item in deliveries), seconds)
            told: dict[str, Any] = {"callbacks": [item.describe() for item in deliveries]}
            return jsonify(told | ({"chat_id": room.chat_id, "chat": room.chat} if room else {}))

        sim.post(f"/rooms/{name}", endpoint=f"rooms_{name}")(view)

    for name, act in ACTS.items():
        add(name, act)

    @sim.post("/rooms/say")
    def groups_say() -> Response:
        wish = Wish()
        return jsonify({"entry": groups().acts.say(wish.text("chat_id"), wish.text("who"), wish.text("text"))})

    @sim.get("/rooms")
    def groups_described() -> Response:
        with simulator.world.lock:
            return jsonify(groups().describe())

    @sim.get("/rooms/qr/<key>.png")
    def groups_picture(key: str) -> Response | tuple[Response, int]:
        way = groups().ways.find(key)
        if way is None:
            return jsonify({"error": "no such code"}), 404
        return Response(qr.png(way.address), mimetype="image/png")


def _customers(wish: Wish) -> list[str]:
    given = wish.data.get("customers") or []
    if not isinstance(given, list):
        raise BadRequest("customers: a list of ids is needed")
    return [str(customer) for customer in given]


ACTS: dict[str, Act] = {
    "create": lambda here, wish: here.acts.create(wish.text("owner"), wish.text("name", ""), _customers(wish)),
    "join": lambda here, wish: here.acts.join(wish.text("customer"), wish.text("code")),
    "invite": lambda here, wish: here.acts.invite(wish.text("chat_id"), wish.text("who")),
    "leave": lambda here, wish: here.acts.leave(wish.text("chat_id"), wish.text("who")),
    "remove": lambda here, wish: here.acts.leave(wish.text("chat_id"), wish.text("who"), removed=True),
    "owner": lambda here, wish: here.acts.change_owner(wish.text("chat_id"), wish.text("to")),
    "rename": lambda here, wish: here.acts.rename(wish.text("chat_id"), wish.text("name")),
    "announce": lambda here, wish: here.acts.announce(wish.text("chat_id"), wish.text("notice")),
    "dismiss": lambda here, wish: here.acts.dismiss(wish.text("chat_id")),
}
