"""Short forms for plans and scenarios, so that a test shows only what it is about.

given(pay="{to: seller, rate: 10%}", chain="A>B>C")         # A invited B, B invited C; C sells O1 for 100.00
    .order("O1", paid="100.00").earns() == {"C": "10.00"}
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from domain.evaluation import evaluate_files
from domain.money import Money

PAID_AT = "2026-03-01T10:00:00+08:00"


def plan_text(*pay: str, terms: str = "{}", rules: str = "", more: str = "") -> str:
    """A plan of one rule with the rows `pay`, or of the YAML items `rules`; `more` stands in the one rule."""
    rows = ", ".join(pay)
    one = f"  - {{id: direct, kind: commission, title: 推广佣金, {more}{', ' if more else ''}pay: [{rows}]}}\n"
    return f"name: 测试方案\nterms: {terms}\nrules:\n{rules or one}"


def known_by(scenario: dict[str, Any], as_of: str) -> dict[str, Any]:
    """A scenario without what happened after a moment."""
    known = [
        order
        | {
            "refunds": [refund for refund in order["refunds"] if refund["at"] <= as_of],
            "completed_at": order["completed_at"] if (order["completed_at"] or "9") <= as_of else None,
        }
        for order in scenario["orders"]
        if order["paid_at"] <= as_of
    ]
    return scenario | {"orders": known}


class Story:
    """A scenario that grows by one fact a call."""

    def __init__(self, plan: str, chain: str = "A>B>C") -> None:
        """`A>B>C, A>D`: A invited B and D, B invited C; who stands last in the first chain sells."""
        self.plan = plan
        self.seller = chain.split(",")[0].split(">")[-1]
        uplines: dict[str, str | None] = {}
        for codes in (part.strip().split(">") for part in chain.split(",")):
            for upline, code in zip([None, *codes], codes, strict=False):
                uplines.setdefault(code, upline)
        self.distributors: list[dict[str, Any]] = [{"code": code, "upline": up} for code, up in uplines.items()]
        self.products: list[dict[str, Any]] = []
        self.orders: list[dict[str, Any]] = []

    def person(self, code: str, **facts: Any) -> Story:
        """Change what is known of somebody, or add him."""
        known = next((person for person in self.distributors if person["code"] == code), None)
        if known is None:
            self.distributors.append({"code": code, **facts})
        else:
            known.update(facts)
        return self

    def product(self, sku: str, category: str = "其他", cost: str | None = None) -> Story:
        self.products.append({"sku": sku, "category": category, "cost": cost})
        return self

    def order(self, no: str = "O1", *lines: tuple[str, int, str], **facts: Any) -> Story:
        """An order of lines (SKU, units, yuan paid); one unit for 100.00 where none is given."""
        self.orders.append(
            {
                "no": no,
                "seller": self.seller,
                "buyer": "cust-1",
                "paid_at": PAID_AT,
                "lines": [{"sku": sku, "qty": qty, "paid": paid} for sku, qty, paid in lines or [("P", 1, "100.00")]],
                "refunds": [],
                **facts,
            }
        )
        return self

    def sold(
        self, no: str, seller: str | None = None, paid: str = "100.00", at: str = "2026-03-01", **facts: Any
    ) -> Story:
        """An order of one line, completed when it is paid (`at`, noon of a day), for a customer of its own."""
        noon = at if "T" in at else f"{at}T12:00:00+08:00"
        line = (facts.pop("sku", "P"), facts.pop("qty", 1), paid)
        facts = {"seller": seller or self.seller, "buyer": f"customer of {no}", "completed_at": noon} | facts
        return self.order(no, line, paid_at=noon, **facts)

    def refund(self, amount: str = "0.00", qty: int = 0, line: int = 0, at: str = "2026-03-04T10:00:00+08:00") -> Story:
        """Of the last order."""
        self.orders[-1]["refunds"].append({"at": at, "line": line, "qty": qty, "amount": amount})
        return self

    def scenario(self) -> str:
        return json.dumps({"distributors": self.distributors, "products": self.products, "orders": self.orders})

    def result(self, as_of: str | None = None) -> dict[str, Any]:
        return evaluate_files(self.plan, self.scenario(), as_of)

    def awards(self, as_of: str | None = None) -> list[dict[str, Any]]:
        return list(self.result(as_of)["awards"])

    def award(self, as_of: str | None = None) -> dict[str, Any]:
        """The only one."""
        (award,) = self.awards(as_of)
        return award

    def earns(self, as_of: str | None = None) -> dict[str, str]:
        """What everybody has from all orders, in yuan; who has no award is left out."""
        sums: dict[str, int] = {}
        for award in self.awards(as_of):
            sums[award["to"]] = sums.get(award["to"], 0) + award["amount_fen"]
        return {code: Money(fen).yuan for code, fen in sums.items()}

    def of(self, rule: str, as_of: str | None = None) -> list[dict[str, Any]]:
        """The awards of one rule."""
        return [award for award in self.awards(as_of) if award["rule"] == rule]

    def stands(self, as_of: str | None = None) -> list[tuple[str, str | None, int | None, str]]:
        """(to, order, n, state) of every award."""
        return [(award["to"], award["order"], award["n"], award["state"]) for award in self.awards(as_of)]

    def skipped(self, as_of: str | None = None) -> list[tuple[str, str | None, str]]:
        """(as, to, reason) of every skip."""
        return [(skip["as"], skip["to"], skip["reason"]) for skip in self.result(as_of)["skips"]]


def ruled(*rules: str, chain: str = "A", terms: str = "{hold_days: 0}", levels: str = "[]") -> Story:
    """A plan of these rules, each a YAML mapping without its title; what is completed is settled unless told."""
    items = "".join(f"  - {{title: 奖励, {rule}}}\n" for rule in rules)
    return Story(f"name: 测试方案\nterms: {terms}\nlevels: {levels}\nrules:\n{items}", chain)


def given(*pay: str, chain: str = "A>B>C", **plan: Any) -> Story:
    return Story(plan_text(*pay, **plan), chain)


def upline_rates(rates: Iterable[str]) -> list[str]:
    """Rows for upline-1, upline-2, … with these rates."""
    return [f"{{to: upline-{up}, rate: {rate}}}" for up, rate in enumerate(rates, start=1)]
