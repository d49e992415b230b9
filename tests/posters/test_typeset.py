"""How text is set into a box: wrap, then shrink, then cut."""

import pytest

from services.poster import PosterStudio
from services.poster.typeset import Style, Typesetter


@pytest.fixture(scope="module")
def letters(studio: PosterStudio) -> Typesetter:
    return studio.letters


def test_a_short_text_keeps_its_size_on_one_line(letters: Typesetter) -> None:
    block = letters.fit("丹东99草莓", Style("bold", 60, 40, 2), 900)
    assert (block.lines, block.size) == (("丹东99草莓",), 60)


def test_a_long_text_wraps_before_it_shrinks(letters: Typesetter) -> None:
    block = letters.fit("丹东九九草莓三斤装顺丰冷链", Style("bold", 60, 40, 2), 600)  # 13 x 60 px on lines of 600
    assert len(block.lines) == 2
    assert block.size == 60


def test_what_does_not_fit_the_lines_shrinks_as_far_as_needed(letters: Typesetter) -> None:
    block = letters.fit("一" * 24, Style("bold", 60, 40, 2), 600)  # 24 characters on 2 lines: 12 a line, 50 px each
    assert block.size == 50
    assert block.lines == ("一" * 12, "一" * 12)


def test_at_the_smallest_size_the_rest_is_cut_with_an_ellipsis(letters: Typesetter) -> None:
    block = letters.fit("一" * 100, Style("bold", 60, 40, 2), 600)
    assert block.size == 40
    assert len(block.lines) == 2
    assert block.lines[1].endswith("…")
    assert max(block.widths) <= 600


def test_a_latin_word_is_not_parted_where_a_line_can_hold_it(letters: Typesetter) -> None:
    block = letters.fit("来自 Montgomery 的草莓", Style("regular", 40, 40, 3), 260)
    assert any("Montgomery" in line for line in block.lines)


def test_a_word_longer_than_the_line_is_parted_anywhere(letters: Typesetter) -> None:
    block = letters.fit("W" * 60, Style("regular", 40, 40, 9), 300)
    assert "".join(block.lines) == "W" * 60
    assert max(block.widths) <= 300


@pytest.mark.parametrize("mark", "，。！？；：）」…·")
def test_a_line_does_not_begin_with_a_closing_mark(letters: Typesetter, mark: str) -> None:
    block = letters.fit(("一" * 9 + mark) * 3, Style("regular", 40, 40, 9), 360)  # nine characters fill a line
    assert not any(line.startswith(mark) for line in block.lines)


def test_a_line_does_not_end_with_an_opening_bracket(letters: Typesetter) -> None:
    block = letters.fit("一" * 8 + "「" + "二" * 8, Style("regular", 40, 40, 9), 360)
    assert not block.lines[0].endswith("「")


def test_a_cut_name_keeps_the_spaces_between_its_words(letters: Typesetter) -> None:
    block = letters.fit("Anna Maria Montgomery-Fitzgerald", Style("regular", 40, 40, 1), 300)
    assert block.lines[0].startswith("Anna Maria ")
    assert block.lines[0].endswith("…")


def test_a_right_to_left_name_is_turned_once_and_cut_at_its_end(letters: Typesetter) -> None:
    style = Style("regular", 40, 40, 1)
    whole = letters.fit(letters.clean("שלום"), style, 400)
    assert whole.lines == ("םולש",)
    assert letters.fit("שלום" * 10, style, 200).lines[0].endswith("םולש…")  # the run, then the mark after it


def test_nothing_is_set_for_a_text_of_which_nothing_is_left(letters: Typesetter) -> None:
    block = letters.fit("\u200b\u200b", Style("regular", 40, 20, 2), 300)
    assert (block.lines, block.height) == ((), 0)


def test_a_block_is_no_taller_than_its_box(letters: Typesetter) -> None:
    block = letters.fit("一" * 20, Style("bold", 60, 20, 3, 1.2), 600, 100)  # two lines of 60 px need 132
    assert block.height <= 100
