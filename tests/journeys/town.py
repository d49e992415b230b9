"""The people of a journey: they write in the simulator, look into their chats, buy on the phone, move the clock."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
import zxingcpp
from PIL import Image

HOUR = 3600
DAY = 24 * HOUR
POSTER_WITHIN = 15  # seconds, as the contract says


@dataclass
class Said:
    """What came of a person's act: the words of the passive reply, and the messages that followed."""

    answer: dict[str, Any]

    @property
    def reply(self) -> str:
        assert self.answer["problem"] is None, self.answer["problem"]
        return text_of(self.answer["reply"]) if self.answer["reply"] else ""

    @property
    def followed(self) -> list[dict[str, Any]]:
        first = self.answer["reply"]["id"] if self.answer["reply"] else 0
        return [entry for entry in self.answer["arrived"] if entry["id"] != first]


def text_of(entry: dict[str, Any]) -> str:
    return str(entry["content"]["content"]) if entry["type"] == "text" else ""


@dataclass
class Town:
    """`app` and `simulator` are addresses; `codes` are what distributors were given when they joined."""

    app: str
    simulator: str
    codes: dict[str, str] = field(default_factory=dict)
    http: requests.Session = field(default_factory=requests.Session)

    # what people do

    def act(self, path: str, /, **wish: Any) -> dict[str, Any]:
        answer = self.http.post(f"{self.simulator}/sim/{path}", json=wish, timeout=60)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def see(self, path: str, /, **query: Any) -> dict[str, Any]:
        answer = self.http.get(f"{self.simulator}/sim/{path}", params=query, timeout=60)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def says(self, userid: str, text: str, *, expect: int = 1, timeout: float = 20, **more: Any) -> Said:
        """Write; `expect` messages are waited for, the passive reply being the first."""
        return Said(self.act("say", userid=userid, text=text, wait=True, expect=expect, timeout=timeout, **more))

    def asks_service(self, what: str, **more: Any) -> list[str]:
        """An act in the 微信客服, where nothing is answered at once; the texts that came for it."""
        told = self.act(f"kf/{what}", userid="kf-songyu", expect=1, timeout=20, **more)
        return [entry["content"].get("content") or entry["content"]["head_content"] for entry in told["arrived"]]

    def joins(self, userid: str, words: str = "我要加入") -> str:
        """The reply; the code in it is kept."""
        reply = self.says(userid, words).reply
        found = re.search(r"邀请码是 ([0-9A-Z]+)", reply)
        assert found, reply
        self.codes[userid] = found[1]
        return reply

    def poster(self, userid: str, words: str) -> str:
        """Ask for a poster and scan it: the address behind its QR."""
        said = self.says(userid, words, expect=2, timeout=POSTER_WITHIN)
        (picture,) = said.followed
        assert picture["type"] == "image", picture
        return scanned(self.picture(picture))

    def picture(self, entry: dict[str, Any]) -> Image.Image:
        """The picture of an image message, at least as wide as a phone shows it sharp."""
        media = self.http.get(f"{self.simulator}/sim/media/{entry['content']['media_id']}", timeout=20)
        assert media.status_code == 200
        assert len(media.content) < 1_000_000
        picture = Image.open(io.BytesIO(media.content))
        assert picture.format == "JPEG"
        assert picture.width >= 1080
        return picture

    def buys(self, sku: str, code: str, *, qty: int = 1, buyer: str = "cust-zhou") -> dict[str, Any]:
        """The mall pushes an order over the signed API; what the app answered."""
        told = self.act("mall/orders", sku=sku, qty=qty, code=code, buyer=buyer)
        assert told["status"] == 201, told
        return dict(told["answer"])

    def later(self, seconds: float) -> None:
        self.act("clock", advance=seconds)

    # what they see

    def last(self, chat: str) -> int:
        """The id of the newest entry of a chat."""
        entries = self.see(chat)["entries"]
        return int(entries[-1]["id"]) if entries else 0

    def next(self, chat: str, after: int, *, count: int = 1, seconds: float = 30) -> list[dict[str, Any]]:
        """The app's next messages in a chat (`chats/USERID`, `groups/KEY`), waited for."""
        entries = self.see(chat, after=after, side="app", wait=seconds, count=count)["entries"]
        assert len(entries) >= count, f"{chat}: {len(entries)} of {count} messages after {seconds} s"
        return list(entries)

    def told(self, chat: str, after: int, begins: str) -> dict[str, Any]:
        """The next text of a chat that begins so, whatever else comes before it."""
        while True:
            for entry in self.next(chat, after):
                if entry["type"] == "text" and text_of(entry).startswith(begins):
                    return entry
                after = entry["id"]

    def link(self, userid: str) -> str:
        return f"{self.app}/r/{self.codes[userid]}"


def scanned(picture: Image.Image) -> str:
    (code,) = zxingcpp.read_barcodes(picture)
    return str(code.text)


def parts(address: str) -> tuple[str, dict[str, list[str]]]:
    """An address without its query, and the query: their order says nothing."""
    found = urlsplit(address)
    return address.split("?")[0], parse_qs(found.query)
