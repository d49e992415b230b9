"""Coupons as rules: what one takes off, whether an order may use it, the document, and its words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.coupon import (
    Buying,
    CouponRefused,
    NeedsReferrer,
    NotYet,
    Over,
    Percent,
    SoldOut,
    SpendAndSave,
    Taken,
    Terms,
    check_left,
    check_open,
    check_person,
    code,
    condition,
    cost,
    digest,
    lasts,
    of_data,
    parse,
    refusal,
)
from domain.coupon import use as uses
from domain.money import Money
from domain.order import LineFacts, LineLeft
from domain.plan import Scope

PRESETS = sorted((Path(__file__).resolve().parents[2] / "assets/coupons").glob("*.yaml"))
T0 = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)  # ten in the morning in Shanghai
SAVE = Terms("S", "满100减20", SpendAndSave(Money(2000)), minimum=Money(10000))
TAKEN = uses.Taken(ends_at=None)


def yuan(text: str) -> Money:
    return Money.of_yuan(text)


def line(price: str, qty: int = 1, paid: str | None = None, *, sku: str = "A", category: str = "水果") -> LineFacts:
    paid_ = yuan(paid) if paid else yuan(price) * qty
    return LineFacts(sku, sku, category, qty, yuan(price), paid_, None)


def why(terms: Terms = SAVE, taken: uses.Taken = TAKEN, **buying: object) -> str | None:
    whole = Buying(**({"paid_at": T0, "lines": (line("100.00"),)} | buying))  # type: ignore[arg-type]
    found = refusal(terms, T0 - timedelta(days=1), taken, whole)
    return found and found.reason


# What it takes off


@pytest.mark.parametrize(
    ("worth", "base", "off"),
    [
        (SpendAndSave(Money(2000)), "130.00", "20.00"),
        (SpendAndSave(Money(2000)), "15.00", "15.00"),  # never more than there is
        (Percent(1000), "68.00", "6.80"),
        (Percent(1000), "68.99", "6.89"),  # floor(689.9) fen
        (Percent(1250), "0.99", "0.12"),  # floor(12.375)
        (Percent(1000), "0.09", "0.00"),
        (Percent(1000, Money(500)), "68.99", "5.00"),
        (Percent(1000, Money(500)), "49.99", "4.99"),
        (Percent(10000), "68.99", "68.99"),
    ],
)
def test_what_is_taken_off(worth: SpendAndSave | Percent, base: str, off: str) -> None:
    assert worth.of(yuan(base)).yuan == off


worths = st.one_of(
    st.builds(SpendAndSave, st.builds(Money, st.integers(1, 10**7))),
    st.builds(Percent, st.integers(1, 10000), st.none() | st.builds(Money, st.integers(1, 10**7))),
)


@given(worths, st.integers(0, 10**9))
def test_nothing_takes_off_more_than_there_is_or_less_than_nothing(worth: SpendAndSave | Percent, fen: int) -> None:
    off = worth.of(Money(fen))
    assert 0 <= off.fen <= fen
    if isinstance(worth, Percent):
        exact = fen * worth.off_bp
        cap = worth.at_most
        assert off.fen * 10000 <= exact
        assert (off.fen + 1) * 10000 > exact or off == cap


@given(worths, st.lists(st.tuples(st.integers(0, 10**5), st.integers(1, 9), st.integers(0, 10**6)), min_size=1))
def test_it_never_costs_more_than_it_gives_nor_than_the_mall_took_off(
    worth: SpendAndSave | Percent, drawn: list[tuple[int, int, int]]
) -> None:
    lines = tuple(LineFacts("A", "A", "水果", qty, Money(price), Money(paid), None) for price, qty, paid in drawn)
    found = cost(Terms("K", "T", worth), lines)
    base = sum(price * qty for price, qty, _ in drawn)
    assert 0 <= found.fen <= worth.of(Money(base)).fen
    assert found.fen <= sum(max(price * qty - paid, 0) for price, qty, paid in drawn)


# Whether an order may use it

NEW, FIRST = replace(SAVE, who="new_customers"), replace(SAVE, who="first_order")
FRUIT = replace(SAVE, scope=Scope(categories=frozenset({"水果"}), exclude=frozenset({"GIFT"})))


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (why(), None),
        (why(lines=(line("99.99"),)), "minimum"),
        (why(lines=(line("50.00", 2, "1.00"),)), None),  # the minimum is of prices, before any discount
        (why(FRUIT, lines=(line("60.00"), line("60.00", sku="GIFT"))), "minimum"),
        (why(FRUIT, lines=(line("200.00", category="礼盒"),)), "scope"),
        (why(FRUIT, lines=(line("200.00", sku="GIFT"),)), "scope"),
        (why(paid_at=T0 - timedelta(days=1)), None),  # the first moment is in
        (why(paid_at=T0 - timedelta(days=1, seconds=1)), "not_yet"),
        (why(taken=uses.Taken(T0)), "over"),  # the last is out
        (why(taken=uses.Taken(T0 + timedelta(seconds=1))), None),
        (why(taken=uses.Taken(T0, used_by="O1")), "used"),
        (why(taken=uses.Taken(None, withdrawn=True)), "withdrawn"),
        (why(NEW, bought_before=True), "not_new"),
        (why(NEW, bought_before=False), None),
        (why(FIRST, bought_before=True), None),
        (why(FIRST, bought_before=True, referred_before=True), "not_first"),
        (why(uses=1), "per_person"),
        (why(replace(SAVE, per_person=2), uses=1), None),
        (why(taken=uses.Taken(None, reward=True), uses=1), None),  # what a plan gave is owed
    ],
)
def test_why_an_order_may_not_use_it(found: str | None, reason: str | None) -> None:
    assert found == reason


def test_a_refusal_tells_the_coupons_own_numbers() -> None:
    buying = Buying(T0, (line("68.00"),))
    found = refusal(SAVE, T0, TAKEN, buying)
    assert found is not None
    assert found.why == "要满 100.00 元，这一单适用的商品是 68.00 元"


@pytest.mark.parametrize(
    ("left", "was_paid", "whole"),
    [
        ([(0, "0.00"), (0, "0.00")], True, True),
        ([(2, "0.00")], True, True),  # the money is back, the goods stayed
        ([(0, "0.01")], True, False),
        ([(1, "0.00")], False, False),  # nothing was paid: the goods say it
        ([(0, "0.00")], False, True),
    ],
)
def test_when_refunds_have_undone_an_order(left: list[tuple[int, str]], was_paid: bool, whole: bool) -> None:
    assert uses.is_whole([LineLeft(qty, yuan(paid)) for qty, paid in left], was_paid=was_paid) is whole


# Whether somebody may take one


def test_it_is_open_from_its_first_moment_to_before_its_last() -> None:
    terms = replace(SAVE, ends_at=T0 + timedelta(days=1))
    check_open(terms, T0, None, now=T0)
    check_open(terms, T0, None, now=T0 + timedelta(days=1) - timedelta(seconds=1))
    with pytest.raises(NotYet):
        check_open(terms, T0, None, now=T0 - timedelta(seconds=1))
    for now, closed_at in [(T0 + timedelta(days=1), None), (T0, T0)]:
        with pytest.raises(Over):
            check_open(terms, T0, closed_at, now=now)


def test_as_many_as_there_are_and_as_each_may_have() -> None:
    limited = replace(SAVE, stock=50, per_person=2)
    check_left(limited, 49)
    check_left(SAVE, 10**9)
    check_person(limited, 1, recommended=False)
    with pytest.raises(SoldOut):
        check_left(limited, 50)
    with pytest.raises(Taken):
        check_person(limited, 2, recommended=True)
    check_person(FIRST, 0, recommended=True)
    with pytest.raises(NeedsReferrer):
        check_person(FIRST, 0, recommended=False)


@pytest.mark.parametrize(
    ("valid_days", "ends", "until"),
    [(None, None, None), (7, None, 7), (None, 3, 3), (7, 3, 3), (2, 3, 2)],
)
def test_until_when_one_can_be_used(valid_days: int | None, ends: int | None, until: int | None) -> None:
    terms = replace(SAVE, valid_days=valid_days, ends_at=None if ends is None else T0 + timedelta(days=ends))
    assert terms.usable_until(T0) == (None if until is None else T0 + timedelta(days=until))


# The document

DOCUMENT = """
key: NEW20
title: 新客满100减20
kind: spend_and_save
off: "20.00"
minimum: "100.00"
for: new_customers
scope: {categories: [水果], exclude: [GIFT]}
from: "2026-11-22T00:00:00"
until: "2026-12-01T00:00:00"
valid_days: 7
stock: 50
per_person: 2
share: false
"""
SOLD = {"GIFT": "礼盒", "APPLE": "水果"}


def test_a_document_says_all_of_it() -> None:
    assert parse(DOCUMENT, SOLD) == Terms(
        key="NEW20",
        title="新客满100减20",
        worth=SpendAndSave(Money(2000)),
        minimum=Money(10000),
        who="new_customers",
        scope=Scope(categories=frozenset({"水果"}), exclude=frozenset({"GIFT"})),
        starts_at=datetime(2026, 11, 21, 16, tzinfo=UTC),  # midnight in Shanghai
        ends_at=datetime(2026, 11, 30, 16, tzinfo=UTC),
        valid_days=7,
        stock=50,
        per_person=2,
        shared=False,
    )


@pytest.mark.parametrize("source", [DOCUMENT, *(path.read_text(encoding="utf-8") for path in PRESETS)])
def test_what_is_kept_means_what_was_written(source: str) -> None:
    terms = parse(source)
    assert of_data(terms.data()) == terms
    assert digest(of_data(terms.data())) == digest(terms)


FAULTS = {
    "no kind": ("kind: spend_and_save\n", "", "kind"),
    "another kind": ("kind: spend_and_save", "kind: free", "kind"),
    "an amount without quotes": ('off: "20.00"', "off: 20", "off"),
    "three decimals": ('off: "20.00"', 'off: "20.001"', "off"),
    "nothing off": ('off: "20.00"', 'off: "0.00"', "off"),
    "more off than is spent": ('off: "20.00"', 'off: "100.01"', "off"),
    "a rate where an amount belongs": ('off: "20.00"', "off: 10%", "off"),
    "a cap on an amount": ("share: false", 'at_most: "5.00"', "at_most"),
    "an unknown key": ("share: false", "sahre: false", "sahre"),
    "an end before the start": ('until: "2026-12-01T00:00:00"', 'until: "2026-11-22T00:00:00"', "until"),
    "no day": ("valid_days: 7", "valid_days: 0", "valid_days"),
    "no stock": ("stock: 50", "stock: 0", "stock"),
    "too many for each": ("per_person: 2", "per_person: 21", "per_person"),
    "somebody else": ("for: new_customers", "for: friends", "for"),
    "a category nobody sells": ("[水果]", "[衣服]", "scope.categories[0]"),
    "a SKU nobody sells": ("[GIFT]", "[GONE]", "scope.exclude[0]"),
}


@pytest.mark.parametrize(("old", "new", "key"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_names_its_line_its_key_and_what_is_allowed(old: str, new: str, key: str) -> None:
    assert old in DOCUMENT
    with pytest.raises(CouponRefused) as refused:
        parse(DOCUMENT.replace(old, new), SOLD)
    (fault,) = refused.value.faults
    assert fault.key == key
    assert fault.line == (DOCUMENT[: DOCUMENT.index(old)].count("\n") + 1 if new else 1)
    assert fault.zh
    assert fault.en


@pytest.mark.parametrize(("off", "at_most"), [("0%", None), ("10.001%", None), ("101%", None), ("10%", '"0.00"')])
def test_a_part_is_above_nothing_and_no_finer_than_a_hundredth(off: str, at_most: str | None) -> None:
    source = f"key: P\ntitle: 折\nkind: percent\noff: {off}\n" + (f"at_most: {at_most}\n" if at_most else "")
    with pytest.raises(CouponRefused):
        parse(source)


# Its words


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        (SAVE, ("减 20 元", "满 100 元可用", "长期有效")),
        (Terms("P", "T", Percent(1000, Money(3050)), who="first_order", valid_days=7),
         ("9 折", "无门槛，最多减 30.50 元，限经推荐的第一单", "领取后 7 天内")),
        (Terms("P", "T", Percent(1250), ends_at=datetime(2026, 11, 30, 16, tzinfo=UTC)),
         ("8.75 折", "无门槛", "11月30日 24:00 前")),
        (replace(SAVE, valid_days=2, ends_at=datetime(2026, 11, 30, 10, 30, tzinfo=UTC)),
         ("减 20 元", "满 100 元可用", "领取后 2 天内，最晚 11月30日 18:30")),
    ],
)  # fmt: skip
def test_how_it_is_said(terms: Terms, words: tuple[str, str, str]) -> None:
    assert (terms.worth.said, condition(terms), lasts(terms)) == words


# Codes


def test_a_claims_a_shares_and_a_distributors_code_cannot_be_taken_for_each_other() -> None:
    dice = Random(3)
    claim, share = code.new_claim(dice.randrange), code.new_share(dice.randrange)
    assert (len(claim), len(share)) == (10, 12)
    assert code.is_claim(claim)
    assert not code.is_claim(share)
    assert code.normalise(f" {code.spoken(claim).lower()}。") == claim
    assert code.normalise(f"{share[:6]} {share[6:]}") == share
    for other in ("8K3M2Q", "8K3M2QAB", "", "1" * 10, "券" * 10, claim + "2"):
        assert code.normalise(other) is None
