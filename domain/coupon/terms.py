"""The coupon document: parsed, validated, immutable.

    key: NEW20                       # what a plan's `reward: {coupon: NEW20}` names
    title: 新客满100减20
    kind: spend_and_save             # or percent: off: 10%, at_most: "30.00"
    off: "20.00"
    minimum: "100.00"                # left out: none
    for: new_customers               # everyone (default) | new_customers | first_order, through a distributor
    scope: {categories: [水果], skus: [], exclude: [GIFT-BOX]}   # as in a plan; left out: everything
    from: "2026-11-22T00:00:00"      # Shanghai time without an offset; left out: from its making
    until: "2026-12-01T00:00:00"     # not included; left out: until it is closed
    valid_days: 7                    # days of 24 hours from the claim, `until` at the latest
    stock: 50                        # left out: no limit
    per_person: 1
    share: true                      # distributors may share it; false: the merchant's own and plans' rewards

Raises   CouponRefused: line, key and what is allowed, in Chinese and English
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

from domain.coupon.worth import Percent, SpendAndSave, Worth, read_worth
from domain.document import Form, Leaf, Node, Refused, flag, from_json, from_yaml, instant, one_of, text, whole, yuan
from domain.money import ZERO, Money
from domain.plan import Scope

Who: TypeAlias = Literal["everyone", "new_customers", "first_order"]
WHO: tuple[Who, ...] = ("everyone", "new_customers", "first_order")
_SCOPED = re.compile(r"scope\.(categories|skus|exclude)\[\d+\]")
MOST = 100_000_000
MOST_PER_PERSON = 20


class CouponRefused(Refused):
    code = "coupon.refused"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a coupon promises. `starts_at` None: from its making; `ends_at` None: until it is closed."""

    key: str
    title: str
    worth: Worth
    minimum: Money = ZERO
    who: Who = "everyone"
    scope: Scope = field(default_factory=Scope)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    valid_days: int | None = None
    stock: int | None = None
    per_person: int = 1
    shared: bool = True

    def usable_until(self, claimed_at: datetime) -> datetime | None:
        """Until when one that was taken then can be used."""
        if self.valid_days is None:
            return self.ends_at
        own = claimed_at + timedelta(hours=24 * self.valid_days)
        return own if self.ends_at is None else min(own, self.ends_at)

    def data(self) -> dict[str, Any]:
        """The document's keys with the defaults filled in; what was left out and has none stays out."""
        optional = {
            "from": self.starts_at and self.starts_at.isoformat(),
            "until": self.ends_at and self.ends_at.isoformat(),
            "valid_days": self.valid_days,
            "stock": self.stock,
        }
        return {
            "key": self.key,
            "title": self.title,
            **self.worth.data(),
            "minimum": self.minimum.yuan,
            "for": self.who,
            "scope": self.scope.data(),
            **{name: value for name, value in optional.items() if value is not None},
            "per_person": self.per_person,
            "share": self.shared,
        }


def parse(source: str, categories: Mapping[str, str] | None = None) -> Terms:
    """The terms of a YAML text. `categories` are those of the catalogue's SKUs: what nobody sells is refused."""
    try:
        root = from_yaml(source)
        if categories is not None:
            _refuse_unknown(root, categories)
        return _accepted(root)
    except CouponRefused:
        raise
    except Refused as refused:
        raise CouponRefused(refused.faults) from None


def of_data(data: Mapping[str, Any]) -> Terms:
    """The terms of `data()`, as they are kept."""
    return _accepted(from_json(json.dumps(data)))


def digest(terms: Terms) -> str:
    """The same for two documents exactly where they mean the same."""
    return hashlib.sha256(json.dumps(terms.data(), sort_keys=True).encode()).hexdigest()


def _accepted(root: Node) -> Terms:
    terms = _read(root)
    if root.faults:
        raise CouponRefused(sorted(root.faults, key=lambda fault: fault.line or 0))
    return terms


def _read(root: Node) -> Terms:
    form = Form(root)
    kind = form.need("kind", one_of(SpendAndSave.kind, Percent.kind))
    minimum = form.may("minimum", yuan, ZERO)
    terms = Terms(
        key=form.need("key", text(64)),
        title=form.need("title", text(40)),
        worth=read_worth(form, kind, minimum),
        minimum=minimum,
        who=form.may("for", one_of(*WHO), "everyone"),
        scope=form.may("scope", Scope.read, Scope()),
        starts_at=form.may("from", instant, None),
        ends_at=form.may("until", instant, None),
        valid_days=form.may("valid_days", whole(1, 3650), None),
        stock=form.may("stock", whole(1, MOST), None),
        per_person=form.may("per_person", whole(1, MOST_PER_PERSON), 1),
        shared=form.may("share", flag, True),
    )
    if terms.starts_at is not None and terms.ends_at is not None and terms.ends_at <= terms.starts_at:
        form.children["until"].wrong("必须晚于 from", "must be after from")
    return form.done(terms)


def _refuse_unknown(root: Node, categories: Mapping[str, str]) -> None:
    """A scope may only name what somebody sells."""
    known = {"categories": set(categories.values()), "skus": set(categories), "exclude": set(categories)}
    for node in root.walk():
        found = _SCOPED.fullmatch(node.key)
        if found and isinstance(node.value, Leaf) and node.value.text not in known[found[1]]:
            what = ("没有这个类目", "category") if found[1] == "categories" else ("没有这个 SKU ", "SKU")
            node.wrong(f"{what[0]}的商品：{node.value.text}", f"no product has this {what[1]}: {node.value.text}")
