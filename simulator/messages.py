"""message/send and message/recall: who gets it, how often, and what the sender is told.

errcode 0 does not prove delivery: beyond a member's rate and on a repeat under the duplicate check the answer is
the same and nothing reaches the chat; `World.dropped` says so.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .cards import Cards
from .content import Contents
from .counters import Window
from .errors import ApiError
from .options import DAY, Member

if TYPE_CHECKING:
    from .api import Api, Call
    from .state import Entry, World

MOST_USERS, MOST_PARTIES, MOST_TAGS = 1000, 100, 100
LONGEST_DUPLICATE_SECONDS = 14400


@dataclass
class Receivers:
    reached: list[Member] = field(default_factory=list)
    invalid_users: list[str] = field(default_factory=list)
    invalid_parties: list[str] = field(default_factory=list)
    invalid_tags: list[str] = field(default_factory=list)
    unlicensed: list[str] = field(default_factory=list)

    def add(self, member: Member) -> None:
        if not member.licensed:
            if member.userid.lower() not in self.unlicensed:
                self.unlicensed.append(member.userid.lower())
        elif member not in self.reached:
            self.reached.append(member)


class Messages:
    def __init__(self, world: World, api: Api, contents: Contents, cards: Cards) -> None:
        self._world = world
        self._api = api
        self._contents = contents
        self._cards = cards
        self._minute, self._hour = Window(60), Window(3600)
        self._sent_today: dict[int, int] = {}
        self._repeats: dict[str, tuple[float, float, str]] = {}  # digest → sent at, seconds, msgid
        api.add("message/send", self._send, counted=False)
        api.add("message/recall", self._recall)

    def _send(self, call: Call) -> dict[str, Any]:
        body, now = call.body, self._world.now()
        if self._world.limits.send_counted:
            self._api.count(call.path)
        if "agentid" not in body:
            raise ApiError(41011)
        self._api.check_agent(call, call.integer(body, "agentid"))
        receivers = self._receivers(call)
        kind = call.text(body, "msgtype")
        call.note.update(to=[item.userid for item in receivers.reached], msgtype=kind)
        repeat = self._find_repeat(call, now)
        if repeat:
            self._drop_all(receivers, kind, body, "duplicate")
            return self._answer(receivers, repeat)
        content = self._content(call, kind)
        self._count_day(len(receivers.reached), now)
        msgid = secrets.token_urlsafe(32)
        entries = [self._deliver(member, kind, content, msgid, now) for member in receivers.reached]
        if call.integer(body, "enable_duplicate_check"):
            self._remember(call, msgid, now)
        answer = self._answer(receivers, msgid)
        if kind == "template_card":
            code = self._cards.sent(content, msgid, [entry for entry in entries if entry], receivers.reached)
            if code:
                answer["response_code"] = code
        return answer

    def _content(self, call: Call, kind: str) -> dict[str, Any]:
        safe = call.integer(call.body, "safe")
        if safe not in (0, 1, 2) or (safe == 2 and kind != "mpnews"):
            raise ApiError(40058, "safe: invalid Request Parameter")
        if kind == "template_card":
            return self._cards.check_new(call.object(call.body, kind))
        if kind == "news" and safe:
            raise ApiError(40074)
        content = self._contents.check(call, kind, call.body)
        return {**content, "safe": safe} if safe else content

    def _answer(self, receivers: Receivers, msgid: str) -> dict[str, Any]:
        return {
            "invaliduser": "|".join(receivers.invalid_users),
            "invalidparty": "|".join(receivers.invalid_parties),
            "invalidtag": "|".join(receivers.invalid_tags),
            "unlicenseduser": "|".join(receivers.unlicensed),
            "msgid": msgid,
        }

    # who

    def _receivers(self, call: Call) -> Receivers:
        users, parties, tags = (_ids(call.text(call.body, name)) for name in ("touser", "toparty", "totag"))
        if not (users or parties or tags):
            raise ApiError(81012)
        if len(users) > MOST_USERS:
            raise ApiError(40032)
        if len(parties) > MOST_PARTIES:
            raise ApiError(82002)
        if len(tags) > MOST_TAGS:
            raise ApiError(82003)
        found = Receivers()
        if users == ["@all"]:
            for member in self._world.members.values():
                if member.visible:
                    found.add(member)
            return found
        self._add_users(found, users)
        self._add_parties(found, parties)
        found.invalid_tags = tags  # this enterprise has no tags
        if not found.reached and not found.unlicensed:
            raise ApiError(81013)
        return found

    def _add_users(self, found: Receivers, users: list[str]) -> None:
        for userid in users:
            member = self._world.member(userid)
            if member is None or not member.visible:
                if userid.lower() not in found.invalid_users:
                    found.invalid_users.append(userid.lower())
            else:
                found.add(member)

    def _add_parties(self, found: Receivers, parties: list[str]) -> None:
        for party in parties:
            inside = [
                item
                for item in self._world.members.values()
                if item.visible and party in {str(number) for number in item.departments}
            ]
            for member in inside:
                found.add(member)
            if not inside:
                found.invalid_parties.append(party)

    # how often

    def _deliver(self, member: Member, kind: str, content: dict[str, Any], msgid: str, now: float) -> Entry | None:
        key, limits = member.userid.lower(), self._world.limits
        minute = self._minute.count(key, now) >= limits.member_per_minute
        if minute or self._hour.count(key, now) >= limits.member_per_hour:
            self._world.drop(key, kind, content, "rate")
            return None
        self._minute.take(key, now)
        self._hour.take(key, now)
        return self._world.add_entry(key, "app", kind, dict(content), "send", msgid=msgid)

    def _count_day(self, people: int, now: float) -> None:
        day = int((now + 8 * 3600) // DAY)  # natural days are Shanghai's
        used = self._sent_today.get(day, 0)
        if used + people > self._world.limits.account_limit * 200:
            raise ApiError(45009)
        self._sent_today = {day: used + people}

    def _find_repeat(self, call: Call, now: float) -> str | None:
        if not call.integer(call.body, "enable_duplicate_check"):
            return None
        sent_at, seconds, msgid = self._repeats.get(hashlib.sha256(call.raw).hexdigest(), (0.0, 0.0, ""))
        return msgid if msgid and sent_at <= now < sent_at + seconds else None

    def _remember(self, call: Call, msgid: str, now: float) -> None:
        seconds = call.integer(call.body, "duplicate_check_interval", self._world.limits.duplicate_seconds)
        seconds = min(seconds, LONGEST_DUPLICATE_SECONDS)
        self._repeats[hashlib.sha256(call.raw).hexdigest()] = (now, seconds, msgid)
        if len(self._repeats) > 10_000:
            self._repeats = {key: row for key, row in self._repeats.items() if row[0] + row[1] > now}

    def _drop_all(self, receivers: Receivers, kind: str, body: dict[str, Any], reason: str) -> None:
        content = body.get(kind)
        for member in receivers.reached:
            self._world.drop(member.userid.lower(), kind, content if isinstance(content, dict) else {}, reason)

    # recall

    def _recall(self, call: Call) -> dict[str, Any]:
        msgid = call.text(call.body, "msgid")
        entries = self._world.sent_as(msgid)
        if not entries:
            raise ApiError(40058)
        if self._world.now() - entries[0]["at"] > self._world.limits.recall_seconds:
            raise ApiError(42052)
        for entry in entries:
            words = f"{self._world.options.app_name}撤回了一条消息"
            self._world.change_entry(entry, recalled=True, type="note", content={"text": words})
        return {}

    def forget(self) -> None:
        self._minute.clear()
        self._hour.clear()
        self._sent_today.clear()
        self._repeats.clear()


def _ids(text: str) -> list[str]:
    return [item for item in text.split("|") if item]
