"""What becomes of a text before it is drawn."""

from functools import cache
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st

from services.poster.glyphs import FACES, Faces, coverage, visual
from tests.posters.conftest import ASSETS
from tests.posters.names import AWKWARD

FONTS = ASSETS / "fonts"


@cache
def faces() -> Faces:
    return Faces(FONTS)


@pytest.mark.parametrize(
    ("written", "drawn"),
    [
        ("小李", "小李"),
        ("  小 \t 李\u3000", "小 李"),
        ("e\u0301lan", "élan"),
        ("👨‍👩‍👧‍👦一家", "👨一家"),  # a joined sequence is its first picture
        ("❤️‍🔥", "❤"),
        ("阿强👍🏽", "阿强👍"),
        ("🇨🇳1️⃣", "CN1"),
        ("小\u200d李", "小李"),  # a joiner between hanzi joins nothing
        ("\u202e小李\u202c", "小李"),
        ("𝓛𝓲𝓵𝔂", "Lily"),
        ("สวัสดี", "·"),  # a script without a face: one dot, not a row of boxes
        ("王་བོད哥", "王·哥"),
        ("a\u0336\u0337b", "ab"),
        ("\u3164\u115f", ""),
        ("小\x00李\ue001", "小李"),
        ("龘㐂𠮷", "龘㐂𠮷"),
    ],
)
def test_a_nickname_is_cleaned_by_rule(written: str, drawn: str) -> None:
    assert faces().drawable(written) == drawn


def drawn(text: str) -> str:
    return visual(faces().joined(faces().drawable(text)))


def test_arabic_letters_are_joined_and_stand_in_drawing_order() -> None:
    # meem-initial hah-medial meem-medial dal-final, drawn from left to right: the last letter first
    assert drawn("محمد") == "\ufeaa\ufee4\ufea4\ufee3"


def test_lam_and_alef_become_one_sign() -> None:
    assert drawn("سلام") == "\ufee1\ufefc\ufeb3"


def test_digits_inside_a_right_to_left_run_keep_their_direction() -> None:
    assert drawn("אב 123 גד") == "דג 123 בא"


def test_chinese_beside_a_right_to_left_run_stays_where_it_is() -> None:
    assert drawn("小李אב王") == "小李בא王"


@pytest.mark.parametrize("weight", ["regular", "bold"])
@given(text=st.text(max_size=40))
@settings(max_examples=300, deadline=None)
def test_whatever_is_written_only_characters_with_a_glyph_are_drawn(weight: str, text: str) -> None:
    cleaned = faces().drawable(text, weight)
    assert all(faces().find(character, weight) for character in visual(faces().joined(cleaned, weight)))


@given(text=st.text(max_size=40))
@settings(max_examples=300, deadline=None)
def test_a_cleaned_text_stays_as_it_is_when_cleaned_again(text: str) -> None:
    once = faces().drawable(text)
    assert faces().drawable(once) == once


@pytest.mark.parametrize("name", sorted({name for names in FACES.values() for name in names}))
def test_the_character_map_is_read_as_fonttools_reads_it(name: str) -> None:
    held = coverage(FONTS / name)
    points = {point for start, end in zip(held.starts, held.ends, strict=True) for point in range(start, end + 1)}
    with TTFont(FONTS / name) as font:
        cmap = font.getBestCmap()
        assert points == {point for point, glyph in cmap.items() if glyph != ".notdef"}


def test_the_two_main_faces_hold_all_of_gb_2312_and_the_signs_of_a_price_list() -> None:
    hanzi = [bytes((a, b)).decode("gb2312", "ignore") for a in range(0xB0, 0xF8) for b in range(0xA1, 0xFF)]
    wanted = "".join(hanzi) + "¥€$·…「」『』【】，。！？、；：“”‘’（）《》—～×÷±℃№①②③✓"
    assert len("".join(hanzi)) == 6763
    for weight in FACES:
        main = coverage(FONTS / FACES[weight][0])
        missing = [character for character in wanted if character not in main and character != "✓"]
        assert missing == []


def test_no_font_file_weighs_more_than_six_megabytes() -> None:
    assert {path.name for path in FONTS.glob("*.?tf") if path.stat().st_size > 6_000_000} == set()


def test_a_font_without_the_character_map_is_refused_with_what_to_do(tmp_path: Path) -> None:
    broken = tmp_path / "broken.otf"
    broken.write_bytes(b"OTTO" + b"\x00" * 60)
    with pytest.raises(ValueError, match=r"broken\.otf has no character map"):
        coverage(broken)


def test_every_awkward_name_becomes_something_short_enough_to_set() -> None:
    for name in AWKWARD.values():
        assert len(faces().drawable(name)) <= 400
