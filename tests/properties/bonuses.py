"""Random plans with rules of every kind, histories that reach their thresholds, and what the books then hold."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import func, select

from domain import evaluation
from domain.money import ZERO, total
from domain.why import why
from models.bonus import Bonus, Entitlement
from models.commission import Award
from models.distributor import Distributor
from models.ledger import LedgerAccount, LedgerPosting
from models.order import Order
from models.settlement import Statement
from models.withdrawal import Withdrawal
from services import ledger
from services.bonus import told
from tests.properties import worlds
from tests.properties.live import Live
from tests.properties.worlds import DAY, Delivery, History

BEFORE = worlds.T0 - timedelta(days=31)  # the plan is in force when the month begins
SCOPES: list[dict[str, Any]] = [{}, {}, {"skus": ["PEAR"]}, {"categories": ["水果"], "exclude": ["APPLE"]}]
IN_KIND: list[dict[str, Any]] = [
    {"coupon": "CASH50"},
    {"points": 30},
    {"gift": "苹果一箱", "value": "59.00"},
    {"title": "金牌"},
]


@st.composite
def plans(draw: st.DrawFn) -> str:
    """What worlds.plans draws, and one to four rules of other kinds."""
    document = json.loads(draw(worlds.plans(counting=draw(st.booleans()))))
    kinds = draw(st.lists(st.sampled_from(["milestone", "milestone", "team", "ranking"]), min_size=1, max_size=4))
    drawn = {"milestone": _milestones, "team": _teams, "ranking": _rankings}
    rules = [{"id": f"b{n}", "kind": kind, "title": f"奖励{n}", **draw(drawn[kind]())} for n, kind in enumerate(kinds)]
    document["rules"] = [*document["rules"][:2], *rules]
    return json.dumps(document, ensure_ascii=False)


def _rewards(*more: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from([{"cash": "10.00"}, {"cash": "0.07"}, {"cash": "0.00"}, *IN_KIND, *more])


@st.composite
def _milestones(draw: st.DrawFn) -> dict[str, Any]:
    of = draw(st.sampled_from(["orders", "buyers", "units", "sales", "recruits", "recruits", "chain"]))
    count: dict[str, Any] = {"of": of}
    if of != "chain":
        count["window"] = draw(st.sampled_from(["lifetime", "lifetime", "week", "month"]))
    if of in ("recruits", "chain"):
        count["qualify"] = draw(st.sampled_from(["sold", "sold", "joined"]))
    else:
        count["scope"] = draw(st.sampled_from(SCOPES))
    steps: list[Any] = ["30.00", "100.00", "150.00"] if of == "sales" else [1, 2, 3]
    when = draw(st.sampled_from([{"every": steps[0]}, {"every": steps[1]}, {"at": steps[:2]}, {"at": steps[1:]}]))
    limit = draw(st.sampled_from([{}, {}, {"limit": 1}]))
    return {"count": count, **when, **limit, "reward": draw(_rewards({"percent": "10%"}, {"percent": "0.5%"}))}


@st.composite
def _teams(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "window": draw(st.sampled_from(["day", "week", "month"])),
        "depth": draw(st.integers(1, 3)),
        "own": draw(st.booleans()),
        "steps": draw(st.sampled_from([{"0.01": "5%"}, {"50.00": "2%", "150.00": "3.33%"}, {"500.00": "1%"}])),
        "differential": draw(st.booleans()),
        "scope": draw(st.sampled_from(SCOPES)),
    }


@st.composite
def _rankings(draw: st.DrawFn) -> dict[str, Any]:
    by = draw(st.sampled_from(["sales", "orders", "units"]))
    least = draw(st.sampled_from([{}, {"at_least": "50.00" if by == "sales" else 2}]))
    prizes = draw(st.lists(_rewards(), min_size=1, max_size=3))
    window = draw(st.sampled_from(["day", "week", "month"]))
    return {"window": window, "by": by, **least, "prizes": prizes, "scope": draw(st.sampled_from(SCOPES))}


@st.composite
def histories(draw: st.DrawFn, punctual: bool) -> History:
    """Up to eight orders; runs until well after the month. `punctual`: each fact comes in its time.

    What a run has fixed for team and ranking is not touched by facts that come late, so with such rules none does.
    """
    people = draw(worlds._people())
    orders = tuple(draw(worlds._order(f"O{number}", people, 60)) for number in range(draw(st.integers(1, 8))))
    found: list[Delivery] = []
    for place, order in enumerate(orders):
        arrivals = draw(worlds._arrivals(place, order))
        found += [_in_time(one, orders) for one in arrivals if one.kind != "wrong"] if punctual else arrivals
    for place, person in enumerate(people):
        if person.suspended_at is not None:
            found.append(Delivery(person.suspended_at, "suspend", place))
    last = max(delivery.tick for delivery in found)
    runs = st.integers(0, last + 4 * DAY) | st.sampled_from([8 * DAY, 12 * DAY, 31 * DAY, 40 * DAY])
    found += [Delivery(draw(runs), "settle") for _ in range(draw(st.integers(0, 4)))]
    for _ in range(draw(st.integers(0, 2))):
        tick, who = draw(st.integers(DAY, last + 4 * DAY)), draw(st.integers(0, len(people) - 1))
        fate = draw(st.sampled_from(["wait", "approve", "reject", "paid"]))
        found.append(Delivery(tick, "withdraw", who, draw(st.sampled_from([50, 100])), fate))
    found = draw(st.permutations(found))
    # Of one moment everything comes before a run: by T includes T.
    return History(people, orders, tuple(sorted(found, key=lambda one: (one.tick, one.kind == "settle"))))


def _in_time(one: Delivery, orders: tuple[worlds.Order, ...]) -> Delivery:
    order = orders[one.subject]
    if one.kind == "completion":
        return replace(one, tick=order.completed_at)
    if one.kind == "refund":
        return replace(one, tick=order.refunds[one.what].at)
    return replace(one, tick=order.paid_at, form="whole" if order.completed_at == order.paid_at else "bare")


def has_windows(plan: str) -> bool:
    return any(rule["kind"] in ("team", "ranking") for rule in json.loads(plan)["rules"])


@dataclass
class BonusLive(Live):
    """The merchant of a history whose plan has rules of every kind."""

    def bonuses(self) -> Counter[tuple[Any, ...]]:
        query = (
            select(Bonus, Order.no, Distributor.code)
            .join(Order, Order.id == Bonus.order_id, isouter=True)
            .join(Distributor, Distributor.id == Bonus.distributor_id)
            .where(Bonus.state.in_(("available", "reversed")))
        )
        with self.sessions.reading() as session:
            return Counter(
                (
                    row.Bonus.rule,
                    row.code,
                    row.Bonus.as_,
                    row.no,
                    row.Bonus.window or None,
                    row.Bonus.n or None,
                    row.Bonus.base.fen,
                    row.Bonus.rate_bp,
                    row.Bonus.amount.fen,
                    json.dumps(row.Bonus.reward, sort_keys=True),
                    row.Bonus.state,
                    why(row.Bonus.facts),
                )
                for row in session.execute(query)
            )

    def bonus_skips(self) -> Counter[tuple[Any, ...]]:
        query = (
            select(Bonus, Order.no, Distributor.code)
            .join(Order, Order.id == Bonus.order_id, isouter=True)
            .join(Distributor, Distributor.id == Bonus.distributor_id)
            .where(Bonus.state == "skipped")
        )
        with self.sessions.reading() as session:
            found = Counter(
                (row.Bonus.rule, row.code, row.Bonus.as_, row.no, row.Bonus.window or None, row.Bonus.reason)
                for row in session.execute(query)
            )
            for who, code in zip(self.ids, self.codes, strict=True):
                missed = told.below_first_step(session, who, limit=1000)
                found.update((one.rule.id, code, "team", None, one.window, "below_first_step") for one in missed)
        return found

    def check_books(self) -> None:
        """Balances are what awards and bonuses say; points and what was given in kind likewise."""
        with self.sessions.reading() as session:
            assert ledger.verify(session) == []
            for who in self.ids:
                have = ledger.balances(session, who)
                mine = session.scalars(select(Award).where(Award.distributor_id == who)).all()
                bonuses = session.scalars(select(Bonus).where(Bonus.distributor_id == who)).all()
                available = total(row.amount for row in mine if row.state == "available")
                earned = available + total(row.amount for row in bonuses)
                asked = session.scalars(select(Withdrawal).where(Withdrawal.distributor_id == who)).all()
                held = total(row.amount for row in asked if row.state in ("requested", "approved"))
                gone = total(row.amount for row in asked if row.state == "paid")
                assert have.pending == total(row.amount for row in mine if row.state == "pending")
                assert have.available + held + gone == earned
                points = [row.reward["points"] for row in bonuses if row.state == "available" and _points(row)]
                assert ledger.points(session, who) == sum(points)
                told = session.scalars(select(Statement).where(Statement.distributor_id == who)).all()
                assert total(row.bonus for row in told) == total(row.amount for row in bonuses)
                assert all(row.told_at is not None for row in told)
            issued = session.scalars(select(Entitlement.bonus_id).where(Entitlement.state == "issued")).all()
            in_kind = session.scalars(select(Bonus).where(Bonus.state == "available")).all()
            assert sorted(issued) == sorted(row.id for row in in_kind if row.reward is not None)
            cost = session.scalar(
                select(func.sum(LedgerPosting.amount))
                .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
                .where(LedgerAccount.name == "merchant:commission_cost")
            )
            paid = total(session.scalars(select(Award.amount))) + total(session.scalars(select(Bonus.amount)))
            assert (cost or ZERO) == -paid


def _points(row: Bonus) -> bool:
    return row.reward is not None and "points" in row.reward


def parted(found: evaluation.Evaluation) -> tuple[evaluation.Evaluation, evaluation.Evaluation]:
    """What commission gives, and what other kinds do."""

    def only(commission: bool) -> evaluation.Evaluation:
        def mine(as_: str) -> bool:
            return (as_ == "seller" or as_.startswith("upline-")) is commission

        return evaluation.Evaluation(
            tuple(award for award in found.awards if mine(award.as_)),
            tuple(skip for skip in found.skips if mine(skip.as_)),
        )

    return only(True), only(False)


def bonuses_of(found: evaluation.Evaluation) -> Counter[tuple[Any, ...]]:
    return Counter(
        (
            data["rule"], data["to"], data["as"], data["order"], data["window"], data["n"], data["base_fen"],
            data["bps"], data["amount_fen"], json.dumps(data["reward"], sort_keys=True), data["state"], data["why"],
        )
        for data in found.data()["awards"]
    )  # fmt: skip


def bonus_skips_of(found: evaluation.Evaluation) -> Counter[tuple[Any, ...]]:
    return Counter(
        (data["rule"], data["to"], data["as"], data["order"], data["window"], data["reason"])
        for data in (skip.data() for skip in found.skips)
    )
