"""Words and patterns → intent, for everything that moves no money: the tables of rules.toml, read once.

Plain text comes in with a mark where a thing or a time stood (`PERIOD` …), so that a rule can ask for them.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

PERIOD, ORDER, CODE, PRODUCT = "⟨期⟩", "⟨单⟩", "⟨码⟩", "⟨品⟩"

_TABLES = Path(__file__).with_name("rules.toml")

_GREET = re.compile(
    r"(?:(?:亲|老板|客服|小助手|助手|嗨|哈喽|哈罗|哈啰|hello|hi+|hey|嘿|喂|你好啊?|你好呀|大家好|早上好|上午好|中午好|下午好|晚上好|晚安|早安|午安|早|早啊|早呀|在的吗|在的么|在吗|在么|在嘛|在不在?|在不|在没|有人吗|有人么|有人在吗|"
    r"有人没|在线吗|在线么|在呢?|你们好|好久不见|嗨喽|哈喽啊|安|halo|helo|新年好|新年快乐|节日快乐|你好你好|吃了吗|忙吗|人呢|在在吗|滴滴|滴|节日好|周末好|上线了吗)[，,?呀啊呢哈哦吖~]*)+"
)
_THANKS = re.compile(
    r"(?:(?:好的?|好嘞|好哒|好滴|嗯+|ok|哦|收到|太好了|明白了?|知道了|懂了|了解了?|行|可以|太棒了|真棒|非常|十分|万分|真的|太|那|先|亲|老板|哈哈|可以的|没事了?|不错|牛)[，,了啊]*)*"
    r"(?:(?:谢谢|谢啦|谢了|谢|感谢|多谢|感恩|3q|thx|thanks?|thank you|tks|ths|"
    r"辛苦|辛苦了|辛苦啦|有劳了?|麻烦(?:你)?[了啦]|蟹蟹|谢咯|谢谢谢谢|费心了?|谢谢老板|么么哒|爱你|三克油|太感谢了|劳驾了?|麻烦啦)"
    r"(?:你们?|大家|老板|亲|客服|小助手|帮忙|助手|的帮助|支持|啦|了|啊|呀|哦|哈|，|!|～|哟|分享|提醒|告知|辛苦了|了哈)*)+"
)


_SHORT = 20
_DESK = re.compile(r"客服(?:在|人呢|呢|$)(?!.*你好)")


@dataclass(frozen=True, slots=True)
class Rule:
    """`intent` where `any` is found and `unless` is not."""

    intent: str
    any: re.Pattern[str]
    unless: re.Pattern[str] | None

    def fits(self, text: str) -> bool:
        return bool(self.any.search(text)) and not (self.unless and self.unless.search(text))


@lru_cache(maxsize=1)
def _tables() -> dict[str, tuple[Rule, ...]]:
    document = tomllib.loads(_TABLES.read_text(encoding="utf-8"))
    macros: dict[str, str] = document.pop("macros")
    return {name: tuple(_rule(row, macros) for row in rows) for name, rows in document.items()}


def _rule(row: dict[str, Any], macros: dict[str, str]) -> Rule:
    def pattern(parts: list[str]) -> re.Pattern[str]:
        text = "|".join(parts)
        for name, stands_for in macros.items():
            text = text.replace(f"«{name}»", stands_for)
        return re.compile(text)

    return Rule(row["intent"], pattern(row["any"]), pattern(row["unless"]) if "unless" in row else None)


def prepare() -> None:
    """Read the tables now, so that the first sentence does not wait for them."""
    _tables()


def _first(table: str, text: str) -> str | None:
    return next((rule.intent for rule in _tables()[table] if rule.fits(text)), None)


def hints(text: str, *, of_withdrawal: bool) -> list[str]:
    """What the tables say of a sentence, as features of the classifier: the first rule of each, and all that fit."""
    tables = _tables()
    names = [name for name in tables if name != "withdrawal" or of_withdrawal]
    said = [f"rule:{name}:{first}" for name in names if (first := _first(name, text))]
    said += [f"fits:{rule.intent}" for rule in tables["anybody"] if rule.fits(text)]
    return [*said, *([f"whole:{whole}"] if (whole := _whole(text)) else [])]


def about_withdrawal(text: str) -> str:
    """What a sentence that speaks of a withdrawal, but asks for none, wants; `unknown` when it cannot be told."""
    return _first("withdrawal", text) or "unknown"


def of_operator(text: str) -> str | None:
    """The intent of an operator's word, or None."""
    return _first("operator", text)


def of_anybody(text: str) -> str | None:
    """The intent of the first rule that fits, or None."""
    return _whole(text) or _first("anybody", text)


_OPERATORS_ALONE = re.compile(
    r"(?:看看|看下|查看)?待?审[核批](?:列表|的)?|待处理的?|今[天日](?:一共|总共|我们|店里)*(?:卖了?多少钱?|销售额|营业额|成交额|数据|业绩)(?:多少|是多少)?|"
    r"有(?:什么|啥|没有)?异常(?:情况|订单)?吗?"
)


def is_operators_alone(text: str) -> bool:
    """Whether only an operator says so; from anybody else it is an unknown word, as the contract wants it."""
    return bool(_OPERATORS_ALONE.fullmatch(text.rstrip("?")))


def _whole(text: str) -> str | None:
    """What a sentence is that says nothing else."""
    short = len(text) <= _SHORT  # thanks and greetings try many ways of cutting a text, which long ones must not get
    if short and _THANKS.fullmatch(text):
        return "thanks"
    if _DESK.search(text):
        return "human"
    return "greet" if short and _GREET.fullmatch(text) else None
