"""Amounts as they are said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.understanding.amounts import find_amounts, whole_number
from bot.understanding.normalise import plain


def said(text):
    return [amount.slot for amount in find_amounts(plain(text))]


@pytest.mark.parametrize(
    ("text", "yuan"),
    [
        ("两百", "200.00"),
        ("1.5万", "15000.00"),
        ("三块二", "3.20"),
        ("五十", "50.00"),
        ("一百零五块六毛", "105.60"),
        ("50块", "50.00"),
        ("￥50", "50.00"),
        ("50元整", "50.00"),
        ("1,234.5", "1234.50"),
        ("两千五", "2500.00"),
        ("一千零五十", "1050.00"),
        ("１００", "100.00"),
        ("１，２３４", "1234.00"),
        ("一百八", "180.00"),
        ("一百八十", "180.00"),
        ("1千5", "1500.00"),
        ("1万5", "15000.00"),
        ("一万五", "15000.00"),
        ("一万零五", "10005.00"),
        ("一万两千三百四十五块六毛七", "12345.67"),
        ("三块二毛五", "3.25"),
        ("3块25", "3.25"),
        ("5块零5分", "5.05"),
        ("五毛", "0.50"),
        ("8毛5", "0.85"),
        ("三块半", "3.50"),
        ("十五", "15.00"),
        ("2k", "2000.00"),
        ("10w", "100000.00"),
        ("贰佰", "200.00"),
        ("人民币50", "50.00"),
        ("5️⃣0️⃣", "50.00"),
        ("0.01", "0.01"),
        ("兩百塊", "200.00"),
    ],
)
def test_an_amount_is_read_exactly(text, yuan):
    assert said(text) == [yuan]


@pytest.mark.parametrize(
    "text",
    [
        "几百",
        "一百多",
        "100多",
        "三四百",
        "五六十",
        "一两百",
        "几十块",
        "百八",
        "百八十",
        "一百来块",
        "十几块",
        "50.555",
        "-50",
        "100-200",
        "50个",
        "50%",
        "3号",
        "10月",
        "O1001",
        "8K3M2Q",
        "50分",
        "第50",
        "一下",
        "一共",
        "零钱",
        "一千五千",
        "二零",
        "十十",
        "百",
        "万",
    ],
)
def test_what_is_not_exact_or_no_money_is_no_amount(text):
    assert said(text) == []


@pytest.mark.parametrize("text", ["50、100", "50，100", "50到100", "5 0", "50还是100"])
def test_two_numbers_stay_two(text):
    assert len(said(text)) == 2


DIGITS = "零一二三四五六七八九"


def spoken(number):
    """The plain reading of 1 to 99,999,999 in Chinese, written apart from the code under test."""
    if number >= 10_000:
        high, low = divmod(number, 10_000)
        return spoken(high) + "万" + (("零" if low < 1000 else "") + spoken(low) if low else "")
    out, zero = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, unit)
        if digit:
            out, zero = out + ("零" if zero else "") + DIGITS[digit] + name, False
        elif out and number:
            zero = True
    return out


@given(st.integers(min_value=1, max_value=99_999_999))
def test_every_number_is_heard_as_it_is_spoken(number):
    assert whole_number(spoken(number)) == number


@given(st.integers(min_value=1, max_value=999_999_99))
def test_every_amount_in_digits_is_read_to_the_fen(fen):
    yuan = f"{fen // 100}.{fen % 100:02d}"
    assert said(f"提{yuan}元") == [yuan]
    assert said(f"提{fen // 100:,}.{fen % 100:02d}") == [yuan]


@given(st.text(alphabet="零一二两三四五六七八九十百千万0123456789.,块元毛角分半", max_size=12))
def test_no_text_breaks_the_reader(text):
    for amount in find_amounts(text):
        assert amount.yuan >= 0
        assert 0 <= amount.start < amount.end <= len(text)
