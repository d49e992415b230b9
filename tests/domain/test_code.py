"""Distributor codes."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import code
from domain.conversation import INTENTS, OPERATOR_INTENTS

LENGTHS = st.integers(min_value=code.MIN_LENGTH, max_value=code.MAX_LENGTH)
CODES = st.builds(lambda seed, length: code.new(random.Random(seed).randrange, length), st.integers(), LENGTHS)


@given(CODES)
def test_a_new_code_is_valid_and_already_in_its_canonical_form(new):
    assert code.is_valid(new)
    assert code.normalise(new) == new
    assert not set(new) & set("0O1IL")


@given(CODES)
def test_a_new_code_reads_as_no_word_and_no_number(new):
    assert sum(c.isdigit() for c in new) >= 2
    assert sum(c.isalpha() for c in new) >= 2
    assert new.lower() not in (*INTENTS, *OPERATOR_INTENTS, "unmute", "appeal")


@given(CODES, st.data())
def test_one_wrong_character_is_noticed(new, data):
    at = data.draw(st.integers(min_value=0, max_value=len(new) - 1))
    other = data.draw(st.sampled_from([c for c in code.ALPHABET if c != new[at]]))
    assert not code.is_valid(new[:at] + other + new[at + 1 :])


@given(CODES, st.data())
def test_two_neighbours_that_changed_places_are_noticed(new, data):
    at = data.draw(st.integers(min_value=0, max_value=len(new) - 2))
    swapped = new[:at] + new[at + 1] + new[at] + new[at + 2 :]
    assert swapped == new or not code.is_valid(swapped)


@pytest.mark.parametrize(
    "typed",
    [
        "8K3M2Q",
        "8k3m2q",
        " 8K3 M2Q ",
        "8K-3M-2Q",
        "８Ｋ３Ｍ２Ｑ",
        "8k3m2q。",
        "「8K3M2Q」",
        "8K3M2Q!",
        "8k3m2q，",
        "\u30008K3M2Q\n",
    ],
)
def test_a_code_is_accepted_however_it_is_typed(typed):
    assert code.normalise(typed) == "8K3M2Q"


@pytest.mark.parametrize(
    "typed",
    ["", "THANKS", "REJECT", "123456", "8K3M2", "8K3M2Q7HX", "草莓8K3M", "O1001", "提现50", "8K3M2Q@", "0O1IL0"],
)
def test_what_is_no_code_is_none(typed):
    assert code.normalise(typed) is None


def test_an_ambiguous_character_is_read_only_where_the_check_character_leaves_one_way():
    right = "7Q" + "K3M"
    right += code.check_character(right)
    typed = right.replace("Q", "0")
    assert code.normalise(typed) == right


@given(CODES)
def test_an_ambiguous_character_never_gives_a_code_with_a_wrong_check_character(new):
    for ambiguous in "0O1IL":
        found = code.normalise(ambiguous + new[1:])
        assert found is None or code.is_valid(found)


def test_the_shape_alone_is_no_proof():
    invalid = [c for c in code.ALPHABET if not code.is_valid("8K3M2" + c)]
    assert len(invalid) == len(code.ALPHABET) - 1
    assert all(code.has_shape("8K3M2" + c) for c in invalid)


@pytest.mark.parametrize("length", [0, 5, 9])
def test_a_code_of_another_length_is_refused(length):
    with pytest.raises(ValueError, match="6 to 8 characters"):
        code.new(random.Random(1).randrange, length)


def test_codes_are_spread_over_all_characters():
    below = random.Random(7).randrange
    first = {code.new(below)[0] for _ in range(2000)}
    assert first == set(code.ALPHABET)
