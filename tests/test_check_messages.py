"""The check of sentences finds what is missing, what does not fit and what is left over."""

from __future__ import annotations

import pytest

from tools.check_messages import Said, flat, read, unused

SENTENCES = dict(flat({"withdraw": {"accepted": "已申请 {amount} 元", "none": "没有"}, "state": {"paid": "已打款"}}))


def faults(source: str) -> list[str]:
    said = Said()
    read("x.py", source, SENTENCES, said)
    return said.faults


@pytest.mark.parametrize(
    "source",
    [
        'Reply.of("withdraw.accepted", amount=amount)',
        'Reply.of("withdraw.none").then("withdraw.accepted", amount=1, extra=2)',
        'Sentence("withdraw.accepted", {"amount": amount})',
        'Sentence("withdraw.accepted", facts)',
        'Reply.of("withdraw.accepted", **facts)',
        'Sentence(f"state.{row.state}")',
        'Sentence("withdraw.none" if a else "state.paid")',
        "Sentence(key, facts)",
        'promise.then("no.sentence", f) if False else Other.of("no.sentence")'.replace("promise.then", "promise.next"),
    ],
)
def test_what_fits_is_let_pass(source: str) -> None:
    assert faults(source) == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('Reply.of("withdraw.acepted", amount=1)', "x.py:1: there is no sentence 'withdraw.acepted'"),
        ('Reply.of("withdraw.none").then("withdraw.nothing")', "x.py:1: there is no sentence 'withdraw.nothing'"),
        ('Sentence("withdraw.accepted", {"sum": 1})', "x.py:1: 'withdraw.accepted' needs amount"),
        ('Sentence("withdraw.accepted")', "x.py:1: 'withdraw.accepted' needs amount"),
        ('Reply.of("withdraw.accepted")', "x.py:1: 'withdraw.accepted' needs amount"),
        ('Sentence(f"states.{row.state}")', "x.py:1: no sentence begins with 'states.'"),
        ('Sentence("withdraw.none" if a else "state.gone")', "x.py:1: there is no sentence 'state.gone'"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(source: str, said: str) -> None:
    assert faults(source) == [said]


def test_a_sentence_that_nobody_says_is_left_over() -> None:
    said = Said()
    read("x.py", 'Reply.of("withdraw.none"); Sentence(f"state.{x}")', SENTENCES, said)
    assert unused(SENTENCES, said) == ["withdraw.accepted: no code says this sentence"]
