"""Which product of the catalogue a sentence speaks of: by SKU, by name, by a part of its name, or by its sound.

A name like 「丹东99草莓 3斤装」 is known by 丹东99草莓, by 草莓 (what it is: the end of its name), and more weakly by
every other part of two characters or more (丹东). The longest part wins; products that tie are all candidates.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.understanding import homophones
from bot.understanding.normalise import plain


@dataclass(frozen=True, slots=True)
class ProductName:
    sku: str
    name: str
    category: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """`skus` in the catalogue's order; `words` is the part of the text that named them."""

    skus: tuple[str, ...]
    words: str


_SPEC = re.compile(
    r"[\d.]+\s*(?:g|kg|ml|l|斤|克|千克|公斤|升|毫升|枚|个|只|盒|箱|杯|瓶|袋|包|支|片|罐|件|颗|粒|套|条|寸|码)装?"
)
_RUN = re.compile(r"[\u4e00-\u9fff]+")
_MAX_PART = 8
# Parts of names that name no product: what is sold with, and words of our own conversation.
_PLAIN_WORDS = frozenset(
    "礼盒 盒装 箱装 袋装 瓶装 整箱 整盒 新鲜 现货 包邮 特价 优惠 套餐 套装 产品 商品 正品 推荐 新品 爆款 精品 特级 一级 大果 小果 家庭 家用 "
    "顺丰 限时 活动 会员 体验 课程 订单 佣金 海报 链接 文案 什么 怎么 今天 昨天 多少 我们 你们 这个 那个 中国 进口 国产 当季 应季 产地 直发 "
    "现摘 一箱 一盒 一件 推广 分享 团队 排名 规则 提现 收益 可以 没有 有没 一个".split()
)


@lru_cache(maxsize=8)
def _index(catalogue: tuple[ProductName, ...]) -> tuple[dict[str, dict[str, float]], dict[tuple[str, ...], set[str]]]:
    """Part of a name → SKU → weight, and the sound of what a product is → its SKUs."""
    parts: dict[str, dict[str, float]] = {}
    sounds: dict[tuple[str, ...], set[str]] = {}
    for product in catalogue:
        name = _SPEC.sub(" ", plain(product.name))
        for run in _RUN.findall(name):
            _add_run(parts, sounds, run, product.sku)
        whole = re.sub(r"\s+", "", name)
        if len(whole) >= 2:
            parts.setdefault(whole, {})[product.sku] = len(whole) + 1.0
    return parts, sounds


def _add_run(parts: dict[str, dict[str, float]], sounds: dict[tuple[str, ...], set[str]], run: str, sku: str) -> None:
    for start in range(len(run)):
        for end in range(start + 2, min(len(run), start + _MAX_PART) + 1):
            part = run[start:end]
            if part in _PLAIN_WORDS:
                continue
            weight = len(part) + (0.5 if end == len(run) else 0.0)
            parts.setdefault(part, {})[sku] = max(weight, parts.get(part, {}).get(sku, 0.0))
    for length in (2, 3, 4):
        if len(run) >= length and run[-length:] not in _PLAIN_WORDS:
            for sound in homophones.readings(run[-length:]):
                sounds.setdefault(sound, set()).add(sku)


def find(text: str, catalogue: Sequence[ProductName]) -> Found | None:
    """What a plain text names, or None."""
    if not catalogue:
        return None
    catalogue = tuple(catalogue)
    named = [p.sku for p in catalogue if re.search(rf"(?<![0-9a-z]){re.escape(p.sku.lower())}(?![0-9a-z])", text)]
    if named:
        return Found(tuple(named), named[0].lower())
    parts, sounds = _index(catalogue)
    best, words, skus = 0.0, "", set[str]()
    for start in range(len(text)):
        for end in range(start + 2, min(len(text), start + 2 * _MAX_PART) + 1):
            for sku, weight in parts.get(text[start:end], {}).items():
                if weight > best:
                    best, words, skus = weight, text[start:end], {sku}
                elif weight == best:
                    skus.add(sku)
    if not skus:
        words, skus = _by_category(text, catalogue) or _by_sound(text, sounds) or ("", set())
    return Found(tuple(p.sku for p in catalogue if p.sku in skus), words) if skus else None


def _by_category(text: str, catalogue: tuple[ProductName, ...]) -> tuple[str, set[str]] | None:
    for category in {p.category for p in catalogue if len(p.category) >= 2}:
        if category in text:
            return category, {p.sku for p in catalogue if p.category == category}
    return None


def _by_sound(text: str, sounds: dict[tuple[str, ...], set[str]]) -> tuple[str, set[str]] | None:
    """曹梅 is 草莓, 车里子 is 车厘子: the longest part of the text that sounds like what a product is."""
    for length in (4, 3, 2):
        for start in range(len(text) - length + 1):
            window = text[start : start + length]
            if window in _PLAIN_WORDS or not _RUN.fullmatch(window):
                continue
            for sound in homophones.readings(window):
                if sound in sounds:
                    return window, sounds[sound]
    return None
