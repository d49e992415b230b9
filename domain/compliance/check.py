"""The check itself: every probe is played, and what it shows becomes findings.

    check(plan, context) -> [Finding]         # gravest first, then by rule id; the same for the same input, always

Pure: no clock, no network, nothing written.

Source   compliance.md §1 to §3
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domain.compliance import words
from domain.compliance.context import Context, Extra, Right
from domain.compliance.finding import SEVERITIES, Evidence, Finding, Severity, of_severity
from domain.compliance.probes import depth as depths
from domain.compliance.probes import entry, heads, money
from domain.compliance.rules import RULES, family
from domain.compliance.stage import Stage
from domain.money import Money, rate_text
from domain.plan import MilestoneRule, Plan, RankingRule, Reward, Rule, TaskRule

COMBINED = ("EF", "HC", "TP")
NO_PLAN = Context()


def check(plan: Plan, context: Context = NO_PLAN) -> list[Finding]:
    """Everything that the rule set says of a plan, one finding for each rule."""
    stage = Stage(plan, context)
    found: dict[str, Finding] = {}
    for finding in _findings(stage):
        there = found.get(finding.rule_id)  # the gravest of a rule, the first of equals
        if there is None or SEVERITIES.index(finding.severity) < SEVERITIES.index(there.severity):
            found[finding.rule_id] = finding
    if combined := _combined(list(found.values())):
        found["X-1"] = combined
    return sorted(found.values(), key=lambda it: (SEVERITIES.index(it.severity), it.rule_id))


def _findings(stage: Stage) -> Iterator[Finding]:
    depth = depths.Depth(stage)
    yield from _entry(stage, depth)
    yield from _heads(stage, depth)
    yield from _team(stage, depth)
    yield from _structure(stage)
    yield from _money(stage, depth)
    yield from _given_otherwise(stage)


def _finding(
    rule_id: str,
    probe: str,
    shape: str | None,
    numbers: Mapping[str, Any],
    said: str,
    severity: Severity | None = None,
) -> Finding:
    rule = RULES[rule_id]
    evidence = Evidence(probe, shape, numbers, said)
    return Finding(
        rule_id, severity or rule.severity, rule.title_zh, rule.reason_zh, evidence, rule.remedy_zh, rule.sources
    )


# ---------------------------------------------------------------------------------------------------------------
# EF


def _entry(stage: Stage, depth: depths.Depth) -> Iterator[Finding]:
    ways = entry.least_costs(stage.plan, stage.context)
    shut = [way for way in ways.values() if not way.is_free]
    costs = {f"{right}_fen": way.cost.fen if way.open else None for right, way in ways.items()}
    for rule_id, hit in (
        ("EF-1", any(way.fee or not way.open for way in shut)),
        ("EF-2", any(w.purchase for w in shut)),
    ):
        if hit:
            titles = sorted({route.title for way in shut for route in way.routes})
            said = f"最便宜的途径也要付出代价：{'、'.join(titles) or '没有任何途径取得全部权利'}（{_cost_text(ways)}）"
            yield _finding(rule_id, "P-ENTRY", None, costs | {"routes": titles}, said)
    beside = [route for route in entry.beside_free(stage.plan, stage.context) if not shut]
    if stage.context.every_buyer_joins or beside:
        titles = sorted({route.title for route in beside}) or ["下单即成为分销员"]
        said = f"免费途径之外还有：{'、'.join(titles)}"
        yield _finding("EF-3", "P-ENTRY", None, costs | {"routes": titles}, said)
    for rank in stage.context.ranks:
        if rank.spending:
            rule_id = "EF-5" if rank.gives == "own_rate" else "EF-4"
            said = f"本人消费满 {rank.spending.spoken} 元升为「{rank.title}」"
            numbers = {"rank": rank.title, "spending_fen": rank.spending.fen, "gives": rank.gives}
            yield _finding(rule_id, "P-ENTRY", None, numbers, said)
    moved = depth.moved_by_spending()
    if moved:
        seats = sorted(moved)
        said = f"只靠本人购买，就改变了{_seats_text(seats)}从卖给别人的同一笔订单里得到的佣金"
        yield _finding("EF-4" if any(seats) else "EF-5", "P-ENTRY", depth.shape, {"seats": seats}, said)


def _cost_text(ways: Mapping[Right, entry.Way]) -> str:
    names = {"promote": "推广", "recruit": "邀请", "earn": "拿佣金"}
    return "，".join(f"{names[right]}{_way_text(way)}" for right, way in ways.items())


def _way_text(way: entry.Way) -> str:
    if not way.open:
        return "无法取得"
    if way.cost:
        return f" {way.cost.spoken} 元"
    return "须先下单" if way.routes else "免费"


def _seats_text(seats: list[int]) -> str:
    return "、".join("出单人" if up == 0 else f"第 {up} 级上级" for up in seats)


# ---------------------------------------------------------------------------------------------------------------
# HC


def _heads(stage: Stage, depth: depths.Depth) -> Iterator[Finding]:
    joining = heads.for_joining(stage)
    if joining is not None:
        numbers = {"rules": list(joining.rules), "reward_fen": joining.fen, "in_kind": joining.in_kind}
        said = f"只有人加入、没有任何订单，就付出 {_worth_text(joining)}（{_titles(stage.plan, joining.rules)}）"
        yield _finding("HC-1", "P-RECRUIT", joining.shape, numbers, said)
    moved = sorted(depth.moved_by_heads())
    if moved:
        said = f"多几个从不卖货的下级，{_seats_text(moved)}从同一笔订单里得到的佣金就变了"
        rule_id = "HC-2" if any(moved) else "HC-1"
        yield _finding(rule_id, "P-RECRUIT", depth.shape, {"seats": moved}, said)
    firsts = heads.for_first_orders(stage)
    for first in firsts:
        if not first.counted:
            said = f"「{_titles(stage.plan, [first.rule])}」数人头，又从他人的订单里按比例付钱"
            yield _finding("HC-2", "P-FIRST", first.given.shape, _first_numbers(first), said)
    counted = [first for first in firsts if first.counted]
    if counted:
        yield _by_the_head(stage, counted)
    leads = money.paid_for_leads(stage, stage.leads)
    if leads:
        rule_id = "HC-1" if stage.context.every_buyer_joins else "HC-5"
        said = f"实付 0 元的 {'、'.join(leads)} 也付固定奖励"
        yield _finding(rule_id, "P-FIRST", "chain-4", {"skus": leads}, said)


def _by_the_head(stage: Stage, counted: list[heads.First]) -> Finding:
    """HC-4 where everything stays within its limits, else HC-3."""
    limits = heads.limits_of(stage, {first.rule for first in counted})
    deepest = max(first.depth for first in counted)
    numbers = {
        "rules": sorted(first.rule for first in counted),
        "depth": deepest,
        "most_of_an_order_bp": limits.most_bp,
        "orders_in_a_month": limits.orders,
        "own_purchase_counts": limits.for_own,
    }
    share = "价值不明" if limits.most_bp is None else f"最多为该订单的 {rate_text(limits.most_bp)}"
    said = (
        f"「{_titles(stage.plan, sorted(first.rule for first in counted))}」不随订单金额和数量增长："
        f"一个月带来 30 人，付 {limits.orders} 次，每次{share}，最深到第 {deepest} 级"
    )
    rule_id = "HC-4" if deepest == 1 and limits.kept else "HC-3"
    return _finding(rule_id, "P-FIRST", "star-30", numbers, said)


def _first_numbers(first: heads.First) -> dict[str, Any]:
    return {"rules": [first.rule], "depth": first.depth, "reward_fen": first.given.fen, "in_kind": first.given.in_kind}


def _worth_text(given: heads.Given) -> str:
    parts = [f"{Money(given.fen).spoken} 元"] if given.fen else []
    return "和 ".join(parts + ([f"{given.in_kind} 份非现金奖励"] if given.in_kind else []))


def _titles(plan: Plan, rules: list[str] | tuple[str, ...]) -> str:
    return "、".join(rule.title for rule in plan.rules if rule.id in rules)


# ---------------------------------------------------------------------------------------------------------------
# TP and MX


def _team(stage: Stage, depth: depths.Depth) -> Iterator[Finding]:
    team = depths.team_depth(stage)
    if team > 1:
        said = f"团队奖励算到出单人以上第 {team} 级" if team < depths.CHAIN - 1 else "团队奖励不限层级"
        yield _finding("TP-4", "P-DEPTH", "chain-12", {"team_depth": team}, said)
    seats = depth.seats() | ({1} if team == 1 else set())
    above = len(seats)
    if above:
        rule_id = "TP-1" if above == 1 else "TP-2" if above <= 4 else "TP-3"
        said = f"链上最末一人卖出一单，除他以外有 {above} 人得佣金（{_seats_text(sorted(seats))}）"
        yield _finding(rule_id, "P-DEPTH", depth.shape, {"paid_above": above, "seats": sorted(seats)}, said)


def _structure(stage: Stage) -> Iterator[Finding]:
    if found := depths.foreign(stage):
        said = f"与该订单无关的 {len(found)} 人也得到奖励"
        yield _finding("MX-1", "P-FOREIGN", "binary-5", {"people": len(found)}, said)
    if stage.context.upline_moves:
        yield _finding("MX-2", "P-MOVE", None, {"declared": True}, "商家说明上级关系会变动")
    if idle := heads.while_idle(stage):
        yield _finding("MX-3", "P-IDLE", "random", {"awards": idle}, f"一年没有订单，仍产生 {idle} 笔奖励")


# ---------------------------------------------------------------------------------------------------------------
# MN


def _money(stage: Stage, depth: depths.Depth) -> Iterator[Finding]:
    yield from _ratio(money.worst_ratio(stage, depth))
    back = money.cash_back_bp(stage) + sum(it.share_bp or 0 for it in stage.context.rewards if it.reason == "own_order")
    if back:
        severity: Severity = "BLOCK" if back >= 10000 else "OVERRIDE" if back > 5000 else "WARN"
        said = f"分销员自己买，最多返还实付的 {rate_text(back)}"
        yield _finding("MN-7", "P-SELF", "chain-4", {"cash_back_bp": back}, said, severity)
    left = money.left_after_refund(stage)
    if stage.context.commission_kept_on_refund:
        yield _finding("MN-4", "P-REFUND", None, {"declared": True}, "商家说明退款后不收回佣金")
    elif left is not None:
        said = f"{left.what}以后还剩 {Money(left.fen).spoken} 元"
        yield _finding("MN-4", "P-REFUND", "chain-4", {"left_fen": left.fen, "refund": left.what}, said)
    if stage.context.payout_before_completion or money.released_before_return_days(stage):
        days = stage.plan.terms.hold_days
        said = "订单完成之前就付款" if stage.context.payout_before_completion else f"售后期只有 {days} 天"
        yield _finding("MN-5", "P-REFUND", "chain-4", {"hold_days": days}, said)


def _ratio(worst: money.Ratio) -> Iterator[Finding]:
    numbers = {
        "sku": worst.sku,
        "price_fen": worst.price.fen,
        "commission_bp": worst.commission_bp,
        "bonus_bp": worst.bonus_bp,
        "payout_bp": worst.total_bp,
        "over_margin": worst.over_margin,
    }
    said = (
        f"{worst.sku} 卖 {worst.price.spoken} 元时最多付出实收的 {rate_text(worst.total_bp)}"
        f"（佣金 {rate_text(worst.commission_bp)}，达标奖和团队奖 {rate_text(worst.bonus_bp)}，不含实物和榜单奖）"
    )
    if worst.over_margin is not None:
        said += f"；{worst.over_margin} 的佣金超过毛利"
    if worst.total_bp >= 10000:
        yield _finding("MN-1", "P-RATIO", worst.shape, numbers, said)
    elif worst.total_bp > 5000 or worst.over_margin is not None:
        yield _finding("MN-2", "P-RATIO", worst.shape, numbers, said)
    elif worst.total_bp > 3000:
        yield _finding("MN-3", "P-RATIO", worst.shape, numbers, said)


# ---------------------------------------------------------------------------------------------------------------
# What is given in kind, for tasks, and beside the plan


def _given_otherwise(stage: Stage) -> Iterator[Finding]:
    gifts = [rule for rule in stage.plan.rules if any(reward.kind == "gift" for reward in _rewards(rule))]
    if gifts:
        unvalued = [rule.id for rule in gifts if any(it.kind == "gift" and it.worth is None for it in _rewards(rule))]
        said = f"「{'、'.join(rule.title for rule in gifts)}」给实物或服务"
        said += f"，其中 {len(unvalued)} 项没有写价值" if unvalued else "，已写明价值，发放时要计入收入"
        numbers = {"rules": [rule.id for rule in gifts], "without_value": unvalued}
        yield _finding("TX-3", "PLAN", None, numbers, said)
    for rule in stage.plan.rules:
        if isinstance(rule, TaskRule):
            yield from _task(rule)
    for extra in stage.context.rewards:
        yield from _extra(extra)
    group = stage.context.group_buy
    if group is not None and not group.is_clear:
        numbers = group.data() | {"initiator": group.initiator.fen}
        given = f"，开团人得 {group.initiator.spoken} 元" if group.initiator else ""
        yield _finding("WX-3", "CONTEXT", None, numbers, f"{group.size} 人拼团{given}")


def _rewards(rule: Rule) -> list[Reward]:
    if isinstance(rule, MilestoneRule | TaskRule):
        return [rule.reward]
    return list(rule.prizes) if isinstance(rule, RankingRule) else []


def _task(rule: TaskRule) -> Iterator[Finding]:
    """What a person decides cannot be played; the words say what it is given for."""
    if hit := words.sharing(rule.title):
        yield _finding("WX-1", "WORDS", None, {"rule": rule.id, "word": hit}, f"任务「{rule.title}」含「{hit}」")
    if hit := words.recruiting(rule.title):
        yield _finding("HC-1", "WORDS", None, {"rule": rule.id, "word": hit}, f"任务「{rule.title}」含「{hit}」")


EXTRAS = {
    "recruit": "HC-1",
    "registration": "HC-5",
    "share": "WX-1",
    "team_ranking": "TP-4",
    "position": "MX-1",
    "idle": "MX-3",
    "own_order_back": "MX-4",
}


def _extra(extra: Extra) -> Iterator[Finding]:
    rule_id = EXTRAS.get(extra.reason)
    if rule_id is not None:
        numbers = {"title": extra.title, "for": extra.reason, "cash_fen": extra.cash.fen if extra.cash else None}
        yield _finding(rule_id, "CONTEXT", None, numbers, f"商家说明另有「{extra.title}」")


# ---------------------------------------------------------------------------------------------------------------
# X


def _combined(found: list[Finding]) -> Finding | None:
    hit = [it.rule_id for it in of_severity(found, "OVERRIDE") if family(it.rule_id) in COMBINED]
    if len({family(rule_id) for rule_id in hit}) < 2:
        return None
    return _finding("X-1", "COMBINATION", None, {"rules": sorted(hit)}, f"同时命中 {'、'.join(sorted(hit))}")
