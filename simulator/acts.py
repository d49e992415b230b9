"""Control API: what people do, in their chats and on the customer's phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request

from .people import Refused
from .wish import LONGEST_WAIT, Wish

if TYPE_CHECKING:
    from .callbacks import Delivery
    from .simulator import Simulator
    from .state import Entry


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


def told(simulator: Simulator, userid: str, act: Callable[[Wish], Any]) -> Response:
    """Do an act of this person and answer with what came of it."""
    wish, after = Wish(), _last_id(simulator, userid)
    found = act(wish)
    entry, delivery = found if isinstance(found, tuple) else (None, found)
    if delivery is None:
        return jsonify({"callback": None})
    answer = _outcome(simulator, wish, delivery, userid, entry["id"] if entry else after)
    return jsonify({"id": entry["id"], "msg_id": entry["msg_id"], **answer} if entry else answer)


def register(sim: Blueprint, simulator: Simulator) -> None:
    _chat(sim, simulator)
    _mall(sim, simulator)


def _chat(sim: Blueprint, simulator: Simulator) -> None:
    people = simulator.people

    @sim.post("/say")
    def say() -> Response:
        wish = Wish()
        number = wish.data.get("msg_id")
        return told(
            simulator, wish.text("userid"),
            lambda _: people.say(wish.text("userid"), wish.text("text"), msg_id=int(number) if number else None),
        )  # fmt: skip

    @sim.post("/image")
    def image() -> Response:
        wish = Wish()
        data = wish.picture()
        name = wish.text("filename", "photo.png")
        return told(
            simulator, wish.text("userid"),
            lambda _: people.show_picture(wish.text("userid"), data, name, request.host_url),
        )  # fmt: skip

    @sim.post("/voice")
    def voice() -> Response:
        userid = Wish().text("userid")
        return told(simulator, userid, lambda wish: people.speak(userid, int(wish.number("seconds", 4))))

    @sim.post("/location")
    def location() -> Response:
        userid = Wish().text("userid")
        return told(
            simulator, userid,
            lambda wish: people.locate(
                userid, wish.number("latitude", 31.2304), wish.number("longitude", 121.4737),
                wish.text("label", "上海市黄浦区人民广场"),
            ),
        )  # fmt: skip

    @sim.post("/message")
    def message() -> Response:
        userid = Wish().text("userid")
        return told(simulator, userid, lambda wish: people.other(userid, wish.text("type"), wish.objects("fields")))

    @sim.post("/enter")
    def enter() -> Response:
        userid = Wish().text("userid")
        return told(simulator, userid, lambda wish: people.enter(userid, once=wish.flag("once")))

    @sim.post("/subscribe")
    def subscribe() -> Response:
        userid = Wish().text("userid")
        return told(simulator, userid, lambda _: people.subscribe(userid))

    @sim.post("/unsubscribe")
    def unsubscribe() -> Response:
        userid = Wish().text("userid")
        return told(simulator, userid, lambda _: people.unsubscribe(userid))

    @sim.post("/click")
    def click() -> Response:
        userid = Wish().text("userid")
        return told(simulator, userid, lambda wish: people.click(userid, wish.text("key")))

    @sim.post("/card")
    def card() -> Response:
        userid = Wish().text("userid")
        return told(simulator, userid, lambda wish: _press(simulator, userid, wish))

    @sim.post("/event")
    def event() -> Response:
        userid = Wish().text("userid")
        return told(
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
        number = int(wish.number("callback"))
        delivery = next(filter(None, (courier.again(number) for courier in simulator.couriers())), None)
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


def _mall(sim: Blueprint, simulator: Simulator) -> None:
    mall = simulator.mall

    def answered(answer: tuple[int, dict[str, Any]]) -> Response:
        return jsonify({"status": answer[0], "answer": answer[1]})

    @sim.get("/mall/products")
    def products() -> Response:
        return answered(mall.products())

    @sim.get("/mall/orders")
    def orders() -> Response:
        return jsonify({"orders": list(mall.orders.values())})

    @sim.post("/mall/orders")
    def buy() -> Response:
        return answered(mall.buy(Wish().data))

    @sim.post("/mall/orders/<number>/complete")
    def complete(number: str) -> Response:
        return answered(mall.complete(number))

    @sim.post("/mall/orders/<number>/refund")
    def refund(number: str) -> Response:
        return answered(mall.refund(number, Wish().data))
