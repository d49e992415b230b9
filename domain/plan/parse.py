"""Text to plan and back.

A kind of rule is one class with `read` and `data` and one row in domain.plan.kinds.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

from domain.document import Fault, Form, Leaf, Node, Refused, Wrong, each, from_yaml, text
from domain.money import Money
from domain.plan.counts import Level
from domain.plan.kinds import KINDS
from domain.plan.model import Rule, Terms
from domain.plan.plan import Plan


class PlanRefused(Refused):
    """The plan is not accepted; `faults` say where, what and why."""

    code = "plan.refused"


@dataclass(frozen=True, slots=True)
class Product:
    """What a plan may refer to. `cost` is None where the merchant has not told it."""

    sku: str
    category: str
    cost: Money | None = None


Catalogue: TypeAlias = Mapping[str, Product]


def parse(source: str) -> Plan:
    """The plan of a YAML (or canonical JSON) text. SKUs and categories are checked by `check_against`."""
    try:
        root = from_yaml(source)
    except Refused as refused:
        raise PlanRefused(refused.faults) from None
    plan = _read_plan(root)
    if root.faults:
        raise PlanRefused(sorted(root.faults, key=lambda fault: fault.line or 0))
    return plan


def canonical(plan: Plan) -> str:
    """The one JSON text of a plan: defaults filled in, keys in the file's order, scopes sorted."""
    return json.dumps(plan.data(), ensure_ascii=False, separators=(", ", ": "))


def digest(plan: Plan) -> str:
    """SHA-256 of the canonical text, in hex: the same for two files exactly where they mean the same."""
    return hashlib.sha256(canonical(plan).encode()).hexdigest()


def check_against(plan: Plan, catalogue: Catalogue) -> None:
    """Refuse a plan that names SKUs or categories nobody sells, or takes the profit of a SKU without cost."""
    faults = [fault for index, rule in enumerate(plan.rules) for fault in _rule_faults(plan, index, rule, catalogue)]
    if faults:
        raise PlanRefused(faults)


def _read_plan(root: Node) -> Plan:
    form = Form(root)
    plan = form.done(
        Plan(
            name=form.need("name", text()),
            terms=form.may("terms", Terms.read, Terms()),
            levels=form.may("levels", _read_levels, ()),
            rules=form.need("rules", _read_rules),
            lines={
                (re.sub(r"\[\d+\]$", "", node.key), node.value.text): node.line
                for node in root.walk()
                if isinstance(node.value, Leaf) and node.line
            },
        )
    )
    _refuse_unknown_levels(root, [level.id for level in plan.levels or () if level])
    return plan


def _read_levels(node: Node) -> tuple[Level, ...]:
    levels = each(Level.read)(node)
    _refuse_repeated_ids(node, "等级", "levels")
    return levels


def _read_rules(node: Node) -> tuple[Rule, ...]:
    rules = each(_read_rule)(node)
    _refuse_repeated_ids(node, "规则", "rules")
    return rules


def _refuse_repeated_ids(node: Node, zh: str, en: str) -> None:
    seen: set[str] = set()
    for child in node.value if isinstance(node.value, list) else []:
        named = child.value.get("id") if isinstance(child.value, dict) else None
        if named is not None and isinstance(named.value, Leaf):
            if named.value.text in seen:
                named.wrong(f"{zh}编号 {named.value.text} 用了两次", f"two {en} have the id {named.value.text}")
            seen.add(named.value.text)


def _refuse_unknown_levels(root: Node, known: list[str]) -> None:
    """Levels are declared in one place of the file and named in another: in tables by level."""
    zh, en = "、".join(known) or "（没有写 levels）", ", ".join(known) or "(there are no levels)"
    for node in root.walk():
        if re.fullmatch(r"rules\[\d+\]\.pay\[\d+\]\.(rate|amount)", node.key) and isinstance(node.value, dict):
            by, table = node.value.get("by"), node.value.get("table")
            if by is None or table is None or not isinstance(by.value, Leaf) or not isinstance(table.value, dict):
                continue
            for name, child in table.value.items() if by.value.text == "level" else ():
                if name not in known:
                    child.wrong(f"没有这个等级；可用：{zh}", f"there is no such level; allowed: {en}")


def _read_rule(node: Node) -> Rule:
    """The rule of the class that its `kind` names."""
    kind = Form(node).need("kind", _read_kind)
    return (
        KINDS[kind].read(node) if kind else cast(Rule, None)
    )  # without a kind there is a fault, and no plan comes of it


def _read_kind(node: Node) -> str:
    kind, kinds = text()(node), ", ".join(KINDS)
    if kind not in KINDS:
        raise Wrong(f"没有这种规则类型；可用：{kinds}", f"there is no such kind of rule; allowed: {kinds}")
    return kind


def _rule_faults(plan: Plan, index: int, rule: Rule, catalogue: Catalogue) -> Iterator[Fault]:
    scope = rule.scope
    categories = {product.category for product in catalogue.values()}
    for key, names, known, zh, en in (
        ("categories", scope.categories, categories, "没有这个类目的商品", "no product has this category"),
        ("skus", scope.skus, catalogue.keys(), "没有这个 SKU 的商品", "no product has this SKU"),
        ("exclude", scope.exclude, catalogue.keys(), "没有这个 SKU 的商品", "no product has this SKU"),
    ):
        path = f"rules[{index}].{rule.scope_key}.{key}"
        for name in sorted(names - known):
            yield Fault(plan.lines.get((path, name)), path, f"{zh}：{name}", f"{en}: {name}")
    if getattr(rule, "base", "net") == "profit":
        path = f"rules[{index}].base"
        for product in sorted(catalogue.values(), key=lambda product: product.sku):
            if product.cost is None and scope.holds(product.sku, product.category):
                zh, en = f"商品 {product.sku} 没有成本价，不能按利润计算", f"product {product.sku} has no cost"
                yield Fault(plan.lines.get((path, "profit")), path, zh, f"{en}, so its profit is unknown")
