"""Callbacks to the app: real HTTP from worker threads, signed and encrypted anew for every attempt.

An attempt that is not answered within five seconds, or whose connection fails, is made again up to three times with
the same plaintext under a new nonce, timestamp and ciphertext. On demand the next callbacks are lost, delivered
twice, or held until N of them are there and then delivered backwards.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests

from . import xml
from .crypto import Crypto, Sealed
from .replies import NOTHING, BadReply, Replies, Reply

if TYPE_CHECKING:
    from .cards import Cards
    from .faults import Faults
    from .state import World

log = logging.getLogger(__name__)
MOST_BYTES = 1024 * 1024
KEPT = 5000


@dataclass
class Delivery:
    """One callback and what became of it.

    state: queued, held, delivering, retrying; at the end answered, failed (after the last attempt) or lost.
    """

    id: int
    label: str
    userid: str
    plaintext: bytes
    allowed: frozenset[str] = NOTHING
    with_agent: bool = True
    entry: int | None = None  # the card that was clicked, or the message that was written
    repeats: int | None = None  # the delivery of which this is a copy
    state: str = "queued"
    attempts: list[dict[str, Any]] = field(default_factory=list)
    reply: dict[str, Any] | None = None
    reply_entry: int | None = None
    problem: str | None = None
    at: float = 0.0
    forgotten: bool = False  # by a reset, while it was on its way
    sealed: Sealed | None = None  # where every attempt sends the same bytes

    @property
    def over(self) -> bool:
        return self.state in ("answered", "failed", "lost")

    def describe(self) -> dict[str, Any]:
        return {
            "id": self.id, "label": self.label, "userid": self.userid, "state": self.state, "at": self.at,
            "attempts": [dict(item) for item in self.attempts], "reply": self.reply, "problem": self.problem,
            "repeats": self.repeats,
        }  # fmt: skip


class Courier:
    FIRST_ID = 1
    CONTENT_TYPE = "text/xml"

    def __init__(self, world: World, faults: Faults, crypto: Crypto, replies: Replies, cards: Cards) -> None:
        self._world = world
        self._faults = faults
        self._crypto = crypto
        self._replies = replies
        self._cards = cards
        self._ids = itertools.count(self.FIRST_ID)
        self._order = itertools.count()
        self._due: list[tuple[float, int, Delivery]] = []
        self._held: list[Delivery] = []
        self._threads: list[threading.Thread] = []
        self.log: deque[Delivery] = deque(maxlen=KEPT)

    # in

    def submit(self, label: str, userid: str, plaintext: str, **more: Any) -> Delivery:
        """Send a callback on its way; it is delivered by a worker thread."""
        with self._world.changed:
            delivery = self._new(label, userid, plaintext.encode(), **more)
            if self._faults.take_callback("lose"):
                self._finish(delivery, "lost")
                return delivery
            if self._faults.callbacks["reorder"] > 0:
                self._hold(delivery)
            else:
                self._queue(delivery)
            if self._faults.take_callback("duplicate"):
                self._queue(self._copy(delivery))
            return delivery

    def again(self, number: int) -> Delivery | None:
        """Deliver an earlier callback once more, as the platform now and then does."""
        with self._world.changed:
            found = self.find(number)
            if found is None:
                return None
            copy = self._copy(found)
            self._queue(copy)
            return copy

    def find(self, number: int) -> Delivery | None:
        return next((item for item in self.log if item.id == number), None)

    def release(self) -> None:
        """Deliver what is held for reordering, the last first."""
        with self._world.changed:
            self._faults.callbacks["reorder"] = 0
            while self._held:
                self._queue(self._held.pop())

    def _new(self, label: str, userid: str, plaintext: bytes, **more: Any) -> Delivery:
        delivery = Delivery(next(self._ids), label, userid, plaintext, at=round(self._world.now(), 3), **more)
        self.log.append(delivery)
        self._tell(delivery)
        return delivery

    def _copy(self, first: Delivery) -> Delivery:
        return self._new(
            first.label, first.userid, first.plaintext, allowed=first.allowed, with_agent=first.with_agent,
            entry=first.entry, repeats=first.repeats or first.id,
        )  # fmt: skip

    def _hold(self, delivery: Delivery) -> None:
        delivery.state = "held"
        self._held.append(delivery)
        self._tell(delivery)
        if len(self._held) >= self._faults.callbacks["reorder"]:
            self.release()

    def _queue(self, delivery: Delivery, delay: float = 0.0) -> None:
        delivery.state = "retrying" if delivery.attempts else "queued"
        heapq.heappush(self._due, (time.monotonic() + delay, next(self._order), delivery))
        self._start()
        self._tell(delivery)

    # out

    def _start(self) -> None:
        while len(self._threads) < self._world.options.callback_workers and not self._world.stopping:
            name = f"simulator-callback-{len(self._threads) + 1}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while (delivery := self._next()) is not None:
                self._attempt(session, delivery)

    def _next(self) -> Delivery | None:
        """Wait for the next delivery that is due; None when the simulator stops."""
        with self._world.changed:
            while not self._world.stopping:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    delivery = heapq.heappop(self._due)[2]
                    delivery.state = "delivering"
                    self._tell(delivery)
                    return delivery
                self._world.changed.wait(wait)
            return None

    def _attempt(self, session: requests.Session, delivery: Delivery) -> None:
        sealed = self._seal(delivery)
        envelope = self._envelope(sealed, delivery.with_agent)
        started = time.monotonic()
        timeout = self._world.limits.callback_timeout
        status, body, fault = post(
            session, self._url(), sealed, envelope, timeout, self._query(delivery, sealed), self.CONTENT_TYPE
        )
        attempt = {
            "number": len(delivery.attempts) + 1,
            "at": round(self._world.now(), 3),
            "status": status,
            "ms": round((time.monotonic() - started) * 1000, 1),
            "outcome": fault or ("ok" if status == 200 else "status"),
            "nonce": sealed.nonce,
        }
        with self._world.changed:
            if delivery.forgotten:
                return
            delivery.attempts.append(attempt)
            if status == 200 and not fault:
                self._answered(delivery, body)
            else:
                self._failed(delivery, bool(fault))

    # what another platform's courier does in its own way

    def _url(self) -> str:
        return self._world.options.callback_url

    def _seal(self, delivery: Delivery) -> Sealed:
        return self._crypto.seal(delivery.plaintext, self._world.now())

    def _query(self, delivery: Delivery, sealed: Sealed) -> dict[str, str]:
        """What stands in the address beside the signature."""
        return {}

    def _attempts(self) -> int:
        return self._world.limits.retries + 1

    def _person(self, delivery: Delivery) -> str:
        """As a passive reply must name him."""
        return delivery.userid

    def _envelope(self, sealed: Sealed, with_agent: bool) -> str:
        fields: dict[str, Any] = {"ToUserName": self._world.options.corp_id}
        if with_agent:
            fields["AgentID"] = str(self._world.options.agent_id)
        return xml.element("xml", {**fields, "Encrypt": sealed.encrypt})

    def _failed(self, delivery: Delivery, broken: bool) -> None:
        limits = self._world.limits
        made = len(delivery.attempts)
        if made >= self._attempts() or not (broken or limits.retry_on_non_200):
            self._finish(delivery, "failed")
            return
        delays = limits.retry_delays or (0.0,)
        self._queue(delivery, delays[min(made, len(delays)) - 1])

    def _answered(self, delivery: Delivery, body: bytes) -> None:
        try:
            reply = self._replies.read(body, self._person(delivery), delivery.allowed)
        except BadReply as error:
            delivery.problem = str(error)
            log.warning("passive reply refused", extra={"event": "reply.refused", "delivery": delivery.id})
        else:
            if reply is not None:
                self._show(delivery, reply)
        self._finish(delivery, "answered")

    def _show(self, delivery: Delivery, reply: Reply) -> None:
        """Put a passive reply into the chat; the answer to a copy is recorded, and shown if it is the first."""
        delivery.reply = {"msgtype": reply.kind, **reply.content}
        root = delivery.repeats or delivery.id
        if any(item.reply_entry for item in self.log if root in (item.id, item.repeats)):
            return
        entry = self._world.entries.get(delivery.entry or 0)
        if reply.kind in ("update_button", "update_template_card"):
            if entry is not None and self._world.limits.passive_card_update:
                button = reply.content if reply.kind == "update_button" else None
                self._cards.change(entry, button=button, card=None if button else reply.content)
                delivery.reply_entry = entry["id"]
            return
        shown = self._world.add_entry(
            delivery.userid, "app", reply.kind, reply.content, "passive", callback=delivery.id
        )
        delivery.reply_entry = shown["id"]

    def _finish(self, delivery: Delivery, state: str) -> None:
        delivery.state = state
        if delivery.entry is not None and state in ("failed", "lost"):
            entry = self._world.entries.get(delivery.entry)
            if entry is not None and entry["side"] == "me":
                self._world.change_entry(entry, undelivered=state)
        self._tell(delivery)

    def _tell(self, delivery: Delivery) -> None:
        self._world.publish({"type": "callback", "callback": delivery.describe()})

    # end

    def idle(self) -> bool:
        """Nothing is on its way (what is held does not count)."""
        return all(item.over or item.state == "held" for item in self.log)

    def forget(self) -> None:
        with self._world.changed:
            self._due.clear()
            self._held.clear()
            for delivery in self.log:
                delivery.forgotten = True
            self.log.clear()

    def stop(self) -> None:
        """Wait for the worker threads; the world must be stopping."""
        for thread in self._threads:
            thread.join(timeout=self._world.limits.callback_timeout + 2)
        self._threads.clear()


def post(
    session: requests.Session,
    url: str,
    sealed: Sealed,
    envelope: str | bytes,
    seconds: float,
    more: dict[str, str] | None = None,
    content_type: str = Courier.CONTENT_TYPE,
) -> tuple[int | None, bytes, str | None]:
    """One exchange: status, body, and "timeout" or "connection" if there was none within `seconds` in all."""
    params = {"msg_signature": sealed.signature, "timestamp": sealed.timestamp, "nonce": sealed.nonce}
    params |= more or {}
    data = envelope.encode() if isinstance(envelope, str) else envelope
    headers = {"Content-Type": content_type, "Connection": "close"}
    deadline = time.monotonic() + seconds
    try:
        with session.post(
            url, params=params, data=data, headers=headers, timeout=seconds, stream=True, allow_redirects=False
        ) as response:
            body = bytearray()
            for piece in response.iter_content(65536):
                body += piece
                if time.monotonic() > deadline:
                    return response.status_code, b"", "timeout"
                if len(body) > MOST_BYTES:
                    break
            return response.status_code, bytes(body), None
    except requests.Timeout:
        return None, b"", "timeout"
    except requests.RequestException:
        return None, b"", "connection"
