"""Control API: the clock, faults, settings, who belongs to the enterprise, and probes of the callback address."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify

from .clock import SHANGHAI
from .options import Member
from .wish import BadRequest, Wish

if TYPE_CHECKING:
    from .simulator import Simulator


def register(sim: Blueprint, simulator: Simulator) -> None:
    for part in (_clock, _faults, _people, _probes):
        part(sim, simulator)


def clock_state(simulator: Simulator) -> dict[str, Any]:
    now = datetime.fromtimestamp(simulator.world.now(), SHANGHAI)
    return {"now": now.isoformat(timespec="milliseconds"), "offset": round(simulator.world.clock.offset, 3)}


def _clock(sim: Blueprint, simulator: Simulator) -> None:
    @sim.post("/reset")
    def reset() -> Response:
        wish = Wish()
        simulator.reset()
        if wish.data.get("clock", True):
            simulator.world.clock.reset()
        return jsonify({"ok": True})

    @sim.get("/clock")
    def clock() -> Response:
        return jsonify(clock_state(simulator))

    @sim.post("/clock")
    def move() -> Response:
        wish, clock = Wish(), simulator.world.clock
        if "advance" in wish.data:
            clock.advance(wish.number("advance"))
        elif "set" in wish.data:
            instant = datetime.fromisoformat(wish.text("set"))
            clock.set(instant if instant.tzinfo else instant.replace(tzinfo=SHANGHAI))
        elif wish.flag("reset"):
            clock.reset()
        else:
            raise BadRequest("advance (seconds), set (ISO instant) or reset (true) is needed")
        state = clock_state(simulator)
        simulator.world.publish({"type": "clock", "clock": state})
        return jsonify(state)


def _faults(sim: Blueprint, simulator: Simulator) -> None:
    faults = simulator.faults

    @sim.get("/faults")
    def listed() -> Response:
        return jsonify(faults.describe())

    @sim.post("/faults")
    def add() -> Response:
        wish = Wish().data
        rule = {key: value for key, value in wish.items() if key not in ("callbacks", "ip_list", "app_disabled")}
        added = asdict(faults.add(rule)) if rule else None
        with simulator.world.changed:
            if "ip_list" in wish:
                faults.ip_list = None if wish["ip_list"] is None else [str(item) for item in wish["ip_list"]]
            if "app_disabled" in wish:
                faults.app_disabled = bool(wish["app_disabled"])
            _set_callback_faults(simulator, wish.get("callbacks") or {})
            simulator.world.publish({"type": "faults"})
        return jsonify({"added": added, **faults.describe()})

    @sim.delete("/faults")
    def clear() -> Response:
        faults.clear()
        simulator.courier.release()
        return jsonify(faults.describe())

    @sim.delete("/faults/<int:number>")
    def remove(number: int) -> Response:
        faults.remove(number)
        return jsonify(faults.describe())

    @sim.post("/tokens/invalidate")
    def invalidate() -> Response:
        return jsonify({"invalidated": simulator.tokens.invalidate()})

    @sim.post("/settings")
    def settings() -> Response:
        with simulator.world.changed:
            simulator.world.limits = simulator.world.limits.changed(Wish().data)
            simulator.world.publish({"type": "settings"})
        return jsonify(asdict(simulator.world.limits))


def _set_callback_faults(simulator: Simulator, wish: dict[str, Any]) -> None:
    for name, count in wish.items():
        if name not in simulator.faults.callbacks or isinstance(count, bool) or not isinstance(count, int):
            raise BadRequest(f"callbacks: numbers for {', '.join(simulator.faults.callbacks)} are needed")
        simulator.faults.callbacks[name] = count
    if wish.get("reorder") == 0:
        simulator.courier.release()


def _people(sim: Blueprint, simulator: Simulator) -> None:
    @sim.post("/members")
    def put() -> Response:
        """A new member, or another name, licence or visibility for one who is there; no callback."""
        wish = Wish()
        known = simulator.world.member(wish.text("userid"))
        member = known or Member(wish.text("userid"), wish.text("name", wish.text("userid")))
        names = ("name", "role", "position", "visible", "licensed")
        fields = {key: wish.data[key] for key in names if key in wish.data}
        simulator.world.put_member(replace(member, **fields))
        return jsonify(asdict(replace(member, **fields)))


def _probes(sim: Blueprint, simulator: Simulator) -> None:
    @sim.post("/verify")
    def verify() -> Response:
        return jsonify(simulator.probes.verify())

    @sim.post("/attack")
    def attack() -> Response:
        kind = Wish().text("kind")
        if kind not in simulator.probes.attacks:
            raise BadRequest(f"kind: one of {', '.join(simulator.probes.attacks)}")
        return jsonify(simulator.probes.attack(kind))
