"""Control API of the 微信客服 under `/sim/kf/`: what customers and servicers do, and what goes wrong on demand."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify
from werkzeug.exceptions import NotFound

from ..media import sniff
from ..samples import picture
from ..wish import LONGEST_WAIT, BadRequest, Wish

if TYPE_CHECKING:
    from ..simulator import Simulator
    from ..state import Entry
    from .service import Service

Act = Callable[["Service", str, Wish], "Entry"]


def register(sim: Blueprint, simulator: Simulator) -> None:
    def service() -> Service:
        if simulator.kf is None:
            raise NotFound("there is no 微信客服 here")
        return simulator.kf

    def add(name: str, act: Act) -> None:
        def view() -> Response:
            wish, here = Wish(), service()
            guest = wish.text("userid")
            here.guests.find(guest)
            with simulator.world.changed:
                entry = act(here, guest, wish)
            return jsonify({"entry": entry["id"], "arrived": _arrived(simulator, guest, entry, wish)})

        sim.post(f"/kf/{name}", endpoint=f"kf_{name}")(view)

    for name, act in ACTS.items():
        add(name, act)

    @sim.get("/kf")
    def kf() -> Response:
        with simulator.world.lock:
            return jsonify(service().describe())

    @sim.post("/kf/link", endpoint="kf_link")
    def link() -> Response:
        """An address as the API would give it, for a person at the page."""
        return jsonify({"url": service().links.address(Wish().text("scene", ""))})

    @sim.post("/kf/status", endpoint="kf_status")
    def status() -> Response:
        wish, here = Wish(), service()
        with simulator.world.changed:
            here.servicers.set_status(wish.text("servicer"), wish.flag("receiving"))
        return jsonify(here.describe())

    @sim.post("/kf/faults", endpoint="kf_faults")
    def faults() -> Response:
        """`fail`: fail_types of the next messages; `empty_pages`; `end_tokens`."""
        wish, here = Wish(), service()
        with simulator.world.changed:
            here.messages.failing += [int(kind) for kind in wish.data.get("fail", [])]
            here.log.empty_pages += int(wish.number("empty_pages", 0))
            if wish.flag("end_tokens"):
                here.log.end_tokens()
        return jsonify({"failing": here.messages.failing, "empty_pages": here.log.empty_pages})


def _arrived(simulator: Simulator, guest: str, entry: Entry, wish: Wish) -> list[Entry]:
    """What the program has sent to him since; with `expect` not before there are so many."""

    def found() -> list[Entry]:
        rows = simulator.world.chats.get(guest, [])
        return [dict(row) for row in rows if row["id"] > entry["id"] and row["side"] == "app"]

    expect = int(wish.number("expect", 0))
    if expect:
        simulator.world.wait_for(lambda: len(found()) >= expect, min(wish.number("timeout", 30.0), LONGEST_WAIT))
    with simulator.world.lock:
        return found()


def _burst(here: Service, guest: str, wish: Wish) -> Entry:
    """Several texts, told by one knock."""
    texts = [str(text) for text in wish.data.get("texts", [])]
    if not texts:
        raise BadRequest("texts: a list of texts is needed")
    entries = [here.guests.say(guest, text, knock=False) for text in texts]
    if not wish.flag("silent"):
        here.log.knock(guest)
    return entries[-1]


def _image(here: Service, guest: str, wish: Wish) -> Entry:
    try:
        data = base64.b64decode(wish.text("base64", ""), validate=True) or picture()
    except binascii.Error:
        raise BadRequest("base64: not base64") from None
    if not sniff(data).startswith("image/"):
        raise BadRequest("base64: not a PNG or JPEG")
    return here.guests.show_picture(guest, data, wish.text("filename", "photo.png"))


def _locate(here: Service, guest: str, wish: Wish) -> Entry:
    place = wish.text("label", "上海市黄浦区人民广场")
    return here.guests.locate(guest, wish.number("latitude", 31.2304), wish.number("longitude", 121.4737), place)


def _servicer(here: Service, wish: Wish) -> str:
    return wish.text("servicer", here.options.servicers[0] if here.options.servicers else "")


ACTS: dict[str, Act] = {
    "enter": lambda here, guest, wish: here.guests.enter(guest, wish.text("url", "")),
    "say": lambda here, guest, wish: here.guests.say(guest, wish.text("text", ""), menu_id=wish.text("menu_id", "")),
    "burst": _burst,
    "tap": lambda here, guest, wish: here.guests.tap(guest, int(wish.number("id")), wish.text("item")),
    "image": _image,
    "voice": lambda here, guest, wish: here.guests.speak(guest, int(wish.number("seconds", 4))),
    "location": _locate,
    "message": lambda here, guest, wish: here.guests.other(guest, wish.text("type"), wish.objects("fields")),
    "recall": lambda here, guest, wish: here.guests.recall(guest, int(wish.number("id"))),
    "take": lambda here, guest, wish: here.servicers.take(guest, _servicer(here, wish)),
    "hand_on": lambda here, guest, wish: here.servicers.hand_on(guest, _servicer(here, wish)),
    "reply": lambda here, guest, wish: here.servicers.say(guest, wish.text("text", "")),
    "end": lambda here, guest, wish: here.servicers.end(guest),
    "reopen": lambda here, guest, wish: here.servicers.reopen(guest, _servicer(here, wish)),
}
