"""Control API: what stands in the chats, what happened on the wire, and the stream of it all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request

from .levers import clock_state
from .media import serve
from .wish import LONGEST_WAIT

if TYPE_CHECKING:
    from .simulator import Simulator
    from .state import Entry

PULSE_SECONDS = 15.0
MOST_STREAMS = 16  # each holds a thread of the server; beyond it the oldest ends and its page connects again


def register(sim: Blueprint, simulator: Simulator) -> None:
    _chats(sim, simulator)
    _stream(sim, simulator)


def _chats(sim: Blueprint, simulator: Simulator) -> None:
    world = simulator.world

    def rows_of(chat: str) -> Response:
        """Entries after an id; with `wait` blocks until there are `count` of them, or one of `rev` beyond."""
        after, count = int(request.args.get("after", 0)), int(request.args.get("count", 1))
        seconds = min(float(request.args.get("wait", 0)), LONGEST_WAIT)
        side = request.args.get("side")

        def found() -> list[Entry]:
            rows = world.chats.get(chat, [])
            return [dict(row) for row in rows if row["id"] > after and side in (None, row["side"])]

        if seconds:
            world.wait_for(lambda: len(found()) >= count, seconds)
        with world.lock:
            return jsonify({"chat": chat, "entries": found()})

    @sim.get("/chats/<userid>")
    def chat(userid: str) -> Response:
        return rows_of(userid.lower())

    @sim.get("/groups/<key>")
    def group(key: str) -> Response | tuple[Response, int]:
        found = world.group_of(key)
        if found is None:
            return jsonify({"error": "no such group"}), 404
        return rows_of(found["id"])

    @sim.get("/entries/<int:number>")
    def entry(number: int) -> Response | tuple[Response, int]:
        """One entry; `rev` and `wait` block until it has changed beyond that revision."""
        rev, seconds = int(request.args.get("rev", 0)), min(float(request.args.get("wait", 0)), LONGEST_WAIT)
        if seconds:
            world.wait_for(lambda: world.entries.get(number, {}).get("rev", 0) > rev, seconds)
        with world.lock:
            found = world.entries.get(number)
            return jsonify(dict(found)) if found else (jsonify({"error": "no such entry"}), 404)

    @sim.get("/dropped")
    def dropped() -> Response:
        with world.lock:
            return jsonify({"dropped": list(world.dropped)})

    def idle() -> bool:
        return all(courier.idle() for courier in simulator.couriers())

    @sim.get("/callbacks")
    def callbacks() -> Response:
        """The log of deliveries; with `wait` blocks until nothing is on its way."""
        seconds, after = min(float(request.args.get("wait", 0)), LONGEST_WAIT), int(request.args.get("after", 0))
        if seconds:
            world.wait_for(idle, seconds)
        with world.lock:
            rows = [item.describe() for courier in simulator.couriers() for item in courier.log if item.id > after]
            return jsonify({"callbacks": rows, "idle": idle()})

    @sim.get("/calls")
    def calls() -> Response:
        after, path = int(request.args.get("after", 0)), request.args.get("path")
        seconds, count = min(float(request.args.get("wait", 0)), LONGEST_WAIT), int(request.args.get("count", 1))

        def found() -> list[dict[str, Any]]:
            return [row for row in world.calls if row["id"] > after and path in (None, row["path"])]

        if seconds:
            world.wait_for(lambda: len(found()) >= count, seconds)
        with world.lock:
            return jsonify({"calls": found(), "total": world.calls_total})

    @sim.get("/media/<media_id>")
    def media(media_id: str) -> Response | tuple[Response, int]:
        found = simulator.media.find(media_id)
        return serve(*found, attachment=False) if found else (jsonify({"error": "no such medium"}), 404)

    @sim.get("/state")
    def state() -> Response:
        return jsonify(describe(simulator))


def describe(simulator: Simulator) -> dict[str, Any]:
    """Everything that the page needs at its start; no key and no secret."""
    world, options = simulator.world, simulator.options
    with world.lock:
        return {
            "app": {"name": options.app_name, "corp": options.corp_name, "agent_id": options.agent_id},
            "aibot": simulator.aibot.describe() if simulator.aibot else None,
            "members": [{**asdict(item), "departments": list(item.departments)} for item in world.members.values()],
            "groups": [{"id": row["id"], "name": row["name"], "members": row["members"]} for row in world.groups],
            "chats": {chat: rows[-300:] for chat, rows in world.chats.items()},
            "menu": simulator.menu.buttons,
            "clock": clock_state(simulator),
            "faults": simulator.faults.describe(),
            "settings": asdict(world.limits),
            "callbacks": [item.describe() for courier in simulator.couriers() for item in list(courier.log)[-100:]],
            "official": simulator.official.describe() if simulator.official else None,
            "kf": simulator.kf.describe() if simulator.kf else None,
            "contact": simulator.contact.describe() if simulator.contact else None,
            "customer_groups": simulator.groups.describe() if simulator.groups else None,
            "groupmsg": simulator.groupmsg.describe() if simulator.groupmsg else None,
            "calls": list(world.calls)[-100:],
            "mall": {"url": options.mall_url, "open": simulator.mall.open},
            "orders": list(simulator.mall.orders.values()),
            "attacks": simulator.probes.attacks,
            "event": world.last_event,
        }


def _stream(sim: Blueprint, simulator: Simulator) -> None:
    streams = Streams(simulator)

    @sim.get("/events")
    def events() -> Response:
        """Server-sent events from `Last-Event-ID` or `?after=` on; `reload` when that is too long ago."""
        seen = request.headers.get("Last-Event-ID") or request.args.get("after")
        start = int(seen) if seen else simulator.world.last_event
        return Response(streams.pieces(start), mimetype="text/event-stream", headers={"Cache-Control": "no-cache"})


class Streams:
    """The pages that listen. A page that is gone is noticed when the next pulse cannot be written."""

    def __init__(self, simulator: Simulator) -> None:
        self._world = simulator.world
        self._open: list[object] = []

    def pieces(self, start: int) -> Iterator[str]:
        mark = object()
        self._open = [*self._open, mark][-MOST_STREAMS:]
        try:
            yield from self._follow(start, mark)
        finally:
            self._open = [item for item in self._open if item is not mark]

    def _follow(self, start: int, mark: object) -> Iterator[str]:
        world, sent = self._world, start
        yield ": hello\n\n"
        while not world.stopping and mark in self._open:
            with world.changed:
                if world.last_event == sent:
                    world.changed.wait(PULSE_SECONDS)
                rows, last = world.events_after(sent), world.last_event
            if rows is None:
                rows = [(last, {"type": "reload"})]
            for number, event in rows:
                yield f"id: {number}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"
            sent = last
            if not rows:
                yield ": still here\n\n"
