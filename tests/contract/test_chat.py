"""contract.md, "Answers in the chat": what each answer holds, to the sign."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from tests.contract.running import BASE_URL, Tuike, an_order
from tests.contract.wire import yuan

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def ada(tuike: Tuike) -> str:
    """1000.00 available from A-1 and 3.33 pending from A-2."""
    code = tuike.join("ada")
    tuike.sale("A-1", code, "10000.00")
    assert tuike.settle(days=8)["amount"] == "1000.00"
    tuike.sale("A-2", code, "33.33", completed=False)
    return code


def card(tuike: Tuike, user: str, amount: str) -> dict[str, str]:
    """The card about this amount: its task, and the keys of its buttons by what stands on them."""
    platform = tuike.platform

    def about_it() -> list[dict[str, Any]]:
        cards = [seen.content for seen in platform.of(user, "template_card")]
        return [content for content in cards if amount in content["main_title"]["title"]]

    content = platform.wait(about_it, 20, f"a card about {amount}")[-1]
    assert content["card_type"] == "button_interaction"
    return {"task": content["task_id"], **{button["text"]: button["key"] for button in content["button_list"]}}


def press(tuike: Tuike, user: str, task: str, key: str, second: int) -> None:
    more = {"EventKey": key, "TaskId": task, "CardType": "button_interaction", "ResponseCode": f"CLICK-{second}"}
    tuike.event(user, "template_card_event", 1_800_000_000 + second, **more)


class TestJoining:
    def test_it_holds_code_and_link_always_the_same(self, tuike: Tuike) -> None:
        first = tuike.say("cleo", "我要加入")
        code = tuike.join("cleo")
        for words in (first, tuike.say("cleo", "注册"), tuike.say("cleo", "我的链接"), tuike.say("cleo", "推广码")):
            assert f"{BASE_URL}/r/{code}" in words
        assert code in first

    def test_a_code_that_nobody_has_is_said(self, tuike: Tuike, ada: str) -> None:
        """A check digit: one character that was read wrong is nobody's code."""
        for other in set("23456789ABCDEFGHJKMNPQRSTUVWXYZ") - {ada[-1]}:
            answer = tuike.order(an_order(f"X{other}", code=ada[:-1] + other, at=tuike.now))
            assert answer.json["reason"]["code"] == "unknown_code"

    def test_bind_works_once_within_a_day_and_before_the_first_order(self, tuike: Tuike, ada: str) -> None:
        tuike.join("in-time")
        late, sold = tuike.join("too-late"), tuike.join("has-sold")
        tuike.sale("S-1", sold)
        assert "已绑定" in tuike.say("in-time", f"绑定 {ada}")
        assert "只能填一次" in tuike.say("in-time", f"绑定 {late}")
        assert "已绑定" not in tuike.say("has-sold", f"绑定 {ada}")
        assert "不能邀请自己" in tuike.say("ada", f"绑定 {ada}")
        tuike.move(hours=24, minutes=1)
        assert "24 小时" in tuike.say("too-late", f"绑定 {ada}")

    def test_team_begins_with_how_many(self, tuike: Tuike, ada: str) -> None:
        assert re.match(r"你邀请了 \d+ 人", tuike.say("ada", "我的团队"))
        assert tuike.say("too-late", "我的团队").startswith("你邀请了 0 人")


class TestWords:
    def test_unknown_names_three_and_help_to_everybody(self, tuike: Tuike, ada: str) -> None:
        for user in ("ada", "a-stranger", "boss"):
            answer = tuike.say(user, "今天月亮真圆啊")
            assert len(re.findall("「[^」]+」", answer.split("帮助")[0])) >= 3, answer
            assert "「帮助」" in answer

    @pytest.mark.parametrize("words", ["待审核", "通过 1", "拒绝 1 资料不全", "已打款 1 PAY001"])
    def test_an_operators_word_from_another_is_unknown(self, tuike: Tuike, ada: str, words: str) -> None:
        for user in ("ada", "a-stranger"):
            answer = tuike.say(user, words)
            assert "没太明白" in answer
            assert "「帮助」" in answer

    def test_an_order_is_any_word_that_is_the_number_of_ones_own(self, tuike: Tuike, ada: str) -> None:
        for words in ("A-1怎么算的", "为什么 A-1 才这么点", "A-1", "a-1 佣金"):
            answer = tuike.say("ada", words)
            assert "10,000.00 元" in answer, (words, answer)
            assert "10% = 1,000.00 元" in answer
        tuike.join("nosy")
        assert "10,000.00" not in tuike.say("nosy", "订单 A-1 怎么算的")

    def test_explaining_says_what_was_taken_back_and_when_it_becomes_available(self, tuike: Tuike) -> None:
        code = tuike.join("refunded")
        tuike.sale("RF-1", code, "100.00", completed=False)
        body = {"refund_no": "RF", "at": tuike.now.isoformat(), "lines": [{"line": 0, "qty": 0, "amount": "33.33"}]}
        assert tuike.api("POST", "/orders/RF-1/refunds", body).status == 201
        answer = tuike.say("refunded", "RF-1怎么算的")
        assert "6.66" in answer
        assert "3.34" in answer
        assert "售后期" in answer


class TestMoney:
    """In this order: each goes on with the balance that the one before has left."""

    def test_earnings_are_said_with_both_balances(self, tuike: Tuike, ada: str) -> None:
        assert "本月已赚 1,003.33 元(待结算 3.33 元,可提现 1,000.00 元)。" in tuike.say("ada", "我赚了多少")
        assert "昨天已赚" in (answer := tuike.say("ada", "昨天赚了多少"))
        assert (yuan(answer, "待结算"), yuan(answer, "可提现")) == ("3.33", "1000.00")
        tuike.join("poor")
        assert "本月已赚 0.00 元(待结算 0.00 元,可提现 0.00 元)。" in tuike.say("poor", "收益")

    def test_nothing_moves_without_a_yes_within_ten_minutes(self, tuike: Tuike, ada: str) -> None:
        tuike.say("ada", "提现 10 元")
        tuike.say("ada", "取消")
        tuike.say("ada", "确认")
        assert "10.00 元" in tuike.say("ada", "提现 10 元")
        tuike.move(minutes=10, seconds=5)
        tuike.say("ada", "确认")
        assert "提现中" not in tuike.say("ada", "收益")

    def test_a_yes_in_time_reserves_once_what_was_asked_for(self, tuike: Tuike, ada: str) -> None:
        assert all(words in tuike.say("ada", "提现 10 元") for words in ("10.00 元", "手续费", "税", "确认"))
        tuike.move(minutes=9, seconds=30)
        tuike.say("ada", "确认")
        tuike.say("ada", "确认")
        assert "(待结算 3.33 元,可提现 990.00 元,提现中 10.00 元)。" in tuike.say("ada", "收益")

    def test_a_second_request_replaces_the_first_and_all_is_the_default(self, tuike: Tuike, ada: str) -> None:
        assert "990.00 元" in tuike.say("ada", "提现")
        tuike.say("ada", "提现 5 元")
        tuike.say("ada", "好的")
        assert yuan(tuike.say("ada", "收益"), "提现中") == "15.00"

    def test_the_minimum_and_the_balance_are_said(self, tuike: Tuike, ada: str) -> None:
        assert "1.00 元" in tuike.say("ada", "提现 0.5 元")
        assert "985.00 元" in tuike.say("ada", "提现 5000 元")
        tuike.say("ada", "确认")
        assert yuan(tuike.say("ada", "收益"), "提现中") == "15.00"

    def test_the_cards_button_does_what_the_word_does_once(self, tuike: Tuike, ada: str) -> None:
        tuike.say("ada", "提现 7 元")
        shown = card(tuike, "ada", "7.00 元")
        press(tuike, "nosy", shown["task"], shown["确认"], 1)
        assert yuan(tuike.say("ada", "收益"), "提现中") == "15.00"
        for second in (2, 2, 3):
            press(tuike, "ada", shown["task"], shown["确认"], second)
        press(tuike, "ada", shown["task"], shown["取消"], 4)
        assert yuan(tuike.say("ada", "收益"), "提现中") == "22.00"
        platform = tuike.platform
        platform.wait(
            lambda: any(b"CLICK-2" in call.raw for call in platform.requests("message/update_template_card")),
            20,
            "the card's change by the click's own code",
        )

    def test_a_card_answered_in_words_is_changed_by_the_code_of_its_sending(self, tuike: Tuike, ada: str) -> None:
        updated = len(tuike.platform.requests("message/update_template_card"))
        tuike.say("ada", "提现 8 元")
        card(tuike, "ada", "8.00 元")
        tuike.say("ada", "取消")
        updates = tuike.platform.wait(
            lambda: [
                call.json
                for call in tuike.platform.requests("message/update_template_card")[updated:]
                if call.json["button"]["replace_name"] == "已取消"
            ],
            20,
            "the card's change",
        )
        assert re.fullmatch(r"RC\d+", updates[-1]["response_code"])

    def test_review_lists_and_decisions_name_tell_and_do_nothing_twice(self, tuike: Tuike, ada: str) -> None:
        listed = re.findall(r"^(\d+) 艾达 提现 ([\d.]+) 元 (\d+月\d+日)", tuike.say("boss", "待审核"), re.M)
        assert [amount for _, amount, _ in listed] == ["10.00", "5.00", "7.00"]
        (ten, *_), (five, *_), _ = listed
        told = len(tuike.platform.texts("ada"))
        for operator, words, amount in (
            ("boss", f"通过 {ten}", "10.00 元"),
            ("clerk", f"拒绝 {five} 资料不全", "5.00 元"),
            ("boss", f"已打款 {ten} PAY20261122", "10.00 元"),
        ):
            for _ in range(2):
                answer = tuike.say(operator, words)
                assert "艾达" in answer
                assert amount in answer
        fresh = tuike.platform.wait(lambda: (texts := tuike.platform.texts("ada"))[told + 2 :] and texts[told:], 15)
        assert sum("资料不全" in words for words in fresh) == 1
        assert sum("PAY20261122" in words for words in fresh) == 1
        assert "可提现 983.00 元,提现中 7.00 元)" in tuike.say("ada", "收益")
        assert "PAY20261122" in tuike.say("ada", "提现到哪了")

    def test_a_clawback_alone_takes_the_balance_below_zero(self, tuike: Tuike, ada: str) -> None:
        tuike.withdraw("ada", "900")
        body = {"refund_no": "A1R", "at": tuike.now.isoformat(), "lines": [{"line": 0, "qty": 1, "amount": "10000.00"}]}
        assert tuike.api("POST", "/orders/A-1/refunds", body).status == 201
        assert "可提现 -917.00 元,提现中 907.00 元)" in tuike.say("ada", "收益")
        assert "确认" not in tuike.say("ada", "提现 1 元")


class TestRank:
    def test_it_ends_with_ones_place_and_what_is_missing(self, tuike: Tuike) -> None:
        tuike.move(days=14)  # a week of its own
        tuike.join("watcher")
        assert "还没有" in tuike.say("watcher", "排行榜")
        first, second = tuike.join("dora"), tuike.join("ben")
        tuike.sale("K-1", first, "500.00")
        tuike.sale("K-2", second, "133.33")
        assert tuike.say("ben", "我第几").splitlines()[-1] == "你第 2 名,还差 366.67 元到第 1 名"
        assert "第 1 名" in tuike.say("dora", "排行榜").splitlines()[-1]


class TestPosters:
    @pytest.mark.parametrize(
        ("words", "query"), [("我的海报", "?s=poster"), ("来张草莓的海报", "?p=STRAWBERRY-3J&s=poster")]
    )
    def test_a_picture_follows_whose_code_leads_to_the_link(
        self, tuike: Tuike, ada: str, words: str, query: str
    ) -> None:
        for _ in range(2):  # asked again, sent again
            before = len(tuike.platform.of("ada", "image"))
            assert tuike.say("ada", words)
            tuike.platform.wait(lambda n=before: tuike.platform.of("ada", "image")[n:], 15, words)
            picture = Image.open(io.BytesIO(tuike.platform.of("ada", "image")[-1].content))
            assert picture.width >= 1080
            (code,) = zxingcpp.read_barcodes(picture)
            address, _, asked = code.text.partition("?")
            assert address == f"{BASE_URL}/r/{ada}"
            assert set(asked.split("&")) == set(query[1:].split("&"))


def test_the_clock_is_the_files(tuike: Tuike) -> None:
    code = tuike.join("tomorrow")
    tuike.move(days=3)
    tuike.sale("T-1", code, "100.00")
    assert "今天已赚 10.00 元" in tuike.say("tomorrow", "今天赚了多少")
    tuike.move(days=1)
    assert "昨天已赚 10.00 元" in tuike.say("tomorrow", "昨天赚了多少")
