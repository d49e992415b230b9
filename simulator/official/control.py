"""Control API of the 公众号 under `/sim/official/`: what its followers do, and its templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import NotFound

from ..acts import told
from ..wish import Wish

if TYPE_CHECKING:
    from ..simulator import Simulator
    from .account import Account

Act = Callable[["Account", str, Wish], Any]


def register(sim: Blueprint, simulator: Simulator) -> None:
    def account() -> Account:
        if simulator.official is None:
            raise NotFound("there is no 公众号 here")
        return simulator.official

    def add(name: str, act: Act) -> None:
        def view() -> Response:
            fan, here = Wish().text("userid"), account()
            return told(simulator, fan, lambda wish: act(here, fan, wish))

        sim.post(f"/official/{name}", endpoint=f"official_{name}")(view)

    for name, act in ACTS.items():
        add(name, act)

    @sim.get("/official")
    def official() -> Response:
        with simulator.world.lock:
            return jsonify(account().describe())

    @sim.post("/official/templates")
    def templates() -> Response:
        wish, here = Wish(), account()
        fields = {name: str(label) for name, label in wish.objects("fields").items()}
        with simulator.world.lock:
            here.messages.put_template(wish.text("id"), wish.text("title", "通知"), fields)
        return jsonify({"templates": here.messages.templates})

    @sim.post("/official/tokens/invalidate", endpoint="official_invalidate")
    def invalidate() -> Response:
        return jsonify({"invalidated": account().tokens.invalidate()})


def _say(here: Account, fan: str, wish: Wish) -> Any:
    number = wish.data.get("msg_id")
    return here.fans.say(
        fan, wish.text("text", ""), msg_id=int(number) if number else None, menu_id=wish.text("menu_id", "")
    )


def _image(here: Account, fan: str, wish: Wish) -> Any:
    return here.fans.show_picture(fan, wish.picture(), wish.text("filename", "photo.png"), request.host_url)


def _locate(here: Account, fan: str, wish: Wish) -> Any:
    place = wish.text("label", "上海市黄浦区人民广场")
    return here.fans.locate(fan, wish.number("latitude", 31.2304), wish.number("longitude", 121.4737), place)


def _event(here: Account, fan: str, wish: Wish) -> Any:
    return here.fans.event(fan, wish.text("event"), wish.objects("fields"), created_at=wish.data.get("create_time"))


ACTS: dict[str, Act] = {
    "say": _say,
    "image": _image,
    "voice": lambda here, fan, wish: here.fans.speak(fan, int(wish.number("seconds", 4))),
    "location": _locate,
    "subscribe": lambda here, fan, wish: here.fans.subscribe(fan, wish.text("scene", "")),
    "unsubscribe": lambda here, fan, wish: here.fans.unsubscribe(fan),
    "scan": lambda here, fan, wish: here.fans.scan(fan, scene=wish.text("scene", ""), ticket=wish.text("ticket", "")),
    "click": lambda here, fan, wish: here.fans.click(fan, wish.text("key")),
    "event": _event,
}
