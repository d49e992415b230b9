"""What kind of text somebody wants, from the words in which he asks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from domain.copy.text import CopyText, Kind

_SOMEBODY = "客户|顾客|客人|人家|别人|对方|群友|有人|老顾客|买家|朋友"
_OBJECTED = re.compile(
    rf"(?:{_SOMEBODY})们?(?:老|总|都|就|要是|如果|一直)*(?:说|问|嫌|觉得|怀疑|担心|讲|怕|不)|嫌|异议"
)
_ANSWERED = re.compile(r"(?:怎么|如何|咋|该)(?:回|答|应)")
_TO_ONE = rf"(?:跟|和|对|给|向)老?(?:{_SOMEBODY}|人|好友|他|她).{{0,2}}(?:说|讲|介绍|推荐|推|开口|聊)"
_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("moments", re.compile(r"朋友圈|发圈|圈文案|moments", re.IGNORECASE)),
    ("group", re.compile(r"群")),
    ("private", re.compile(rf"私聊|私信|一对一|单聊|{_TO_ONE}")),
)
_SHORT = 20
_AGAIN = re.compile(
    r"(?:再|给我|帮我|我要|麻烦)*(?:换|来)(?:另外)?(?:一|1)?(?:条|段|篇|句|个文案|条文案|版)(?:别的|文案|话术|吧|呗|看看)*"
    r"|下一条|另一条|不喜欢这条|这条不好"
    r"|(?:那|还有|再要|有没有)?(?:发)?(?:朋友圈|群里?|群聊|私聊)(?:里|用|发)*(?:的|版)?(?:呢|吗|有吗|怎么发|文案|话术)"
)


@dataclass(frozen=True, slots=True)
class Wish:
    """`said`: whether the kind was named; `topic` is that of an objection, empty where it is not known."""

    kind: Kind
    topic: str = ""
    said: bool = True


def wishes(text: str, texts: Iterable[CopyText], *, usual: Kind) -> Wish:
    """What is wanted. An objection is known by the words of its topics; `usual` where no kind is named."""
    said = re.sub(r"\s+", "", text)
    answered = _ANSWERED.search(said) is not None
    if answered or _OBJECTED.search(said):
        topic = _topic(said, texts)
        if topic or answered:
            return Wish("objection", topic)
    for kind, pattern in _KINDS:
        if pattern.search(said):
            return Wish(kind)
    return Wish(usual, said=False)


def _topic(said: str, texts: Iterable[CopyText]) -> str:
    """The topic whose longest word the text holds; empty where it holds none."""
    found = [
        (len(word), text.topic)
        for text in texts
        for word in (text.topic, *text.asked)
        if text.kind == "objection" and word in said
    ]
    return max(found)[1] if found else ""


def again(text: str) -> bool:
    """Whether, after a text, another one is wanted: 「换一条」, or of another kind: 「群里的呢」."""
    return len(text) <= _SHORT and _AGAIN.fullmatch(re.sub(r"[\s。.！!～~，,？?]+", "", text)) is not None
