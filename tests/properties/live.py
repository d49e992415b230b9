"""A history carried out on a real database through the use cases, and the same history as a scenario of `evaluate`."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain import evaluation
from domain.errors import DomainError, IdempotencyConflict, Invalid
from domain.explanation import result_of
from domain.history import Sale
from domain.money import ZERO, Money, total
from domain.order import CompletionFacts, OrderFacts, RefundFacts
from domain.periods import period_of
from domain.plan import parse
from domain.scenario import parse_scenario
from domain.why import why
from domain.withdrawal import Limits
from jobs.settlement import SettlementJob
from models import Sessions
from models.commission import Award, Skip
from models.distributor import Distributor, Identity
from models.ledger import LedgerAccount, LedgerEntry, LedgerPosting
from models.order import EarlyFact, Order, OrderLine, Product
from models.rank import Tally
from models.withdrawal import Withdrawal
from services import distributor, history, ledger, order, recount, standing, withdrawal
from services.distributor import Address
from services.vault import Vault
from tests.properties import worlds
from tests.properties.worlds import Delivery, History, at
from tests.support import plans
from tests.support.shop import FERNET, catalogue

SOURCE = "mall"
NO_LIMITS = Limits(Money(1), Money(10**9))


@dataclass
class Live:
    """The merchant of a history. `now` is the tick that is being carried out."""

    sessions: Sessions
    plan: str
    history: History
    now: datetime = worlds.T0
    ids: list[int] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    in_force_from: datetime = worlds.T0

    def __post_init__(self) -> None:
        self.vault = Vault([FERNET], "a secret key of the tests")
        self._dice = random.Random(11)
        self._keys = 0

    def run(self) -> None:
        """Everything, and at the end one settlement run."""
        self._open()
        for delivery in self.history.deliveries:
            self.now = at(delivery.tick)
            self._deliver(delivery)
        self.now = at(self.history.as_of)
        self._settle()

    def _open(self) -> None:
        with self.sessions.writing() as session:
            for sku, (category, cost) in worlds.PRODUCTS.items():
                session.add(
                    Product(
                        sku=sku,
                        name=sku,
                        category=category,
                        price=Money(100),
                        cost=Money.of_yuan(cost),
                        stock=9,
                        on_shelf=True,
                    )
                )
            session.flush()
            plans.put_in_force(session, self.plan, starts_at=self.in_force_from)
            people = self.history.people
            later = {one.subject for one in self.history.deliveries if one.kind == "join"}
            for place, person in enumerate(people):
                if place in later:
                    continue
                inviter = person.inviter if person.binds_at is None else None
                code = self.codes[inviter] if inviter is not None else None
                self._join(session, place, code, person.member, at(person.joins_at))
            for place, person in sorted(enumerate(people), key=lambda found: found[1].binds_at or 0):
                if person.binds_at is not None and person.inviter is not None:
                    me, inviter_row = (session.get_one(Distributor, self.ids[who]) for who in (place, person.inviter))
                    distributor.bind(session, me, inviter_row, reason="bind", now=at(person.binds_at))

    def _join(self, session: Session, place: int, inviter_code: str | None, member: bool, now: datetime) -> None:
        who, _ = distributor.join(
            session,
            self.vault,
            Address("wecom", f"p{place}"),
            inviter_code=inviter_code,
            mode="open",
            below=self._dice.randrange,
            now=now,
        )
        who.member, who.role = member, self.history.people[place].role
        digest = self.vault.digest("unionid", f"union-{place}")
        session.add(Identity(distributor_id=who.id, kind="unionid", digest=digest, created_at=now))
        self.ids.append(who.id)
        self.codes.append(who.code)

    # Deliveries

    def _deliver(self, delivery: Delivery) -> None:
        if delivery.kind == "settle":
            self._settle(at(delivery.what) if delivery.form == "as of" else None)
            return
        if delivery.kind == "withdraw":
            self._withdraw(delivery)
            return
        with self.sessions.writing() as session:
            if delivery.kind == "suspend":
                who = session.get_one(Distributor, self.ids[delivery.subject])
                end = standing.depart if delivery.form == "depart" else standing.suspend
                end(session, who, at=self._moment(self.history.people[delivery.subject].suspended_at), now=self.now)
            elif delivery.kind == "resume":
                who = session.get_one(Distributor, self.ids[delivery.subject])
                until = self.history.people[delivery.subject].suspended_until
                standing.resume(session, who, at=self._moment(until), now=self.now)
            elif delivery.kind == "join":
                person = self.history.people[delivery.subject]
                code = self.codes[person.inviter] if person.inviter is not None else None
                self._join(session, delivery.subject, code, person.member, self.now)
            elif delivery.kind == "order":
                self._push(session, delivery.subject, completed=delivery.form == "whole")
            elif delivery.kind == "completion":
                self._complete(session, delivery)
            elif delivery.kind == "refund":
                refund = self.history.orders[delivery.subject].refunds[delivery.what]
                self._refund(session, delivery.subject, refund.no, refund.at, refund.entries, delivery.form or None)
        if delivery.kind == "wrong":
            self._wrong(delivery)

    def _push(self, session: Session, place: int, *, completed: bool, **other: Any) -> None:
        content = self._content(place) | other
        if completed:
            content["completed_at"] = self._instant(self.history.orders[place].completed_at)
        order.record(session, self.vault, OrderFacts.parse(json.dumps(content), now=self.now), now=self.now)

    def _content(self, place: int) -> dict[str, Any]:
        sold = self.history.orders[place]
        buyer: dict[str, str] = {"id": self._buyer(sold)}
        if sold.buyer is not None:
            buyer["unionid"] = f"union-{sold.buyer}"
        content: dict[str, Any] = {
            "no": sold.no,
            "source": SOURCE,
            "buyer": buyer,
            "paid_at": self._instant(sold.paid_at),
            "freight": "8.00",
            "lines": [
                {
                    "sku": line.sku,
                    "name": line.sku,
                    "category": worlds.PRODUCTS[line.sku][0],
                    "qty": line.qty,
                    "price": "1.00",
                    "paid": Money(line.paid).yuan,
                    "cost": worlds.PRODUCTS[line.sku][1],
                }
                for line in sold.lines
            ],
        }
        if sold.seller is not None:
            content["ref"] = {"code": self.codes[sold.seller]}
        return content

    @staticmethod
    def _buyer(sold: worlds.Order) -> str:
        """One customer of this name for each seller and each who buys for himself: touches make nobody else's order."""
        return f"cust-{sold.name}-{sold.seller}-{sold.buyer}"

    def _complete(self, session: Session, delivery: Delivery) -> None:
        no = self.history.orders[delivery.subject].no
        if delivery.form == "push":
            self._push(session, delivery.subject, completed=True)
            return
        at_ = self._instant(self.history.orders[delivery.subject].completed_at)
        facts = CompletionFacts.parse(json.dumps({"at": at_}))
        order.complete(session, no, facts, source=SOURCE if delivery.form == "complete" else None, now=self.now)

    def _refund(
        self,
        session: Session,
        place: int,
        refund_no: str,
        tick: int,
        entries: tuple[tuple[int, int, int], ...],
        source: str | None,
    ) -> None:
        lines = [{"line": line, "qty": units, "amount": Money(fen).yuan} for line, units, fen in entries]
        body = json.dumps({"refund_no": refund_no, "at": self._instant(tick), "lines": lines})
        order.refund(session, self.history.orders[place].no, RefundFacts.parse(body), source=source, now=self.now)

    def _wrong(self, delivery: Delivery) -> None:
        """What must be refused, and leave no trace; nothing is sent where the order is not here yet."""
        sold = self.history.orders[delivery.subject]
        with self.sessions.reading() as session:
            there = session.scalar(select(Order.id).where(Order.no == sold.no)) is not None
        if not there:
            return
        refused: type[DomainError] = Invalid if delivery.form == "too much" else IdempotencyConflict
        try:
            with self.sessions.writing() as session:
                if delivery.form == "other content":
                    self._push(session, delivery.subject, completed=False, freight="9.00")
                elif delivery.form == "too much":
                    self._refund(session, delivery.subject, "X", sold.paid_at, ((0, 0, sold.lines[0].paid + 1),), None)
                else:
                    self._refund_with_other_content(session, delivery.subject)
        except refused:
            return
        raise AssertionError(f"not refused: {delivery}")

    def _refund_with_other_content(self, session: Session, place: int) -> None:
        """The number of a refund that is here, with one fen less or more; where there is none, a made-up conflict."""
        sold = self.history.orders[place]
        known = set(session.scalars(select(EarlyFact.ref)))
        known |= {refund.no for refund in sold.refunds if order._find_refund(session, SOURCE, refund.no)}
        for refund in sold.refunds:
            if refund.no in known and order._find_refund(session, SOURCE, refund.no):
                line, units, fen = refund.entries[0]
                self._refund(
                    session, place, refund.no, refund.at, ((line, units, fen + 1), *refund.entries[1:]), SOURCE
                )
                return
        raise IdempotencyConflict()

    def _settle(self, as_of: datetime | None = None) -> None:
        job = SettlementJob(self.sessions, lambda: self.now, catalogue(), lambda lanes: None)
        summary = job(as_of or self.now)
        assert summary["failed"] == 0

    def _withdraw(self, delivery: Delivery) -> None:
        """A share of what is available; what cannot be had is refused and changes nothing."""
        self._keys += 1
        with self.sessions.writing() as session:
            who = session.get_one(Distributor, self.ids[delivery.subject])
            available = ledger.balances(session, who.id).available
            amount = Money(available.fen * delivery.what // 100)
            if amount <= ZERO:
                return
            row, _ = withdrawal.request(session, who, amount, NO_LIMITS, key=f"w{self._keys}", now=self.now)
            if delivery.form == "reject":
                withdrawal.reject(session, row.id, operator="boss", because="试", now=self.now)
            if delivery.form in ("approve", "paid"):
                withdrawal.approve(session, row.id, operator="boss", now=self.now)
            if delivery.form == "paid":
                withdrawal.record_paid(session, row.id, reference=f"P{row.id}", now=self.now)

    @staticmethod
    def _moment(tick: int | None) -> datetime:
        assert tick is not None
        return at(tick)

    def _instant(self, tick: int | None) -> str:
        return self._moment(tick).isoformat()

    # The same as a scenario

    def _end(self, person: worlds.Person) -> str | None:
        return self._instant(person.suspended_until) if person.suspended_until is not None else None

    def scenario(self) -> dict[str, Any]:
        """Who sold is taken from the books: attribution has tests of its own."""
        with self.sessions.reading() as session:
            sellers = {row.no: row.distributor_id for row in session.execute(select(Order.no, Order.distributor_id))}
        codes = dict(zip(self.ids, self.codes, strict=True))
        return {
            "distributors": [
                {
                    "code": self.codes[place],
                    "upline": self.codes[person.inviter] if person.inviter is not None else None,
                    "member": person.member,
                    "role": person.role,
                    "joined_at": self._instant(person.joins_at),
                    "suspended": [[self._instant(person.suspended_at), self._end(person)]]
                    if person.suspended_at
                    else [],
                }
                for place, person in enumerate(self.history.people)
            ],
            "products": [
                {"sku": sku, "category": category, "cost": cost} for sku, (category, cost) in worlds.PRODUCTS.items()
            ],
            "orders": [
                {
                    "no": sold.no,
                    "seller": codes.get(sellers[sold.no]),
                    "buyer": self._buyer(sold),
                    "buyer_distributor": self.codes[sold.buyer] if sold.buyer is not None else None,
                    "paid_at": self._instant(sold.paid_at),
                    "completed_at": self._instant(sold.completed_at) if sold.completed_at is not None else None,
                    "lines": [{"sku": line.sku, "qty": line.qty, "paid": Money(line.paid).yuan} for line in sold.lines],
                    "refunds": [
                        {"at": self._instant(refund.at), "line": line, "qty": units, "amount": Money(fen).yuan}
                        for refund in sold.refunds
                        for line, units, fen in refund.entries
                    ],
                }
                for sold in self.history.orders
            ],
        }

    def check_history(self) -> None:
        """The facts that are read back are those that happened; buyers, who are digests here, as far as they differ."""
        scenario = parse_scenario(json.dumps(self.scenario()))
        expected = evaluation.history_of(parse(self.plan), scenario)
        with self.sessions.reading() as session:
            assert set(history.people(session, self.ids).values()) == set(expected.people.values())
            found = [one.sale for one in history.sales_of(session, self.ids)]
        buyers = [{one.no: one.buyer for one in sales} for sales in (found, expected.sales)]
        pairs = {(buyers[0][no], buyers[1][no]) for no in buyers[0]}
        assert len(pairs) == len({ours for ours, _ in pairs}) == len({theirs for _, theirs in pairs})
        most = max(row.up for rule in parse(self.plan).commission_rules for row in rule.pay)
        happened = [_comparable(one, most) for one in expected.sales if one.chain]
        assert [_comparable(one, most) for one in found] == happened

    def check_rollups(self) -> None:
        """The sums that were kept are those of the orders."""
        with self.sessions.writing() as session:
            assert [difference for who in recount.people(session) for difference in recount.verify(session, who)] == []

    def evaluated(self) -> evaluation.Evaluation:
        scenario = parse_scenario(json.dumps(self.scenario()))
        return evaluation.evaluate(parse(self.plan), scenario, at(self.history.as_of))

    # What the books hold

    def awards(self) -> Counter[tuple[Any, ...]]:
        query = (
            select(Award, Order.no, Distributor.code)
            .join(Order, Order.id == Award.order_id)
            .join(Distributor, Distributor.id == Award.distributor_id)
            .where(Award.peak > ZERO)
        )
        with self.sessions.reading() as session:
            return Counter(
                (
                    row.no,
                    row.Award.line,
                    row.Award.rule,
                    row.code,
                    row.Award.as_,
                    row.Award.amount.fen,
                    row.Award.state,
                    row.Award.terms["rate_bp"],
                    result_of(row.Award.facts).base.fen,
                    why(row.Award.facts),
                )
                for row in session.execute(query)
            )

    def skips(self) -> Counter[tuple[Any, ...]]:
        """Those that were written down, and the rows that the cap cuts."""
        codes: dict[int | None, str | None] = dict(zip(self.ids, self.codes, strict=True))
        with self.sessions.reading() as session:
            written = session.execute(select(Skip, Order.no).join(Order, Order.id == Skip.order_id))
            rows = [(row.no, row.Skip, row.Skip.reason) for row in written]
            cut = session.execute(select(Award, Order.no).join(Order, Order.id == Award.order_id))
            rows += [(row.no, row.Award, "capped") for row in cut if result_of(row.Award.facts).capped]
        return Counter((no, row.line, row.rule, codes.get(row.distributor_id), row.as_, why) for no, row, why in rows)

    def sellers(self) -> dict[str, int | None]:
        """Order number → the place of whoever has it."""
        with self.sessions.reading() as session:
            found = session.execute(select(Order.no, Order.distributor_id)).all()
        return {row.no: self.ids.index(row.distributor_id) if row.distributor_id else None for row in found}

    def unapplied(self) -> list[str]:
        """Facts that came early and have not found their order, or did not fit it."""
        query = select(EarlyFact).where((EarlyFact.applied_at.is_(None)) | (EarlyFact.fault.is_not(None)))
        with self.sessions.reading() as session:
            return [f"{row.kind} {row.ref}: {row.fault}" for row in session.scalars(query)]

    def check_books(self) -> None:
        """Entries sum to zero, balances are their postings, and each balance is what the awards say."""
        with self.sessions.reading() as session:
            assert ledger.verify(session) == []
            assert (session.scalar(select(func.sum(LedgerPosting.amount))) or ZERO) == ZERO
            for who in self.ids:
                have = ledger.balances(session, who)
                mine = session.scalars(select(Award).where(Award.distributor_id == who)).all()
                pending = total(row.amount for row in mine if row.state == "pending")
                available = total(row.amount for row in mine if row.state == "available")
                asked = session.scalars(select(Withdrawal).where(Withdrawal.distributor_id == who)).all()
                held = total(row.amount for row in asked if row.state in ("requested", "approved"))
                gone = total(row.amount for row in asked if row.state == "paid")
                assert (have.pending, have.withdrawing) == (pending, held)
                assert have.available + held + gone == available
            cost = session.scalar(
                select(func.sum(LedgerPosting.amount))
                .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
                .where(LedgerAccount.name == "merchant:commission_cost")
            )
            assert (cost or ZERO) == -total(session.scalars(select(Award.amount)))

    def booked(self, kind: str) -> int:
        """How many entries of a kind are in the books."""
        with self.sessions.reading() as session:
            return session.scalar(select(func.count()).where(LedgerEntry.kind == kind)) or 0

    def check_tallies(self) -> None:
        """The leaderboard's sums are those of the orders that count."""
        own = parse(self.plan).terms.own_orders
        expected: dict[tuple[str, int], list[Any]] = defaultdict(lambda: [0, 0, 0, None])
        with self.sessions.reading() as session:
            for row in session.scalars(select(Order)):
                if row.distributor_id is None or (row.buyer_distributor_id == row.distributor_id and own != "seller"):
                    continue
                lines = session.scalars(select(OrderLine).where(OrderLine.order_id == row.id)).all()
                alive = [line for line in lines if line.paid > line.refunded]
                if alive:
                    for window in ("day", "week", "month"):
                        period = period_of(window, row.paid_at)
                        assert period is not None
                        tally = expected[period.label, row.distributor_id]
                        tally[0] += sum((line.paid - line.refunded).fen for line in alive)
                        tally[1] += 1
                        tally[2] += sum(line.qty - line.refunded_qty for line in alive)
                        tally[3] = max(tally[3] or row.paid_at, row.paid_at)
            found = {
                (row.label, row.distributor_id): [row.sales.fen, row.orders, row.units, row.reached_at]
                for row in session.scalars(select(Tally))
                if row.orders or row.sales or row.units
            }
        assert found == dict(expected)


def _comparable(sale: Sale, most: int) -> tuple[Any, ...]:
    """Without the names of products and whom no rule of the plan can reach."""
    course = [
        (at_, [(replace(state.line, name=""), state.net, state.units) for state in states])
        for at_, states in sale.course
    ]
    return (
        sale.no,
        sale.seller,
        sale.order.buyer_distributor,
        course,
        sale.chain[: most + 1],
        sale.settles_at,
        sale.counts,
    )


def awards_of(found: evaluation.Evaluation) -> Counter[tuple[Any, ...]]:
    return Counter(
        (
            data["order"], data["line"], data["rule"], data["to"], data["as"], data["amount_fen"], data["state"],
            data["bps"], data["base_fen"], data["why"],
        )
        for data in found.data()["awards"]
    )  # fmt: skip


def skips_of(found: evaluation.Evaluation) -> Counter[tuple[Any, ...]]:
    return Counter(
        (data["order"], data["line"], data["rule"], data["to"], data["as"], data["reason"])
        for data in (skip.data() for skip in found.skips)
    )
