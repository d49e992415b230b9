"""contract.md, "Sending": a message of its own is seen exactly once, whatever happens on the way.

Each withdrawal that is asked for tells both operators, with its number: that is the message whose way is followed.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.contract.platform import BROKEN_AFTER, BROKEN_BEFORE, Call, Fault, errcode, status
from tests.contract.running import Tuike

pytestmark = pytest.mark.journey

OPERATORS = ("boss", "clerk")


@pytest.fixture(scope="module")
def shop(tuike: Tuike) -> Tuike:
    """Ada has 1000.00 to withdraw."""
    tuike.sale("A-1", tuike.join("ada"), "10000.00")
    tuike.settle(days=8)
    tuike.platform.wait(lambda: tuike.platform.texts("ada"), 20, "the statement")
    return tuike


@pytest.fixture(autouse=True)
def mended(shop: Tuike) -> None:
    """A new minute, nothing broken."""
    shop.platform.mended()
    shop.move(minutes=2)


def told(shop: Tuike, number: str) -> list[int]:
    """How often each operator has read of the request."""
    return [sum(f"编号 {number}）" in words for words in shop.platform.texts(who)) for who in OPERATORS]


def minutes_pass(shop: Tuike, condition: Callable[[], object], most: int = 2) -> None:
    """Until it is so. One more than promised: a try may have been under way when the clock jumped."""
    for _ in range(most + 1):
        try:
            shop.platform.wait(condition, 4)
        except AssertionError:
            shop.move(seconds=61)
        else:
            return


def seen_once(shop: Tuike, *numbers: str, seconds: float = 25, by_the_clock: bool = False) -> bool:
    """Everybody has read of all, and of nothing twice, also when the next message has come after them."""
    for number in (*numbers, shop.withdraw("ada", "1")):
        if by_the_clock:
            minutes_pass(shop, lambda one=number: all(told(shop, one)))
        shop.platform.wait(lambda one=number: all(told(shop, one)), seconds, f"news of {number}")
        behind = number
    return all(told(shop, number) == [1, 1] for number in (*numbers, behind))


def for_operators(shop: Tuike, *faults: Fault) -> None:
    """These in turn for what the operators are sent: the cards that Ada gets meanwhile are not what is looked at."""
    left = list(faults)

    def choose(call: Call) -> Fault | None:
        return left.pop(0) if left and call.json["touser"] in OPERATORS else None

    shop.platform.during("message/send", choose)


def faulted(shop: Tuike) -> int:
    return sum(call.faulted for call in shop.platform.requests("message/send"))


PASSING = {
    "-1": [errcode(-1)] * 2,
    "45033": [errcode(45033)] * 2,
    "502": [status(502)] * 2,
    "broken before it was processed": [BROKEN_BEFORE] * 2,
    "broken after it was processed": [BROKEN_AFTER] * 2,
    "500 after it was processed": [Fault(status=500, after=True)],
    "42001": [errcode(42001)],
    "40014": [errcode(40014)],
}


@pytest.mark.parametrize("name", PASSING)
def test_a_passing_fault_neither_loses_nor_repeats_a_message(shop: Tuike, name: str) -> None:
    for_operators(shop, *PASSING[name])
    assert seen_once(shop, shop.withdraw("ada", "1"))


def test_dead_tokens_are_fetched_anew_once(shop: Tuike) -> None:
    before = len(shop.platform.requests("gettoken"))
    shop.platform.invalidate_tokens()
    assert seen_once(shop, shop.withdraw("ada", "1"))
    assert len(shop.platform.requests("gettoken")) == before + 1


def test_a_kill_in_the_middle_of_a_call_neither_loses_nor_repeats_a_message(shop: Tuike) -> None:
    before = faulted(shop)
    for_operators(shop, *[Fault(delay=20, after=True)] * 2)
    number = shop.withdraw("ada", "1")
    shop.platform.wait(lambda: faulted(shop) > before, 15, "a call")
    shop.kill()
    shop.platform.mended()
    shop.start()
    assert seen_once(shop, number, seconds=30)


def test_the_frequency_limit_is_waited_out(shop: Tuike) -> None:
    for_operators(shop, errcode(45009))
    number = shop.withdraw("ada", "1")
    shop.until_metric('tuike_wecom_calls_total{errcode="45009",path="message/send"}', 1)
    assert seen_once(shop, number, by_the_clock=True)


def test_what_only_a_person_can_mend_pauses_tells_once_and_goes_on(shop: Tuike) -> None:
    platform = shop.platform
    platform.during("message/send", errcode(60020))
    before, noticed = len(platform.requests("message/send")), len(platform.texts("boss"))
    numbers = [shop.withdraw("ada", "1") for _ in range(3)]
    for tries in range(1, 4):
        minutes_pass(shop, lambda n=tries: len(platform.requests("message/send")) >= before + n)
    assert 3 <= len(platform.requests("message/send")) - before <= 5  # not once for each of the nine messages
    platform.mended()
    assert seen_once(shop, *numbers, by_the_clock=True)
    assert sum("60020" in words for words in platform.texts("boss")[noticed:]) == 1


def test_a_member_who_cannot_be_reached_is_given_up_and_holds_nobody_up(shop: Tuike) -> None:
    platform = shop.platform

    def tries() -> int:
        return sum(call.json["touser"] == "clerk" for call in platform.requests("message/send"))

    before = tries()
    platform.unknown.add("clerk")
    number = shop.withdraw("ada", "1")
    platform.wait(lambda: told(shop, number)[0] and tries() > before, 20, "news for who can be reached")
    platform.unknown.clear()
    assert seen_once(shop, shop.withdraw("ada", "1"))
    assert told(shop, number) == [1, 0]


def test_two_equal_texts_that_are_both_meant_arrive_both(shop: Tuike) -> None:
    numbers = [shop.withdraw("ada", "2") for _ in range(2)]
    before = len(shop.platform.texts("ada"))
    for number in numbers:
        shop.say("boss", f"通过 {number}")
    fresh = shop.platform.wait(lambda: (texts := shop.platform.texts("ada")[before:])[1:] and texts, 15, "two texts")
    assert len(set(fresh)) == 1
    bodies = [call.raw for call in shop.platform.requests("message/send")[-20:] if fresh[0] in call.raw.decode()]
    assert len(set(bodies)) == 2


def test_a_member_is_sent_at_most_25_a_minute_in_order_and_a_long_answer_in_pieces(shop: Tuike) -> None:
    platform = shop.platform
    numbers = [shop.withdraw("ada", "1") for _ in range(40)]
    answer = shop.say("boss", "待审核")
    assert len(answer.encode()) <= 2048
    for _ in range(3):
        shop.platform.wait(lambda: sum(told(shop, numbers[-1])) or _waits(shop), 20)
        shop.move(seconds=61)
    platform.wait(lambda: all(told(shop, numbers[-1])), 20, "the last of them")
    platform.wait(lambda: any("打款后回复" in words for words in platform.texts("boss")), 20, "the answer's end")
    assert not platform.dropped
    read = [
        int(found[1]) for words in platform.texts("boss") if (found := re.search(r"提现 1.00 元（编号 (\d+)）", words))
    ]
    assert read == sorted(read)
    times = [seen.at for seen in platform.of("boss")]
    assert max(sum(at <= other < at + 60 for other in times) for at in times) <= 25
    rest = [words for words in platform.texts("boss") if re.match(r"\d+ 艾达 提现", words)]
    listed = re.findall(r"^(\d+) 艾达", "\n".join([answer, *rest]), re.M)
    assert listed == sorted(listed, key=int)
    assert numbers[-1] in listed


def _waits(shop: Tuike) -> bool:
    """25 within the minute: nothing more comes before the clock moves."""
    now = shop.platform.now()
    return sum(now - seen.at < 60 for seen in shop.platform.of("boss")) >= 25
