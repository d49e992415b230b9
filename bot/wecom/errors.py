"""What can go wrong with WeCom, and one table that says what to do about each errcode.

Source   reference/wecom.md §4.8, §6 (doc 90313, edition of 07/2026)
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Literal


class NotXml(ValueError):
    """The body is no XML that WeCom would send: broken, with a DTD, or without Encrypt. HTTP 400."""


class NotJson(ValueError):
    """As NotXml, where the platform speaks JSON. HTTP 400."""


class NotForUs(ValueError):
    """The envelope is not from our WeCom. HTTP 403."""


class BadSignature(NotForUs):
    """-40001"""


class BadReceiver(NotForUs):
    """-40005"""


class BadCiphertext(NotForUs):
    """-40007, -40008, -40010"""


class Kind(Enum):
    """What an errcode asks for."""

    RETRY = "retry"  # passes by itself: the same again, later and less often
    REFRESH = "refresh"  # the access token is dead: a new one, once
    QUOTA = "quota"  # stop until the window ends
    DROP = "drop"  # this receiver or object cannot be served
    CONTENT = "content"  # this one request is wrong and will stay wrong
    FIX = "fix"  # configuration is wrong: nothing will work until a person mends it
    DONE = "done"  # what was asked for is already so
    REUPLOAD = "reupload"  # the media_id is dead: upload again, once
    WINDOW = "window"  # the person must do something first: his next contact opens it again (公众号)
    UNKNOWN = "unknown"  # not in the table: a few tries, then give up


def _span(first: int, last: int) -> range:
    return range(first, last + 1)


# FIX is only what concerns the app, its secret or its address as a whole. Codes that the reference calls "fix" but that
# one message can cause by itself (its text, its card, its picture, its receiver) are CONTENT: one bad row must not
# stop everybody's messages.
_CODES: dict[Kind, tuple[int | range, ...]] = {
    Kind.RETRY: (-1, 6000, 41063, 41078, 41079, 41096, 45033, 45035),
    Kind.REFRESH: (40014, 42001),
    Kind.QUOTA: (40126, 41045, 41094, 41095, 41210, 45009, 45036),
    Kind.DROP: (
        40003, 40029, 40031, 40096, 40098, _span(40128, 40131), 40144, 41049, 41050, 41053, 41054, 42003, 42022, 43004,
        46004, 49008, 50002, 60021, 60111, 60136, 81013, 84014, 84015, 84061, 84074, 84083, 84084,
    ),
    Kind.FIX: (
        40001, 40013, 40056, 40057, 41001, 41002, 41004, 41011, 41211, 48001, 48002, _span(48004, 48007), 48010, 48011,
        50001, 50003, 60020, 60031, 91040, 301002, 301007, 701008, 701099,
        93000, 93001, 93004, 93006, 93008, 93019,
    ),
    Kind.CONTENT: (
        _span(40004, 40006), 40008, 40009, 40011, _span(40016, 40020), _span(40022, 40027), _span(40032, 40033), 40035,
        40039, 40050, 40054, 40055, 40058, 40063, 40068, 40071, 40072, 40074, 40093, 40094, 40123, 40146, 40201, 40204,
        40206, 41006, 41009, 41010, 41016, 41033, 41035, _span(41037, 41044), 41046, 41047, _span(41055, 41061), 41064,
        41065, 41067, 41072, _span(41073, 41075), 41080, 41081, 41082, _span(41085, 41091), 41110, 41111, 41200, 41201,
        41202, 41305, 42012, _span(42014, 42020), _span(42027, 42051), 43009, 43012, 44001, 44004, 45001, 45002, 45007,
        45008, 45029, 45030, 45034, 46003, 50100, 60011, 60030, 80001, 81012, 81017, _span(82001, 82004), 84025, 85002,
        85004, 85005, 85008, 86001, _span(86003, 86008), 86101, 86207, 86215, 90200, 90204, _span(90206, 90208),
        _span(90500, 90511), 90514, 92000, 92002, 92003, 93017, 93018, 301019, 830002,
    ),
    Kind.DONE: (41048, 41051, 41062, 41093, 42052, 60140, 95033),
    Kind.REUPLOAD: (40007, 40145),
}  # fmt: skip


def by_code(codes: Mapping[Kind, tuple[int | range, ...]]) -> dict[int, Kind]:
    """The table errcode → kind; a code that is listed twice is a mistake."""
    table: dict[int, Kind] = {}
    for kind, entries in codes.items():
        for entry in entries:
            for code in (entry,) if isinstance(entry, int) else entry:
                if code in table:
                    raise AssertionError(f"{code} is listed twice: {table[code]} and {kind}")
                table[code] = kind
    return table


KINDS: dict[int, Kind] = by_code(_CODES)


class WeComFault(Exception):
    """A call that did not do what it should. Its text holds no token, secret or key and may be logged."""

    kind: Kind

    @property
    def reason(self) -> str:
        """A short text for the row's `fault` and the log."""
        return str(self)


class Refused(WeComFault):
    """WeCom answered with an errcode. `errmsg` is kept word for word: its hint is what Tencent's support asks for."""

    def __init__(self, path: str, errcode: int, errmsg: str, kinds: Mapping[int, Kind] = KINDS) -> None:
        self.path, self.errcode, self.errmsg = path, errcode, errmsg
        self.kind = kinds.get(errcode, Kind.UNKNOWN)
        super().__init__(f"{path}: {errcode} {errmsg}")


class Unanswered(WeComFault):
    """No usable answer.

    happened   "no": it cannot have reached WeCom. "unclear": it may have. "likely": it was taken in, and nothing says
               that it failed, only the answer is missing (a read timeout, an answer cut short)
    """

    kind = Kind.RETRY

    def __init__(self, path: str, what: str, happened: Literal["no", "unclear", "likely"]) -> None:
        self.path, self.happened = path, happened
        super().__init__(f"{path}: {what}")


class TokenRejected(WeComFault):
    """A token that was fetched a moment ago is refused too, or fetching was refused within the last minute.

    Another fetch would be the loop for which Tencent blocks the address for an hour (§4.1).
    """

    kind = Kind.FIX

    def __init__(self, path: str, errcode: int, errmsg: str, kinds: Mapping[int, Kind] = KINDS) -> None:
        self.path, self.errcode, self.errmsg = path, errcode, errmsg
        if kinds.get(errcode) is Kind.QUOTA:
            self.kind = Kind.QUOTA
        super().__init__(f"{path}: {errcode} {errmsg}")
