"""The check of material: a copy text, a poster's words, a message template, a product's name and points.

    check_material(Material("全网最低价，稳赚不赔", "copy"), lists) -> [Finding]      # AD-1, AD-5

One finding for each rule, with every place where it was seen. Pure; the lists come from outside.

Units    places are characters of `Material.text`, from 0, half-open
Source   compliance.md §3, families WX and AD, and §7
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from domain.compliance.finding import SEVERITIES, Evidence, Finding, Severity
from domain.compliance.letters import spelling
from domain.compliance.rules import RULES
from domain.compliance.wordlists import Exemption, Hit, WordLists

Kind: TypeAlias = Literal["copy", "poster", "message", "product"]
DEAREST_PRIZE = 50_000  # yuan


@dataclass(frozen=True, slots=True)
class WordList:
    """A list of assets/words: the rule that its words break, None where something else decides (see `_conditions`)."""

    title: str
    rule_id: str
    alone: bool = True


# By the name of the file.
LISTS: Mapping[str, WordList] = {
    "absolute": WordList("绝对化用语", "AD-1"),
    "efficacy": WordList("疗效", "AD-2"),
    "forbidden": WordList("烟草和处方药", "AD-2"),
    "income": WordList("收入承诺", "AD-5"),
    "recruit": WordList("传销用语", "AD-5"),
    "share": WordList("诱导分享", "WX-1"),
    "follow": WordList("先分享、关注才给", "WX-2"),
    "review": WordList("好评返现和刷单", "AD-6"),
    "passcode": WordList("口令", "WX-6"),
    "group": WordList("拼团", "WX-3", alone=False),
    "medical": WordList("要有批准文号的商品", "AD-3", alone=False),
    "experience": WordList("体验、测评口吻", "AD-4", alone=False),
    "draw": WordList("抽奖", "AD-7", alone=False),
    "stock": WordList("说货少、说时间紧", "", alone=False),
    "discount": WordList("说有优惠", "", alone=False),
}

MARK = "广告"
_AI_MARK = re.compile(r"(?:ai|人工智能).{0,4}(?:生成|合成|创作)".replace("i", "1"))  # as letters.py reads it
_APPROVAL = re.compile(
    r"国药准字|国药广审|国食健[注字]|食健备|卫食健字|国食注字|食注字|(?:国|[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤川青藏琼宁])械(?:注|备)|"
    r"广审[文械药]?"
)
_GROUP_RULES = re.compile(r"(?:未|没|不)(?:能)?(?:成团|拼成|拼满|满员|凑齐).{0,10}(?:退|取消)")
_DRAW_RULES = re.compile(r"规则|中奖率|中奖概率|兑奖|活动说明")
_PRIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(万)?\s*元")


@dataclass(frozen=True, slots=True)
class Material:
    """A text that customers or distributors will read.

    title       how it is named to the merchant: `朋友圈文案 strawberry-1`
    category    of the product that it is for; empty where there is none
    has_link    a buying link stands in it or beside it
    by_ai       written by a model
    seller      of a poster: who sells and whom to turn to; None where that stands elsewhere
    nickname    of a poster: the person's name that stands on it; `consented` whether he said yes
    exceptions  recorded for this text (AD-1 only)
    """

    text: str
    kind: Kind
    title: str = ""
    category: str = ""
    has_link: bool = False
    by_ai: bool = False
    seller: tuple[str, str] | None = None
    nickname: str = ""
    consented: bool = False
    exceptions: tuple[Exemption, ...] = ()


def check_material(material: Material, lists: WordLists) -> list[Finding]:
    """Everything that the rules of material say, gravest first, one finding for each rule."""
    hits: dict[str, list[Hit]] = {}
    for hit in lists.hits(material.text, material.exceptions):
        hits.setdefault(hit.word.list, []).append(hit)
    found: dict[str, list[Hit]] = {}
    for name, listed in hits.items():
        if LISTS[name].alone:
            found.setdefault(LISTS[name].rule_id, []).extend(listed)
    if _is_medical(material, hits, lists) and (told := found.get("AD-2")):
        found["AD-2"] = [hit for hit in told if hit.word.list != "efficacy"]
    findings = [_finding(rule_id, material, listed) for rule_id, listed in found.items() if listed]
    findings += _conditions(material, hits, lists)
    return sorted(findings, key=lambda it: (SEVERITIES.index(it.severity), it.rule_id))


def _is_medical(material: Material, hits: Mapping[str, Sequence[Hit]], lists: WordLists) -> bool:
    """Whether it speaks of goods that need an approval, by their category or by the words."""
    if "medical" in hits:
        return True
    return any(hit.word.list == "medical" for hit in lists.hits(material.category))


def _conditions(material: Material, hits: Mapping[str, list[Hit]], lists: WordLists) -> Iterator[Finding]:
    """The rules for which something must be missing as well."""
    letters = spelling(material.text)
    if _is_medical(material, hits, lists) and not _APPROVAL.search(letters):
        said = "没有批准文号" if "medical" in hits else f"分类「{material.category}」要有批准文号"
        yield _finding("AD-3", material, hits.get("medical", []), said)
    if "experience" in hits and material.has_link and MARK not in letters:
        yield _finding("AD-4", material, hits["experience"], "带链接，没有「广告」二字")
    if "draw" in hits:
        prize = _dearest_prize(material.text)
        if prize > DEAREST_PRIZE:
            yield _finding("AD-7", material, hits["draw"], f"奖品 {prize:,.0f} 元，超过 50,000 元", "BLOCK")
        elif not _DRAW_RULES.search(letters):
            yield _finding("AD-7", material, hits["draw"], "没有写规则")
    if "group" in hits and not _GROUP_RULES.search(letters):
        yield _finding("WX-3", material, hits["group"], "没有写未成团怎么退")
    if material.by_ai and not _AI_MARK.search(letters):
        yield _finding("AD-8", material, [], "由人工智能写成，没有标识")
    if material.seller is not None and not all(material.seller):
        missing = "、".join(
            name for name, told in zip(("商家名称", "售后联系"), material.seller, strict=True) if not told
        )
        yield _finding("WX-6", material, [], f"海报上没有{missing}")
    if material.nickname and not material.consented:
        yield _finding("WX-4", material, [], "海报上有名字，没有本人的同意记录")


def _dearest_prize(text: str) -> float:
    plain = text.replace(",", "").replace("，", "")
    return max((float(number) * (10_000 if ten else 1) for number, ten in _PRIZE.findall(plain)), default=0.0)


def _finding(
    rule_id: str, material: Material, hits: Sequence[Hit], why: str = "", severity: Severity | None = None
) -> Finding:
    text = RULES[rule_id]
    numbers: dict[str, Any] = {
        "where": material.title,
        "hits": [
            {"list": it.word.list, "word": it.word.text, "start": it.start, "end": it.end, "said": it.said}
            for it in hits
        ],
    }
    shown = "、".join(f"「{it.said}」（第 {it.start + 1} 到 {it.end} 字）" for it in hits)
    where = f"{material.title}：" if material.title else ""
    said = where + "，".join(part for part in (shown, why) if part)
    evidence = Evidence("WORDS", material.kind, numbers, said)
    return Finding(
        rule_id, severity or text.severity, text.title_zh, text.reason_zh, evidence, text.remedy_zh, text.sources
    )
