"""What a call came to, and what becomes of the row.

Source   reference/wecom.md §4.8 rules of thumb; contract.md §Sending
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.outbox.lanes import DIRECTORY, FOLLOWER, GUEST, OFFICIAL, ROBOT
from bot.outbox.wording import Unsayable
from bot.wecom.errors import Kind, Refused, TokenRejected, Unanswered, WeComFault

QUOTA_PAUSE = timedelta(seconds=60)
LONGEST_BACKOFF = 15.0  # what is mended is seen within a minute
UNKNOWN_TRIES = 5
# A fault that should pass is given a day and this many tries, both: a clock that is moved ahead is no day, and a
# channel that is probed once a minute has not been tried often.
BEFORE_SENDING = ("gettoken", "stable_token", "media/upload")  # whatever became of these, nobody has seen a message
PATIENCE, PATIENT_TRIES = timedelta(hours=24), 1440
DRAWING_TRIES = 3
NO_PERMISSION = 48001
# a quota of one of these ends all sending of its scope
SENDING = ("message/send", "message/custom/send", "webhook/send", "kf/send_msg", "gettoken", "stable_token")


@dataclass(frozen=True)
class Sent:
    result: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class GivenUp:
    """loud: a mistake of ours, not of the world.  unclear: it may have been seen all the same."""

    reason: str
    loud: bool = False
    unclear: bool = False


@dataclass(frozen=True)
class Later:
    """unclear: it may have been seen; the repeat is identical and WeCom drops it then."""

    reason: str
    after: timedelta
    unclear: bool = False
    upload_again: bool = False


@dataclass(frozen=True)
class Stop:
    """The row waits, and with it everything of its scope. fix: until a person mends it."""

    reason: str
    errcode: int
    fix: bool


@dataclass(frozen=True)
class Park:
    """The row waits for its receiver's next contact.

    without_template   first in words, as far as those are allowed (公众号)
    state              of his session, where that is what forbids it (微信客服)
    """

    reason: str
    errcode: int
    without_template: bool = False
    state: int | None = None


Verdict = Sent | GivenUp | Later | Stop | Park


@dataclass(frozen=True)
class Attempt:
    """What is known of a row while it is tried.

    attempts   this one included
    repeat     an earlier one may have been seen
    """

    lane: str
    kind: str
    attempts: int
    age: timedelta
    repeat: bool = False
    uploaded_again: bool = False


def judge(fault: Exception, tried: Attempt) -> Verdict:
    """The verdict on a failed try."""
    if isinstance(fault, Unanswered):
        return _unanswered(fault, tried)
    if isinstance(fault, Refused | TokenRejected):
        return _refused(fault, tried)
    if isinstance(fault, Unsayable):
        return GivenUp(str(fault), loud=True)
    reason = f"cannot be made: {type(fault).__name__}"  # the drawing failed; its text may hold what is drawn
    if tried.attempts >= DRAWING_TRIES:
        return GivenUp(reason, loud=True, unclear=True)
    return Later(reason, backoff(tried.attempts), unclear=True)


def judge_answer(answer: dict[str, Any], userid: str) -> Verdict:
    """errcode 0 does not mean that our one receiver got it: he may stand among the invalid ones."""
    for name in ("invaliduser", "unlicenseduser"):
        if userid.lower() in str(answer.get(name) or "").lower().split("|"):
            return GivenUp(f"{name}: the receiver cannot be reached")
    return Sent({name: answer[name] for name in ("msgid", "response_code") if answer.get(name)})


def judge_many(answer: dict[str, Any], userids: Sequence[str]) -> Sent:
    """A message to many was taken; how many of them the platform could not reach."""
    missed = {
        userid
        for name in ("invaliduser", "unlicenseduser")
        for userid in str(answer.get(name) or "").lower().split("|")
        if userid
    }
    unreached = sum(userid.lower() in missed for userid in userids)
    return Sent({"unreached": unreached} | ({"msgid": answer["msgid"]} if answer.get("msgid") else {}))


def backoff(attempts: int) -> timedelta:
    """1, 2, 4, 8, 15, 15 … seconds, each up to a quarter shorter, so that lanes do not come back all at once."""
    seconds = min(LONGEST_BACKOFF, 2.0 ** min(max(attempts - 1, 0), 10))
    return timedelta(seconds=seconds * random.uniform(0.75, 1.0))  # noqa: S311 - spreads load, hides nothing


def _out_of_patience(tried: Attempt) -> bool:
    return tried.age >= PATIENCE and tried.attempts >= PATIENT_TRIES


def _unanswered(fault: Unanswered, tried: Attempt) -> Verdict:
    """Neither a robot nor a 公众号 has a duplicate check, so an unclear send is a choice between twice and never.

    A broken connection or a gateway's 5xx mostly means never: it is repeated, as the contract says. Where the request
    was taken in and only the answer is missing, it mostly was done: a leaderboard that comes twice annoys a whole
    group, so it is not repeated.
    """
    taken = fault.happened == "likely" and fault.path not in BEFORE_SENDING
    if taken and tried.lane.startswith((ROBOT, OFFICIAL)):
        return GivenUp(f"{fault.reason}; not repeated, it would be seen twice", unclear=True)
    unclear = fault.happened != "no" and fault.path not in BEFORE_SENDING
    if _out_of_patience(tried):
        return GivenUp(f"given up after a day: {fault.reason}", unclear=unclear)
    return Later(fault.reason, backoff(tried.attempts), unclear=unclear)


def _refused(fault: Refused | TokenRejected, tried: Attempt) -> Verdict:
    kind, reason = fault.kind, fault.reason
    if kind is Kind.DONE:
        return Sent({"errcode": fault.errcode})
    if tried.repeat and tried.kind == "card" and fault.errcode == 42014:
        return Sent({"errcode": fault.errcode})  # its task is taken: by the try whose answer was lost
    if kind is Kind.REUPLOAD and tried.kind == "poster" and not tried.uploaded_again:
        return Later(reason, timedelta(0), upload_again=True)
    if kind is Kind.QUOTA:
        own_limit = fault.path not in SENDING
        return Later(reason, QUOTA_PAUSE) if own_limit else Stop(reason, fault.errcode, fix=False)
    if kind in (Kind.FIX, Kind.REFRESH):
        return _to_be_fixed(fault, tried)
    if kind is Kind.RETRY:
        return (
            GivenUp(f"given up after a day: {reason}")
            if _out_of_patience(tried)
            else Later(reason, backoff(tried.attempts))
        )
    if kind is Kind.UNKNOWN and tried.attempts < UNKNOWN_TRIES:
        return Later(reason, backoff(tried.attempts))
    return GivenUp(reason, loud=kind is not Kind.DROP)


def _to_be_fixed(fault: WeComFault, tried: Attempt) -> Verdict:
    errcode = fault.errcode if isinstance(fault, Refused | TokenRejected) else 0
    if tried.lane.startswith((FOLLOWER, GUEST)) and errcode == NO_PERMISSION:
        return GivenUp(fault.reason)  # an account that is not bound to an open platform: his orders say who he is
    if tried.lane.startswith(DIRECTORY) and isinstance(fault, Refused):
        return GivenUp(fault.reason)  # the app may send but not read the directory; nicknames can be told
    if tried.lane.startswith(ROBOT) and _out_of_patience(tried):
        return GivenUp(f"given up after a day: {fault.reason}")
    return Stop(fault.reason, errcode, fix=True)
