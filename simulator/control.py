"""The control API under `/sim/`: what a test or the page does to the enterprise, and what it may look at.

Bodies are JSON objects and must be sent as application/json (so that no other site's form can reach us). A refusal is
400 or 409 with `{"error": "…"}`. Nothing here shows a secret. Described in README.md of this folder.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from .clock import SHANGHAI
from .mall import MallError
from .media import serve, sniff
from .options import Member
from .people import Refused
from .samples import picture

if TYPE_CHECKING:
    from .callbacks import Delivery
    from .simulator import Simulator
    from .state import Entry

LONGEST_WAIT = 120.0
PULSE_SECONDS = 15.0


class BadRequest(Exception):
    """The body is not what this address takes; the text says what is."""


class Wish:
    """The JSON body of a request, field by field."""

    def __init__(self) -> None:
        data = request.get_json(silent=True) if request.is_json else None
        if request.content_length and not isinstance(data, dict):
            raise BadRequest("send a JSON object as application/json")
        self.data: dict[str, Any] = data or {}

    def text(self, name: str, default: str | None = None) -> str:
        value = self.data.get(name, default)
        if not isinstance(value, str) or (default is None and not value):
            raise BadRequest(f"{name}: a text is needed")
        return value

    def number(self, name: str, default: float | None = None) -> float:
        value = self.data.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadRequest(f"{name}: a number is needed")
        return float(value)

    def flag(self, name: str) -> bool:
        return bool(self.data.get(name, False))

    def objects(self, name: str) -> dict[str, Any]:
        value = self.data.get(name) or {}
        if not isinstance(value, dict):
            raise BadRequest(f"{name}: an object is needed")
        return value


def create_control(simulator: Simulator) -> Blueprint:
    sim = Blueprint("control", __name__, url_prefix="/sim")
    sim.register_error_handler(BadRequest, lambda error: (jsonify({"error": str(error)}), 400))
    sim.register_error_handler(ValueError, lambda error: (jsonify({"error": str(error)}), 400))
    sim.register_error_handler(Refused, lambda error: (jsonify({"error": str(error)}), 409))
    sim.register_error_handler(MallError, lambda error: (jsonify({"error": str(error)}), 409))
    sim.register_error_handler(HTTPException, lambda error: (jsonify({"error": error.description}), error.code or 500))
    for register in (_acts, _views, _clock, _faults, _people, _probes, _mall, _stream):
        register(sim, simulator)
    return sim


# waiting and describing


def _arrived(simulator: Simulator, chat: str, after: int) -> list[Entry]:
    rows = simulator.world.chats.get(chat.lower(), [])
    return [dict(row) for row in rows if row["id"] > after and row["side"] == "app"]


def _outcome(simulator: Simulator, wish: Wish, delivery: Delivery, chat: str, after: int) -> dict[str, Any]:
    """The answer to an act; with `wait` after its callback is over and `expect` entries have arrived."""
    if wish.flag("wait"):
        expect = int(wish.number("expect", 0))
        seconds = min(wish.number("timeout", 30.0), LONGEST_WAIT)
        simulator.world.wait_for(lambda: delivery.over and len(_arrived(simulator, chat, after)) >= expect, seconds)
    with simulator.world.lock:
        shown = simulator.world.entries.get(delivery.reply_entry or 0)
        return {
            "callback": delivery.describe(),
            "over": delivery.over,
            "reply": dict(shown) if shown else None,
            "problem": delivery.problem,
            "arrived": _arrived(simulator, chat, after),
        }


def _last_id(simulator: Simulator, chat: str) -> int:
    rows = simulator.world.chats.get(chat.lower(), [])
    return int(rows[-1]["id"]) if rows else 0


def _told(simulator: Simulator, userid: str, act: Callable[[Wish], Any]) -> Response:
    """Do an act of this person and answer with what came of it."""
    wish, after = Wish(), _last_id(simulator, userid)
    found = act(wish)
    entry, delivery = found if isinstance(found, tuple) else (None, found)
    if delivery is None:
        return jsonify({"callback": None})
    answer = _outcome(simulator, wish, delivery, userid, entry["id"] if entry else after)
    return jsonify({"id": entry["id"], "msg_id": entry["msg_id"], **answer} if entry else answer)


# what people do


def _acts(sim: Blueprint, simulator: Simulator) -> None:
    people = simulator.people

    @sim.post("/say")
    def say() -> Response:
        wish = Wish()
        number = wish.data.get("msg_id")
        return _told(
            simulator, wish.text("userid"),
            lambda _: people.say(wish.text("userid"), wish.text("text"), msg_id=int(number) if number else None),
        )  # fmt: skip

    @sim.post("/image")
    def image() -> Response:
        wish = Wish()
        try:
            data = base64.b64decode(wish.text("base64", ""), validate=True) or picture()
        except binascii.Error:
            raise BadRequest("base64: not base64") from None
        if not sniff(data).startswith("image/"):
            raise BadRequest("base64: not a PNG or JPEG")
        name = wish.text("filename", "photo.png")
        return _told(
            simulator, wish.text("userid"),
            lambda _: people.show_picture(wish.text("userid"), data, name, request.host_url),
        )  # fmt: skip

    @sim.post("/voice")
    def voice() -> Response:
        userid = Wish().text("userid")
        return _told(simulator, userid, lambda wish: people.speak(userid, int(wish.number("seconds", 4))))

    @sim.post("/location")
    def location() -> Response:
        userid = Wish().text("userid")
        return _told(
            simulator, userid,
            lambda wish: people.locate(
                userid, wish.number("latitude", 31.2304), wish.number("longitude", 121.4737),
                wish.text("label", "上海市黄浦区人民广场"),
            ),
        )  # fmt: skip

    @sim.post("/message")
    def message() -> Response:
        userid = Wish().text("userid")
        return _told(simulator, userid, lambda wish: people.other(userid, wish.text("type"), wish.objects("fields")))

    @sim.post("/enter")
    def enter() -> Response:
        userid = Wish().text("userid")
        return _told(simulator, userid, lambda wish: people.enter(userid, once=wish.flag("once")))

    @sim.post("/subscribe")
    def subscribe() -> Response:
        userid = Wish().text("userid")
        return _told(simulator, userid, lambda _: people.subscribe(userid))

    @sim.post("/unsubscribe")
    def unsubscribe() -> Response:
        userid = Wish().text("userid")
        return _told(simulator, userid, lambda _: people.unsubscribe(userid))

    @sim.post("/click")
    def click() -> Response:
        userid = Wish().text("userid")
        return _told(simulator, userid, lambda wish: people.click(userid, wish.text("key")))

    @sim.post("/card")
    def card() -> Response:
        userid = Wish().text("userid")
        return _told(simulator, userid, lambda wish: _press(simulator, userid, wish))

    @sim.post("/event")
    def event() -> Response:
        userid = Wish().text("userid")
        return _told(
            simulator, userid,
            lambda wish: people.event(
                userid, wish.text("event"), wish.objects("fields"),
                sender=wish.data.get("from"), created_at=wish.data.get("create_time"),
                with_agent=bool(wish.data.get("agent", True)),
            ),
        )  # fmt: skip

    @sim.post("/redeliver")
    def redeliver() -> tuple[Response, int] | Response:
        wish = Wish()
        delivery = simulator.courier.again(int(wish.number("callback")))
        if delivery is None:
            return jsonify({"error": "callback: not in the log"}), 404
        after = _last_id(simulator, delivery.userid)
        return jsonify(_outcome(simulator, wish, delivery, delivery.userid, after))


def _press(simulator: Simulator, userid: str, wish: Wish) -> Delivery:
    """A card is named by its entry (`id`) or by its `task_id`."""
    number = wish.data.get("id")
    if number is None:
        task = wish.text("task_id")
        rows = simulator.world.chats.get(userid.lower(), [])
        cards = [row for row in rows if row["type"] == "template_card" and row["content"].get("task_id") == task]
        if not cards:
            raise Refused("task_id: there is no such card in this chat")
        number = cards[-1]["id"]
    chosen = {key: [str(item) for item in values] for key, values in wish.objects("selected").items()}
    return simulator.people.press(userid, int(number), wish.text("key"), chosen)


# what can be seen


def _views(sim: Blueprint, simulator: Simulator) -> None:
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

    @sim.get("/callbacks")
    def callbacks() -> Response:
        """The log of deliveries; with `wait` blocks until nothing is on its way."""
        seconds, after = min(float(request.args.get("wait", 0)), LONGEST_WAIT), int(request.args.get("after", 0))
        if seconds:
            world.wait_for(simulator.courier.idle, seconds)
        with world.lock:
            rows = [item.describe() for item in simulator.courier.log if item.id > after]
            return jsonify({"callbacks": rows, "idle": simulator.courier.idle()})

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

    @sim.post("/reset")
    def reset() -> Response:
        wish = Wish()
        simulator.reset()
        if wish.data.get("clock", True):
            simulator.world.clock.reset()
        return jsonify({"ok": True})


def describe(simulator: Simulator) -> dict[str, Any]:
    """Everything that the page needs at its start; no key and no secret."""
    world, options = simulator.world, simulator.options
    with world.lock:
        return {
            "app": {"name": options.app_name, "corp": options.corp_name, "agent_id": options.agent_id},
            "members": [{**asdict(item), "departments": list(item.departments)} for item in world.members.values()],
            "groups": [{"id": row["id"], "name": row["name"], "members": row["members"]} for row in world.groups],
            "chats": {chat: rows[-300:] for chat, rows in world.chats.items()},
            "menu": simulator.menu.buttons,
            "clock": _clock_state(simulator),
            "faults": simulator.faults.describe(),
            "settings": asdict(world.limits),
            "callbacks": [item.describe() for item in list(simulator.courier.log)[-100:]],
            "calls": list(world.calls)[-100:],
            "mall": {"url": options.mall_url, "open": simulator.mall.open},
            "orders": list(simulator.mall.orders.values()),
            "attacks": simulator.probes.attacks,
            "event": world.last_event,
        }


# the clock


def _clock_state(simulator: Simulator) -> dict[str, Any]:
    now = datetime.fromtimestamp(simulator.world.now(), SHANGHAI)
    return {"now": now.isoformat(timespec="milliseconds"), "offset": round(simulator.world.clock.offset, 3)}


def _clock(sim: Blueprint, simulator: Simulator) -> None:
    @sim.get("/clock")
    def clock() -> Response:
        return jsonify(_clock_state(simulator))

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
        state = _clock_state(simulator)
        simulator.world.publish({"type": "clock", "clock": state})
        return jsonify(state)


# faults and settings


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


# people, probes, the mall


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


def _mall(sim: Blueprint, simulator: Simulator) -> None:
    mall = simulator.mall

    def told(answer: tuple[int, dict[str, Any]]) -> Response:
        return jsonify({"status": answer[0], "answer": answer[1]})

    @sim.get("/mall/products")
    def products() -> Response:
        return told(mall.products())

    @sim.get("/mall/orders")
    def orders() -> Response:
        return jsonify({"orders": list(mall.orders.values())})

    @sim.post("/mall/orders")
    def buy() -> Response:
        return told(mall.buy(Wish().data))

    @sim.post("/mall/orders/<number>/complete")
    def complete(number: str) -> Response:
        return told(mall.complete(number))

    @sim.post("/mall/orders/<number>/refund")
    def refund(number: str) -> Response:
        return told(mall.refund(number, Wish().data))


# the stream


def _stream(sim: Blueprint, simulator: Simulator) -> None:
    @sim.get("/events")
    def events() -> Response:
        """Server-sent events from `Last-Event-ID` or `?after=` on; `reload` when that is too long ago."""
        start = int(request.headers.get("Last-Event-ID") or request.args.get("after", simulator.world.last_event))
        return Response(_pieces(simulator, start), mimetype="text/event-stream", headers={"Cache-Control": "no-cache"})


def _pieces(simulator: Simulator, start: int) -> Iterator[str]:
    world, sent = simulator.world, start
    yield ": hello\n\n"
    while not world.stopping:
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
