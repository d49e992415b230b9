"""Random plans and contexts from a seed, as documents: every kind of rule, count, window and reward."""

from __future__ import annotations

import random
from typing import Any

from domain.money import Money

COUNTS = ("orders", "units", "sales", "buyers", "recruits", "team_size")
Doc = dict[str, Any]


def _threshold(dice: random.Random, of: str, low: int = 1) -> Any:
    number = dice.choice([low, 1, 2, 3, 10, 50, 500])
    return Money(number * 10000).yuan if of == "sales" else number


def _at(dice: random.Random, of: str, size: int) -> list[Any]:
    numbers = sorted(dice.sample([1, 2, 3, 5, 10, 20, 50, 100], size))
    return [Money(number * 10000).yuan if of == "sales" else number for number in numbers]


def _rate(dice: random.Random, most: int = 12) -> str:
    return f"{dice.randint(1, most)}%"


def _worth(dice: random.Random, levels: bool) -> Any:
    kind = dice.choice(["plain"] * 4 + ["steps", "level", "role"])
    if kind == "steps":
        of = dice.choice(COUNTS)
        return {
            "by": of,
            "window": dice.choice(["lifetime", "month", "day"]),
            "steps": {str(at): _rate(dice) for at in _at(dice, of, dice.randint(1, 3))},
        }
    if kind == "level" and levels:
        return {"by": "level", "table": {"a": _rate(dice), "b": _rate(dice)}}
    if kind == "role":
        return {"by": "role", "table": {"leader": _rate(dice)}, "else": _rate(dice)}
    return _rate(dice)


def _condition(dice: random.Random) -> Doc:
    of = dice.choice(COUNTS)
    window = dice.choice(["lifetime", "month", "week"])
    return {"of": of, "window": window, "at_least": _threshold(dice, of)}


def _commission(dice: random.Random, number: int, levels: bool) -> Doc:
    rows = []
    for up in range(dice.choice([1, 1, 2, 2, 3, 6])):
        row: Doc = {"to": f"upline-{up}" if up else "seller"}
        if dice.random() < 0.15:
            row["amount"] = Money(dice.randint(1, 500)).yuan
        else:
            row["rate"] = _worth(dice, levels)
        if dice.random() < 0.2:
            row["if"] = _condition(dice)
        rows.append(row)
    scope = dice.choice([{}, {}, {"skus": [f"S{number}"]}, {"categories": ["水果"]}])
    return {"id": f"c{number}", "kind": "commission", "title": f"佣金{number}", "scope": scope, "pay": rows}


def _reward(dice: random.Random, *, percent: bool = True) -> Doc:
    return dice.choice(
        [
            {"cash": Money(dice.randint(1, 3000)).yuan},
            {"coupon": "C10"},
            {"points": 5},
            {"gift": "礼品", "value": "9.00"},
            {"title": "之星"},
            *([{"percent": _rate(dice)}] if percent else []),
        ]
    )


def _milestone(dice: random.Random, number: int) -> Doc:
    of = dice.choice(["orders", "buyers", "units", "sales", "recruits", "recruits", "chain"])
    count: Doc = {"of": of}
    if of in ("recruits", "chain"):
        count["qualify"] = dice.choice(["sold", "joined"])
    if of != "chain":
        count["window"] = dice.choice(["lifetime", "month"])
    when = {"every": _threshold(dice, of)} if dice.random() < 0.5 else {"at": _at(dice, of, dice.randint(1, 3))}
    limit = {"limit": dice.choice([1, 10])} if dice.random() < 0.3 else {}
    return (
        {"id": f"m{number}", "kind": "milestone", "title": f"奖励{number}", "count": count}
        | when
        | limit
        | {"reward": _reward(dice)}
    )


def _team(dice: random.Random, number: int) -> Doc:
    return {
        "id": f"t{number}",
        "kind": "team",
        "title": "团队",
        "window": dice.choice(["day", "week", "month"]),
        "depth": dice.choice([1, 1, 2, 5]),
        "own": dice.random() < 0.5,
        "steps": {str(at): f"{dice.randint(1, 3)}%" for at in _at(dice, "sales", dice.randint(1, 2))},
        "differential": dice.random() < 0.3,
    }


def _ranking(dice: random.Random, number: int) -> Doc:
    prizes = [_reward(dice, percent=False) for _ in range(dice.randint(1, 3))]
    window, by = dice.choice(["day", "week", "month"]), dice.choice(["sales", "orders", "units"])
    return {"id": f"r{number}", "kind": "ranking", "title": "榜", "window": window, "by": by, "prizes": prizes}


def plan(dice: random.Random) -> Doc:
    levels = dice.random() < 0.3
    rules = [_commission(dice, number, levels) for number in range(dice.choice([1, 1, 2]))]
    for number, make in enumerate(
        dice.choices([_milestone, _team, _ranking], weights=[4, 1, 1], k=dice.choice([0, 1, 2]))
    ):
        rules.append(make(dice, number))
    document: Doc = {
        "name": "随机方案",
        "terms": {
            "own_orders": dice.choice(["none", "none", "seller", "upline"]),
            "hold_days": dice.choice([0, 7, 7, 15]),
            "max_share": dice.choice(["20%", "30%", "50%", "100%"]),
            "members_only": dice.random() < 0.2,
        },
    }
    if levels:
        document["levels"] = [{"id": "a", "title": "初级"}, {"id": "b", "title": "高级", "when": _condition(dice)}]
    return document | {"rules": rules}


def _route(dice: random.Random) -> Doc:
    pay = dice.choice(["none", "none", "fee", "deposit", "membership", "training", "purchase", "stock", "first_order"])
    route: Doc = {"title": pay, "pay": pay}
    if pay != "none":
        route["amount"] = dice.choice(["0.00", "0.01", "99.00", "499.00"])
    if dice.random() < 0.3:
        route["gives"] = dice.choice([["promote"], ["promote", "earn"], ["recruit"]])
    return route


def context(dice: random.Random) -> Doc:
    document: Doc = {}
    if dice.random() < 0.5:
        document["join"] = [_route(dice) for _ in range(dice.randint(1, 3))]
    if dice.random() < 0.3:
        document["members"] = [_route(dice) for _ in range(dice.randint(1, 2))]
    if dice.random() < 0.3:
        document["coupons"] = {"C10": "10.00"}
    return document
