"""Attribution as a pure decision: claims and a rule in, one distributor or a reason out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from domain.attribution import Claim, Claimant, Decision, OrderSide, Policy, resolve

PAID = datetime(2026, 3, 10, 4, tzinfo=UTC)
LAST = Policy("last_touch", 30, "none")
FIRST = Policy("first_touch", 30, "none")


def who(code: str, status: str = "active", joined: timedelta = timedelta(days=-300)) -> Claimant:
    return Claimant(ord(code[0]), code, status, PAID + joined)


def code(claimant: Claimant | None) -> Claim:
    return Claim("code", PAID, "typed", claimant)


def touch(claimant: Claimant, days: float) -> Claim:
    return Claim("touch", PAID - timedelta(days=days), "link", claimant)


def decide(*claims: Claim, policy: Policy | None = LAST, buyer: int | None = None) -> Decision:
    return resolve(claims, OrderSide(PAID, buyer), policy)


def outcome(decision: Decision) -> tuple[str | None, str]:
    return decision.claimant.code if decision.claimant else None, decision.reason


def test_last_touch_takes_the_code_that_came_with_the_order_first_touch_who_came_first() -> None:
    claims = [code(who("B")), touch(who("A"), 5)]
    assert outcome(decide(*claims)) == ("B", "code")
    assert outcome(decide(*claims, policy=FIRST)) == ("A", "touch")


@pytest.mark.parametrize("policy", [LAST, FIRST])
def test_the_order_in_which_claims_are_given_does_not_matter(policy: Policy) -> None:
    claims = [code(who("B")), touch(who("A"), 5), touch(who("C"), 5), touch(who("D"), 31), code(None)]
    decisions = {outcome(decide(*given, policy=policy)) for given in permutations(claims)}
    assert len(decisions) == 1


def test_of_two_touches_in_one_instant_the_lower_code_wins() -> None:
    assert outcome(decide(touch(who("B"), 5), touch(who("A"), 5))) == ("A", "touch")


def test_in_one_instant_a_code_goes_before_a_touch_and_a_touch_before_a_contact() -> None:
    contact = Claim("bound", PAID, "contact", who("C"))
    assert outcome(decide(contact, touch(who("B"), 0), code(who("A")))) == ("A", "code")
    assert outcome(decide(contact, touch(who("B"), 0))) == ("B", "touch")
    assert outcome(decide(contact)) == ("C", "bound")


@pytest.mark.parametrize(
    ("days", "window", "expected"),
    [
        (29.999, 30, ("A", "touch")),
        (30, 30, (None, "expired")),  # a window holds its start and not its end
        (30.001, 30, (None, "expired")),
        (5000, 0, ("A", "touch")),  # 0: for ever
        (0, 1, ("A", "touch")),
    ],
)
def test_a_claim_holds_for_its_window(days: float, window: int, expected: tuple[str | None, str]) -> None:
    policy = Policy("last_touch", window, "none")
    assert outcome(decide(touch(who("A"), days), policy=policy)) == expected
    assert outcome(decide(touch(who("A"), days), policy=Policy("first_touch", window, "none"))) == expected


def test_first_touch_is_the_first_within_the_window() -> None:
    assert outcome(decide(touch(who("A"), 31), touch(who("B"), 29), touch(who("C"), 1), policy=FIRST)) == ("B", "touch")


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ([], "none"),
        ([code(None)], "unknown_code"),
        ([code(who("A", "review"))], "unknown_code"),
        ([code(who("A", "refused"))], "unknown_code"),
        ([code(who("A", joined=timedelta(seconds=1)))], "unknown_code"),
        ([code(who("A", "suspended"))], "suspended"),
        ([code(who("A", "departed"))], "suspended"),
        ([touch(who("A"), 31)], "expired"),
        ([touch(who("A"), 31), code(None)], "unknown_code"),
        ([touch(who("A"), 31), code(who("B", "suspended"))], "suspended"),
        ([touch(who("A"), -1)], "none"),
    ],
)
def test_why_nobody_has_it(claims: list[Claim], expected: str) -> None:
    decision = decide(*claims)
    assert outcome(decision) == (None, expected)
    assert decision.winning is None
    assert len(decision.losing) == len(claims)


@pytest.mark.parametrize("broken", [code(None), code(who("B", "suspended")), touch(who("B"), 31)])
def test_a_claim_that_does_not_count_leaves_the_order_to_one_that_does(broken: Claim) -> None:
    assert outcome(decide(broken, touch(who("A"), 20))) == ("A", "touch")


@pytest.mark.parametrize("status", ["suspended", "departed"])
def test_what_he_brought_about_before_he_was_suspended_stays_his(status: str) -> None:
    assert outcome(decide(touch(who("A", status), 5))) == ("A", "touch")


def test_he_has_orders_from_the_second_in_which_he_joined() -> None:
    assert outcome(decide(code(who("A", joined=timedelta(microseconds=500))))) == ("A", "code")


def test_an_own_order_is_nobodys_under_none_and_nobody_moves_up() -> None:
    mine, other = code(who("A")), touch(who("B"), 1)
    decision = decide(mine, other, buyer=who("A").id)
    assert outcome(decision) == (None, "own_order")
    assert [why for _, why in decision.losing] == ["own_order", "earlier"]


@pytest.mark.parametrize("own", ["seller", "upline"])
def test_an_own_order_is_his_where_the_plan_counts_it(own: str) -> None:
    policy = Policy("last_touch", 30, own)
    assert outcome(decide(code(who("A")), policy=policy, buyer=who("A").id)) == ("A", "code")


def test_a_distributor_who_buys_through_another_is_a_customer() -> None:
    assert outcome(decide(code(who("B")), buyer=who("A").id)) == ("B", "code")


def test_without_a_plan_there_is_no_rule_and_the_claims_are_kept() -> None:
    decision = decide(code(who("A")), touch(who("B"), 1), policy=None)
    assert outcome(decision) == (None, "no_plan")
    assert [why for _, why in decision.losing] == ["no_plan", "no_plan"]


def test_the_losing_claims_each_say_why() -> None:
    decision = decide(code(None), touch(who("A"), 2), touch(who("B"), 3), touch(who("C"), 40))
    assert decision.winning is not None
    assert decision.winning.claimant == who("A")
    assert [why for _, why in decision.losing] == ["unknown", "earlier", "expired"]
