"""Control API of the 智能机器人 under `/sim/aibot/`: what members do with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from flask import Blueprint, Response, jsonify
from werkzeug.exceptions import Gone, NotFound

from ..acts import told
from ..wish import Wish

if TYPE_CHECKING:
    from ..simulator import Simulator
    from .bot import Bot

MEDIA_SECONDS = 300.0
Act = Callable[["Bot", str, Wish], Any]


def register(sim: Blueprint, simulator: Simulator) -> None:
    def bot() -> Bot:
        if simulator.aibot is None:
            raise NotFound("there is no 智能机器人 here")
        return simulator.aibot

    def add(name: str, act: Act) -> None:
        def view() -> Response:
            wish, here = Wish(), bot()
            who, group = wish.text("userid"), wish.text("group", "")
            return told(simulator, group or f"ai-{who}", lambda wish: act(here, who, wish))

        sim.post(f"/aibot/{name}", endpoint=f"aibot_{name}")(view)

    for name, act in ACTS.items():
        add(name, act)

    @sim.get("/aibot", endpoint="aibot")
    def described() -> Response:
        with simulator.world.lock:
            return jsonify(bot().describe())

    @sim.get("/aibot/media/<media_id>", endpoint="aibot_media")
    def media(media_id: str) -> Response:
        """The bytes of a picture, encrypted with the callback's key, for five minutes."""
        found = simulator.media.find(media_id)
        if found is None:
            raise NotFound("no such medium")
        kept, data = found
        if simulator.world.now() - kept.created_at > MEDIA_SECONDS:
            raise Gone("its five minutes are over")
        fill = 32 - len(data) % 32
        key = bot().key
        encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
        sealed = encryptor.update(data + bytes([fill]) * fill) + encryptor.finalize()
        return Response(sealed, content_type="application/octet-stream")


def _say(here: Bot, who: str, wish: Wish) -> Any:
    return here.say(who, wish.text("text"), group=wish.text("group", ""), msgid=wish.text("msg_id", ""))


ACTS: dict[str, Act] = {
    "say": _say,
    "voice": lambda here, who, wish: here.speak(who, wish.text("text")),
    "image": lambda here, who, wish: here.show_picture(who, wish.picture()),
    "enter": lambda here, who, wish: here.enter(who),
    "feedback": lambda here, who, wish: here.feedback(who, int(wish.number("type", 1))),
}
