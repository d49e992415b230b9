"""Copy files: YAML, one entry for a text; every fault names line, key and what is allowed.

    category: 水果                # for all texts of the file; or `sku: STRAWBERRY-3J`; or neither
    texts:
      - name: fruit-evening       # lower-case letters, digits, hyphens; unique
        kind: 朋友圈               # 朋友圈 群 私聊 异议
        when: {hours: [17, 22], days: [5, 6], months: [12, 1], festival: 中秋, stock_at_most: 20, new_for_days: 14,
               role: leader}
        text: |
          {商品}到货，{价格} 元，{卖点}。
          {链接}
      - name: too-dear
        kind: 异议
        topic: 太贵
        asked: [嫌贵, 便宜点]
        text: …
        because: [{word: 最佳, kind: 使用建议, reason: 最佳饮用温度，见包装说明}]

Raises   CopyRefused
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from domain.compliance.wordlists import RECORDED, Hit, WordLists
from domain.copy.refused import CopyRefused, root_of
from domain.copy.text import LONGEST, PLACE, VARIABLES, CopyText, Kind, When
from domain.document import Form, Leaf, Node, Read, Wrong, each, flag, one_of, text, whole
from domain.plan.counts import ROLES

_KIND_OF: dict[str, Kind] = {"朋友圈": "moments", "群": "group", "私聊": "private", "异议": "objection"}
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,47}")
_AMOUNT = re.compile(r"[¥￥]\s*\d|\d\s*(?:元|块钱|块(?!头|状|茎))")
_ADDRESS = re.compile(r"https?://|www\.|weixin://", re.IGNORECASE)
_PHONE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")


def parse(source: str, *, festivals: Collection[str], lists: WordLists) -> tuple[CopyText, ...]:
    """The texts of one file."""
    root = root_of(source)
    form = Form(root)
    sku = form.may("sku", text(64), None)
    category = form.may("category", text(64), None)
    if sku and category:
        root.wrong("sku 和 category 只能写一个", "either sku or category, not both")
    read = _Entries(festivals, lists, sku, category)
    found: tuple[CopyText, ...] = form.done(form.need("texts", each(read.entry, at_least=1)))
    if root.faults:
        raise CopyRefused(sorted(root.faults, key=lambda fault: fault.line or 0))
    return found


def read_entry(source: str, *, festivals: Collection[str], lists: WordLists) -> CopyText:
    """A single entry, as `CopyText.data` writes it; it was accepted before."""
    root = root_of(source)
    found = _Entries(festivals, lists, None, None).entry(root)
    if root.faults:
        raise CopyRefused(root.faults)
    return found


class _Entries:
    def __init__(self, festivals: Collection[str], lists: WordLists, sku: str | None, category: str | None) -> None:
        self._festivals, self._lists = tuple(festivals), lists
        self._sku, self._category = sku, category
        self._names: set[str] = set()

    def entry(self, node: Node) -> CopyText:
        form = Form(node)
        told = form.need("kind", one_of(*_KIND_OF))
        found = CopyText(
            name=form.need("name", self._name),
            kind=_KIND_OF.get(told, "moments"),
            text=form.need("text", _block),
            sku=form.may("sku", text(64), self._sku),
            category=form.may("category", text(64), self._category),
            topic=form.may("topic", text(16), ""),
            asked=form.may("asked", each(text(16)), ()),
            when=form.may("when", self._when, When()),
            because=form.may("because", each(_because), ()),
            by_ai=form.may("by_ai", flag, False),
        )
        if found.text is not None:  # a placeholder after a fault
            self._judge(node, found)
        return form.done(found)

    def _name(self, node: Node) -> str:
        name: str = text(48)(node)
        if not _NAME.fullmatch(name):
            raise Wrong("用小写字母、数字和 -，2 到 48 个", "2 to 48 lower-case letters, digits and hyphens")
        if name in self._names:
            raise Wrong("这个 name 已经有了，换一个", "this name is taken, choose another one")
        self._names.add(name)
        return name

    def _when(self, node: Node) -> When:
        form = Form(node)
        return form.done(
            When(
                hours=form.may("hours", _hours, None),
                days=form.may("days", each(whole(1, 7), at_least=1), ()),
                months=form.may("months", each(whole(1, 12), at_least=1), ()),
                festival=form.may("festival", one_of(*self._festivals), None),
                stock_at_most=form.may("stock_at_most", whole(1, 1000), None),
                new_for_days=form.may("new_for_days", whole(1, 60), None),
                role=form.may("role", one_of(*ROLES), None),
            )
        )

    def _judge(self, node: Node, found: CopyText) -> None:
        """What a text may not say, or must say as well."""
        at = _child(node, "text")
        for name in found.variables:
            if name not in VARIABLES:
                allowed = "".join(f"{{{it}}}" for it in VARIABLES)
                at.wrong(f"不认识 {{{name}}}；可以用：{allowed}", f"unknown {{{name}}}; allowed here: {allowed}")
        bare = PLACE.sub("□", found.text)
        if "{" in bare or "}" in bare:
            at.wrong("花括号不成对", "a brace without its partner")
        if found.kind == "objection":
            if not found.topic:
                _child(node, "kind").wrong("异议要写 topic，例如 topic: 太贵", "an objection needs a topic")
        else:
            if found.topic or found.asked:
                _child(node, "kind").wrong("topic 和 asked 只用在异议里", "topic and asked are for objections")
            if "链接" not in found.variables:
                at.wrong("要写上 {链接}，顾客点了才算分销员的", "{链接} is missing: without it nobody earns")
        self._judge_facts(at, found, bare)

    def _judge_facts(self, at: Node, found: CopyText, bare: str) -> None:
        """Facts come from the catalogue, not from the text."""
        if _AMOUNT.search(bare):
            at.wrong("不要写死金额，价格会变：用 {价格}、{券}", "no amounts: prices change, use {价格} or {券}")
        if _ADDRESS.search(bare):
            at.wrong("不要写死网址：用 {链接}、{券链接}", "no addresses: use {链接} or {券链接}")
        if _PHONE.search(bare):
            at.wrong("不要写手机号；售后写 {售后}", "no phone numbers; for service write {售后}")
        if "节日" in found.variables and found.when.festival is None:
            at.wrong("用 {节日} 就要写 when 的 festival", "{节日} needs when.festival")
        hits = self._lists.hits(found.text)
        if (scarce := _said(hits, "stock")) and not (found.when.stock_at_most and "库存" in found.variables):
            at.wrong(
                f"「{scarce}」要有依据：写 when 的 stock_at_most，并在文字里用 {{库存}}",
                f"{scarce!r} needs a fact: when.stock_at_most, and {{库存}} in the text",
            )
        if (cheaper := _said(hits, "discount")) and not {"券", "券链接"} & set(found.variables):
            at.wrong(
                f"「{cheaper}」要有依据：用 {{券}} 带上真的在发的券",
                f"{cheaper!r} needs a fact: a running coupon, {{券}}",
            )


def _said(hits: list[Hit], name: str) -> str | None:
    return next((hit.said for hit in hits if hit.word.list == name), None)


def _child(node: Node, key: str) -> Node:
    children = node.value if isinstance(node.value, dict) else {}
    return children.get(key, node)


def _block(node: Node) -> str:
    """Several lines of text."""
    if not isinstance(node.value, Leaf):
        raise Wrong("这里要写一段文字", "a text is expected here")
    told = node.value.text.strip()
    if not told or len(told) > LONGEST or not all(_is_seen(sign) for sign in told):
        raise Wrong(f"要写 1 到 {LONGEST} 个可见字符，可以换行", f"1 to {LONGEST} printable characters, several lines")
    return told


def _is_seen(sign: str) -> bool:
    return sign.isprintable() or sign in "\n\u200d\ufe0f"


def _hours(node: Node) -> tuple[int, int]:
    read: Read[Any] = each(whole(0, 24))
    hours = read(node)
    if len(hours) != 2 or hours[0] >= hours[1]:
        raise Wrong("写成 [从几点, 到几点]，例如 [17, 22]", "written as [from, to], like [17, 22]")
    return hours[0], hours[1]


def _because(node: Node) -> tuple[str, str, str]:
    form = Form(node)
    word = form.need("word", text(30))
    ground = form.need("kind", one_of(*RECORDED))
    reason = form.need("reason", text(255))
    if reason is not None and len(reason) < 6:
        node.wrong("理由至少写 6 个字", "a reason has at least 6 characters")
    return form.done((word, ground, reason))
