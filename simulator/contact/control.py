"""Control API of 客户联系 under `/sim/contact/`: what customers and members do to each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify
from werkzeug.exceptions import NotFound

from ..options import Customer
from ..wish import LONGEST_WAIT, BadRequest, Wish
from . import qr

if TYPE_CHECKING:
    from ..callbacks import Delivery
    from ..simulator import Simulator
    from .desk import Contact

Act = Callable[["Contact", Wish], "Delivery | list[Delivery] | None"]


def register(sim: Blueprint, simulator: Simulator) -> None:
    def contact() -> Contact:
        if simulator.contact is None:
            raise NotFound("there is no 客户联系 here")
        return simulator.contact

    def add(name: str, act: Act) -> None:
        def view() -> Response:
            wish, here = Wish(), contact()
            with simulator.world.lock:
                done = act(here, wish)
            deliveries = done if isinstance(done, list) else [done] if done else []
            if wish.flag("wait"):
                seconds = min(wish.number("timeout", 30.0), LONGEST_WAIT)
                simulator.world.wait_for(lambda: all(item.over for item in deliveries), seconds)
            told = [item.describe() for item in deliveries]
            return jsonify({"callback": told[0] if told else None, "callbacks": told})

        sim.post(f"/contact/{name}", endpoint=f"contact_{name}")(view)

    for name, act in ACTS.items():
        add(name, act)
    _writing(sim, simulator, contact)
    _looking(sim, simulator, contact)


def _time(wish: Wish) -> int | None:
    at = wish.data.get("create_time")
    if at is not None and (isinstance(at, bool) or not isinstance(at, int)):
        raise BadRequest("create_time: Unix seconds are needed")
    return at


def _scan(here: Contact, wish: Wish) -> Any:
    half = wish.flag("half")
    return here.acts.scan(wish.text("customer"), wish.text("code"), half=half, created_at=_time(wish))


def _burst(here: Contact, wish: Wish) -> Any:
    """Several customers within one second: events that differ in nothing but the customer."""
    customers = wish.data.get("customers")
    if not isinstance(customers, list) or not customers:
        raise BadRequest("customers: a list of ids is needed")
    at = _time(wish) or int(here.acts._world.now())
    done = [here.acts.scan(str(customer), wish.text("code"), created_at=at) for customer in customers]
    return [delivery for delivery in done if delivery is not None]


def _transfer_fail(here: Contact, wish: Wish) -> Any:
    reason = wish.text("reason", "customer_refused")
    return here.acts.fail_to_hand_over(wish.text("userid"), wish.text("customer"), reason)


ACTS: dict[str, Act] = {
    "scan": _scan,
    "burst": _burst,
    "accept": lambda here, wish: here.acts.accept(wish.text("userid"), wish.text("customer"), created_at=_time(wish)),
    "edit": lambda here, wish: here.acts.edit(wish.text("userid"), wish.text("customer"), wish.text("remark")),
    "leave": lambda here, wish: here.acts.leave(wish.text("customer"), wish.text("userid"), created_at=_time(wish)),
    "drop": lambda here, wish: here.acts.drop(wish.text("userid"), wish.text("customer"), created_at=_time(wish)),
    "transfer": lambda here, wish: here.acts.hand_over(wish.text("userid"), wish.text("to"), wish.text("customer")),
    "transfer_fail": _transfer_fail,
    "consent": lambda here, wish: here.acts.consent(wish.text("userid"), wish.text("customer")),
}


def _writing(sim: Blueprint, simulator: Simulator, contact: Callable[[], Contact]) -> None:
    @sim.post("/contact/say")
    def customer_says() -> Response:
        wish = Wish()
        return jsonify({"entry": contact().acts.say(wish.text("customer"), wish.text("userid"), wish.text("text"))})

    @sim.post("/contact/answer")
    def member_says() -> Response:
        wish = Wish()
        return jsonify({"entry": contact().acts.answer(wish.text("userid"), wish.text("customer"), wish.text("text"))})

    @sim.post("/contact/customers")
    def customers() -> Response:
        """A new customer, without a callback."""
        wish = Wish()
        kind = int(wish.number("kind", 1))
        person = Customer(wish.text("id"), wish.text("name", wish.text("id")), kind)
        with simulator.world.lock:
            added = contact().customers.add(person)
            simulator.world.publish({"type": "contact"})
        return jsonify(asdict(added))

    @sim.post("/contact/members")
    def members() -> Response:
        """Whether a member may have customers, is activated, verified, has a welcome message of his own."""
        wish = Wish()
        names = ("permitted", "activated", "verified", "welcome")
        fields = {name: bool(wish.data[name]) for name in names if name in wish.data}
        contact().members.known(wish.text("userid"))
        return jsonify(asdict(contact().members.change(wish.text("userid"), **fields)))

    @sim.post("/contact/occupy")
    def occupy() -> Response:
        """Another app is delivering the welcome of all who wait for one."""
        wish = Wish()
        with simulator.world.lock:
            count = contact().welcome.occupy(wish.number("seconds", 2.0), delivers=wish.flag("delivers"))
        return jsonify({"codes": count})

    @sim.post("/contact/grant")
    def grant() -> Response:
        """More customers for the 获客链接."""
        with simulator.world.lock:
            contact().links.grant(int(Wish().number("count")))
            return jsonify({"balance": contact().links.balance})


def _looking(sim: Blueprint, simulator: Simulator, contact: Callable[[], Contact]) -> None:
    @sim.get("/contact")
    def described() -> Response:
        with simulator.world.lock:
            return jsonify(contact().describe())

    @sim.get("/contact/qr/<key>.png")
    def picture(key: str) -> Response | tuple[Response, int]:
        way = contact().ways.find(key)
        if way is None:
            return jsonify({"error": "no such code"}), 404
        return Response(qr.png(way.address), mimetype="image/png")
