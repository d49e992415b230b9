"""The sentence under an award: the numbers in it are a sum that its reader can repeat."""

import pytest

from tests.domain.stories import Story, given

RATE = "{to: seller, rate: 10%}"
UNIT = '{to: seller, amount: "30.00"}'

SENTENCES = {
    "订单 O1 实付 100.00 元 × 推广佣金 10% = 10.00 元": given(RATE).order(),
    "下级的订单 O1 实付 100.00 元 × 推广佣金 5% = 5.00 元": given("{to: upline-1, rate: 5%}").order(),
    "第 2 级下级的订单 O1 实付 100.00 元 × 推广佣金 0.75% = 0.75 元": given("{to: upline-2, rate: 0.75%}").order(),
    "订单 O1 实付 1,234.50 元 × 推广佣金 10% = 123.45 元": given(RATE).order("O1", ("P", 1, "1234.50")),
    "订单 O1 实付 0.99 元 × 推广佣金 5% = 0.04 元（不足 1 分舍去）": given("{to: seller, rate: 5%}").order(
        "O1", ("P", 1, "0.99")
    ),
    "订单 O1（实付 100.00 元 − 退款 33.33 元）× 推广佣金 10% = 6.66 元（不足 1 分舍去）": given(RATE)
    .order()
    .refund("33.33"),
    "订单 O1 实付 100.00 元，已全额退款，推广佣金已取消": given(RATE).order().refund("100.00"),
    "订单 O1 推广佣金每件 30.00 元 × 3 件 = 90.00 元": given(UNIT).order("O1", ("P", 3, "897.00")),
    "订单 O1 推广佣金每件 30.00 元 × 2 件（共 3 件，退回 1 件）= 60.00 元": given(UNIT)
    .order("O1", ("P", 3, "897.00"))
    .refund("299.00", 1),
    "订单 O1 推广佣金每件 30.00 元 × 0 件（共 1 件，退回 1 件）= 0.00 元，推广佣金已取消": given(UNIT)
    .order()
    .refund("50.00", 1),
    "订单 O1 2 件已全部退回，推广佣金已取消": given(UNIT).order("O1", ("P", 2, "0.00")).refund(qty=2),
    "订单 O1 推广佣金固定 5.00 元（不论件数）": given('{to: seller, amount: "5.00", per: line}').order(
        "O1", ("P", 3, "90.00")
    ),
    "订单 O1 实付 100.00 元 × 推广佣金 10% = 10.00 元，超过单笔佣金上限 4%（实付 100.00 元 × 4% = 4.00 元），"
    "按余额 4.00 元": given(RATE, terms="{max_share: 4%}").order(),
    "订单 O1 推广佣金每件 30.00 元 × 1 件 = 30.00 元，超过单笔佣金上限 50%（退款后 20.00 元 × 50% = 10.00 元），"
    "按余额 10.00 元": given(UNIT).order().refund("80.00"),
    "订单 O1 利润 40.00 元（实付 100.00 元 − 成本 60.00 元 × 1 件）× 推广佣金 10% = 4.00 元": given(
        RATE, more="base: profit"
    )
    .product("P", cost="60.00")
    .order(),
    "订单 O1 利润 0.00 元（实付 100.00 元 − 退款 50.00 元 − 成本 60.00 元 × 1 件，不足按 0 计）× 推广佣金 10%"
    " = 0.00 元，推广佣金已取消": given(RATE, more="base: profit").product("P", cost="60.00").order().refund("50.00"),
}


@pytest.mark.parametrize(("sentence", "story"), SENTENCES.items())
def test_the_sentence_shows_the_calculation(sentence: str, story: Story) -> None:
    assert story.award()["why"] == sentence


def test_a_row_after_others_says_what_they_took_of_the_cap() -> None:
    story = given(RATE, "{to: upline-1, rate: 5%}", terms="{max_share: 12%}").order()
    assert story.awards()[1]["why"] == (
        "下级的订单 O1 实付 100.00 元 × 推广佣金 5% = 5.00 元，"
        "超过单笔佣金上限 12%（实付 100.00 元 × 12% = 12.00 元，前面已分出 10.00 元），按余额 2.00 元"
    )


def test_in_an_order_of_several_lines_the_product_is_named() -> None:
    awards = given(RATE).order("O1", ("APPLE", 1, "10.00"), ("PEAR", 1, "20.00")).awards()
    assert [award["why"] for award in awards] == [
        "订单 O1「APPLE」实付 10.00 元 × 推广佣金 10% = 1.00 元",
        "订单 O1「PEAR」实付 20.00 元 × 推广佣金 10% = 2.00 元",
    ]
