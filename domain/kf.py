"""微信客服: the states of a session, what a failed delivery means, and how one asks for the assistant back.

Source   reference/wecom.md §9.4, §9.5, §9.7
"""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from enum import IntEnum
from typing import Literal


class Session(IntEnum):
    """As the platform numbers them. We may send in NEW and BOT only."""

    NEW = 0  # he has written, nobody has taken it
    BOT = 1  # given to the program
    WAITING = 2  # in the pool, for a person to take
    PERSON = 3  # a person serves
    ENDED = 4  # over, or not begun; his next message makes it NEW


WITH_A_PERSON = frozenset({Session.WAITING, Session.PERSON})  # the assistant is silent

# What `change_type` of session_status_change says: the session's state from then on, and what is told about it.
CHANGES: dict[int, tuple[Session, str]] = {
    1: (Session.PERSON, "taken"),
    2: (Session.PERSON, "transferred"),
    3: (Session.ENDED, "ended"),
    4: (Session.PERSON, "reopened"),
}

WELCOME_WITHIN = timedelta(seconds=20)  # of enter_session, and of the end of a session
TAKEN_WITHIN = timedelta(hours=48)

# wait     he may not be sent this now: it waits for his next contact
# mend     as wait, and nobody can be sent anything until a person mends it: the operators are told
# drop     he will not be sent this message
Fate = Literal["wait", "mend", "drop"]

FAILED: dict[int, Fate] = {
    0: "wait",  # unknown
    1: "mend",  # the account was deleted
    2: "mend",  # the app was closed
    4: "wait",  # beyond 48 hours
    5: "wait",  # the session is closed
    6: "wait",  # beyond five messages
    8: "mend",  # the enterprise is not verified
    10: "drop",  # he refuses messages
    11: "mend",  # no member has ever logged in to the app
    12: "drop",  # this kind of message is forbidden
    13: "drop",  # for security's sake
}
MOST_FAILURES = 3  # of one message; then it is given up whatever the platform says

_BACK = frozenset({"取消", "不用了", "不等了", "算了", "返回", "机器人", "助手", "找机器人", "回到助手", "不用人工"})


def fate(fail_type: int, failures: int) -> Fate:
    """What becomes of a message that was taken in and not delivered; `failures` counts this one."""
    found = FAILED.get(fail_type, "wait")
    return "drop" if found != "drop" and failures >= MOST_FAILURES else found


def wants_back(text: str) -> bool:
    """Whether somebody who waits for a person says that he does not want to any more."""
    return unicodedata.normalize("NFKC", text).strip(" 。.!！~～") in _BACK
