"""Sessions between a customer and the account: their states, who serves, what may be sent, and codes for one answer.

0 new · 1 program · 2 waiting in the pool · 3 a person · 4 over. A customer's message makes 0 of 4. A session lasts two
days. Codes are bound to the state that made them, except the welcome's.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ApiError

if TYPE_CHECKING:
    from ..state import World

NEW, BOT, WAITING, PERSON, ENDED = range(5)
# By the API; that 0, 1 and 2 may go to 4 is a reading (`kf_may_end_early`).
EDGES = {NEW: {BOT, WAITING, PERSON}, BOT: {WAITING, PERSON}, WAITING: {PERSON}, PERSON: {PERSON, ENDED}, ENDED: set()}
EARLY = (NEW, BOT, WAITING)


@dataclass
class Talk:
    """One customer's session. `used`: messages of ours since his last; `welcomed_at`: when he last got its code."""

    guest: str
    state: int = ENDED
    servicer: str = ""
    active_at: float = 0.0
    wrote_at: float = 0.0
    used: int = 0
    welcomed_at: float = 0.0


@dataclass
class Code:
    guest: str
    state: int | None  # in which it may be used; None: in any
    until: float
    kinds: tuple[str, ...]


class Sessions:
    def __init__(self, world: World) -> None:
        self._world = world
        self.clear()

    def clear(self) -> None:
        self._talks = {row["guest"]: Talk(**row) for row in self._world.store.load("kf-talk")}
        self._codes: dict[str, Code] = {}

    def of(self, guest: str) -> Talk:
        talk = self._talks.setdefault(guest, Talk(guest))
        lasts = self._world.limits.kf_window_seconds
        if talk.state != ENDED and self._world.now() - talk.active_at >= lasts:
            self._set(talk, ENDED, "")
        return talk

    def describe(self) -> dict[str, dict[str, Any]]:
        talks = [self.of(guest) for guest in self._talks]
        return {talk.guest: {"state": talk.state, "servicer": talk.servicer} for talk in talks}

    # acts

    def wrote(self, guest: str) -> None:
        talk = self.of(guest)
        talk.wrote_at = talk.active_at = self._world.now()
        talk.used = 0
        self._set(talk, NEW if talk.state == ENDED else talk.state, talk.servicer)

    def move(self, guest: str, state: int, servicer: str = "") -> str:
        """By a person in his client; the code for one answer, where the state brings one."""
        talk = self.of(guest)
        talk.active_at = self._world.now()
        self._set(talk, state, servicer if state == PERSON else "")
        return self._code(guest, state)

    def transfer(self, guest: str, state: int, servicer: str) -> str:
        """By the API; ApiError 95016 where there is no such way."""
        talk = self.of(guest)
        allowed = set(EDGES[talk.state])
        if self._world.limits.kf_may_end_early and talk.state in EARLY:
            allowed.add(ENDED)
        if state not in allowed or (state == PERSON and talk.state == PERSON and servicer == talk.servicer):
            raise ApiError(95016)
        return self.move(guest, state, servicer)

    def _set(self, talk: Talk, state: int, servicer: str) -> None:
        talk.state, talk.servicer = state, servicer
        self._world.store.save("kf-talk", talk.guest, asdict(talk))
        self._world.publish({"type": "kf", "guest": talk.guest, "state": state, "servicer": servicer})

    # what may be sent

    def take(self, guest: str) -> None:
        """One message of ours; ApiError 95002, 95018 or 95001."""
        talk, limits = self.of(guest), self._world.limits
        if not talk.wrote_at or self._world.now() - talk.wrote_at >= limits.kf_window_seconds:
            raise ApiError(95002)
        if talk.state not in (NEW, BOT):
            raise ApiError(95018)
        if talk.used >= limits.kf_messages:
            raise ApiError(95001)
        talk.used += 1

    # codes

    def welcome(self, guest: str) -> str:
        """The code of an entry, empty where he was welcomed or has written within two days."""
        talk, now, lasts = self.of(guest), self._world.now(), self._world.limits.kf_window_seconds
        if now - talk.welcomed_at < lasts or now - talk.wrote_at < lasts:
            return ""
        talk.welcomed_at = now
        return self._new(guest, None, self._world.limits.kf_welcome_seconds, ("text", "msgmenu"))

    def _code(self, guest: str, state: int) -> str:
        if state in (WAITING, PERSON):
            return self._new(guest, state, self._world.limits.kf_window_seconds, ("text",))
        if state == ENDED:
            return self._new(guest, state, self._world.limits.kf_welcome_seconds, ("text", "msgmenu"))
        return ""

    def _new(self, guest: str, state: int | None, seconds: int, kinds: tuple[str, ...]) -> str:
        code = "WC" + secrets.token_urlsafe(20)
        self._codes[code] = Code(guest, state, self._world.now() + seconds, kinds)
        return code

    def redeem(self, code: str, kind: str) -> str:
        """Whose it is, once; ApiError as far as anybody knows: no page says with which number it is refused."""
        found = self._codes.get(code)
        if found is None or self._world.now() >= found.until:
            raise ApiError(40058, "invalid code")
        if kind not in found.kinds:
            raise ApiError(40008)
        if found.state is not None and self.of(found.guest).state != found.state:
            raise ApiError(95018)
        del self._codes[code]
        return found.guest
