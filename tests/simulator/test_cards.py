"""Template cards: what is refused, what a click brings, and what changes the card."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import AGENT, App, Desk, envelope, reply_xml

NUMBERS = itertools.count(1)
DAY = 86400


def confirm_card(**more: Any) -> dict[str, Any]:
    return {
        "card_type": "button_interaction",
        "main_title": {"title": "提现申请", "desc": "请确认"},
        "horizontal_content_list": [{"keyname": "金额", "value": "128.50 元"}],
        "task_id": f"wd-{next(NUMBERS)}",
        "button_list": [
            {"text": "确认", "style": 1, "key": "confirm"},
            {"text": "取消", "style": 2, "key": "cancel"},
        ],
        **more,
    }


NOTICE = {"card_type": "text_notice", "main_title": {"title": "战报"}, "card_action": {"type": 1, "url": "http://a.b"}}
NEWS = {
    "card_type": "news_notice",
    "main_title": {"title": "新活动"},
    "card_image": {"url": "http://a.b/c.jpg", "aspect_ratio": 2.2},
    "card_action": {"type": 1, "url": "http://a.b"},
}
VOTE = {
    "card_type": "vote_interaction",
    "main_title": {"title": "主推"},
    "task_id": "vote-1",
    "checkbox": {"question_key": "sku", "mode": 1, "option_list": [{"id": "a", "text": "A"}, {"id": "b", "text": "B"}]},
    "submit_button": {"text": "提交", "key": "vote"},
}
MULTIPLE = {
    "card_type": "multiple_interaction",
    "main_title": {"title": "选择"},
    "task_id": "multi-1",
    "select_list": [{"question_key": "q", "option_list": [{"id": "1", "text": "一"}]}],
    "submit_button": {"key": "go"},
}


def send_card(desk: Desk, card: dict[str, Any], to: str = "lihua", **more: Any) -> dict[str, Any]:
    return desk.send(to, "template_card", content=card, **more)


@pytest.mark.parametrize("card", [NOTICE, NEWS, VOTE, MULTIPLE, confirm_card()], ids=lambda card: card["card_type"])
def test_every_type_is_accepted_and_only_interactive_ones_have_a_response_code(
    desk: Desk, card: dict[str, Any]
) -> None:
    sent = send_card(desk, card)
    assert sent["errcode"] == 0
    assert ("response_code" in sent) == card["card_type"].endswith("interaction")


def test_a_notice_with_a_menu_needs_a_task_and_has_a_response_code(desk: Desk) -> None:
    menu = {"action_menu": {"desc": "更多", "action_list": [{"text": "不再提醒", "key": "mute"}]}}
    assert send_card(desk, {**NOTICE, **menu})["errcode"] == 42014
    assert send_card(desk, {**NOTICE, **menu, "task_id": "n-1"})["response_code"]


def changed(card: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The card with one place changed, named like `button_list.0.key`; None takes it away."""
    found = copy.deepcopy(card)
    *way, last = path.split(".")
    node: Any = found
    for step in way:
        node = node[int(step)] if isinstance(node, list) else node[step]
    if value is None:
        del node[last]
    else:
        node[last] = value
    return found


CONFIRM = confirm_card(task_id="refused")
ROW = {"keyname": "k", "value": "v"}
REFUSED = [
    (CONFIRM, "card_type", "sticker", 42031),
    (CONFIRM, "task_id", None, 42014),
    (CONFIRM, "task_id", "有 空格", 42014),
    (CONFIRM, "main_title.title", "", 42033),
    (CONFIRM, "horizontal_content_list", [ROW] * 7, 42035),
    (CONFIRM, "horizontal_content_list", [{"value": "v"}], 42027),
    (CONFIRM, "horizontal_content_list", [{**ROW, "type": 1}], 42028),
    (CONFIRM, "horizontal_content_list", [{**ROW, "type": 2}], 42029),
    (CONFIRM, "horizontal_content_list", [{**ROW, "type": 3}], 42050),
    (CONFIRM, "button_list", [], 40058),
    (CONFIRM, "button_list.0", {"key": "k"}, 42038),
    (CONFIRM, "button_list.0", {"text": "t"}, 42039),
    (CONFIRM, "button_list", [{"text": "t", "key": "k"}] * 2, 42039),
    (CONFIRM, "button_selection", {"question_key": "q", "option_list": []}, 42037),
    (CONFIRM, "button_selection", {"option_list": [{"id": "1", "text": "t"}]}, 42043),
    (CONFIRM, "button_selection", {"question_key": "q", "option_list": [{"text": "t"}]}, 42040),
    (CONFIRM, "button_selection", {"question_key": "q", "option_list": [{"id": "1"}]}, 42041),
    (CONFIRM, "action_menu", {"action_list": [{"text": "t", "key": "k"}] * 2}, 42051),
    (NOTICE, "card_action", None, 42045),
    (NOTICE, "card_action", {"type": 0}, 42045),
    (NOTICE, "card_action", {"type": 1}, 42028),
    (NOTICE, "jump_list", [{"title": "t"}] * 4, 42042),
    (NOTICE, "jump_list", [{"title": "t", "type": 2}], 42030),
    (NEWS, "card_image", None, 42044),
    (NEWS, "vertical_content_list", [{"title": "t"}] * 5, 42036),
    (NEWS, "card_image.aspect_ratio", 3, 40058),
    (VOTE, "submit_button", {"text": "t"}, 42046),
    (MULTIPLE, "select_list", [], 42047),
]


@pytest.mark.parametrize(("card", "path", "value", "code"), REFUSED)
def test_a_card_that_breaks_a_rule_is_refused_with_its_code(
    desk: Desk, card: dict[str, Any], path: str, value: Any, code: int
) -> None:
    if path.endswith(".0"):
        broken = changed(card, path[:-2], [value, *card[path[:-2]][1:]])
    else:
        broken = changed(card, path, value)
    assert send_card(desk, broken)["errcode"] == code
    assert desk.chat("lihua") == []


def test_a_task_id_is_used_once_for_ever(desk: Desk) -> None:
    card = confirm_card()
    assert send_card(desk, card)["errcode"] == 0
    assert send_card(desk, card)["errcode"] == 42014


def test_a_repeat_under_the_duplicate_check_is_no_second_task(desk: Desk) -> None:
    card = confirm_card()
    answers = [send_card(desk, card, enable_duplicate_check=1) for _ in range(2)]
    assert [answer["errcode"] for answer in answers] == [0, 0]
    assert len(desk.chat("lihua")) == 1


def test_an_interactive_card_needs_a_callback_address(make_desk: Callable[..., Desk]) -> None:
    assert send_card(make_desk(callback_url=""), confirm_card())["errcode"] == 43012


def test_a_click_carries_key_task_and_a_fresh_response_code(desk: Desk, app: App) -> None:
    card = confirm_card(
        button_selection={"question_key": "channel", "option_list": [{"id": "wx", "text": "微信"}]},
    )
    sent = send_card(desk, card)
    desk.sim("card", userid="lihua", task_id=card["task_id"], key="confirm", selected={"channel": ["wx"]}, wait=True)
    desk.sim("card", userid="lihua", task_id=card["task_id"], key="confirm", wait=True)
    first, second = app.wait(2)
    assert {key: first.fields[key] for key in ("Event", "EventKey", "TaskId", "CardType")} == {
        "Event": "template_card_event",
        "EventKey": "confirm",
        "TaskId": card["task_id"],
        "CardType": "button_interaction",
    }
    chosen = "<OptionIds><OptionId><![CDATA[wx]]></OptionId></OptionIds>"
    assert chosen in first.plain
    codes = {first.fields["ResponseCode"], second.fields["ResponseCode"], sent["response_code"]}
    assert len(codes) == 3


def test_the_historical_spelling_of_option_ids_can_be_chosen(desk: Desk, app: App) -> None:
    desk.sim("settings", misspelt_option_ids=True)
    send_card(desk, VOTE)
    desk.sim("card", userid="lihua", task_id="vote-1", key="vote", selected={"sku": ["a", "b"]}, wait=True)
    assert "<OpitonIds><OpitonId><![CDATA[a]]></OpitonId><OpitonId>" in app.wait(1)[0].plain


def update(desk: Desk, code: str, **more: Any) -> dict[str, Any]:
    body = {"userids": ["lihua"], "agentid": AGENT, "response_code": code, **more}
    return desk.post("message/update_template_card", body)


def test_a_response_code_changes_the_button_once(desk: Desk) -> None:
    sent = send_card(desk, confirm_card())
    done = update(desk, sent["response_code"], userids=["lihua", "boss"], button={"replace_name": "已受理"})
    assert done == {"errcode": 0, "errmsg": "ok", "invaliduser": ["boss"]}
    assert desk.chat("lihua")[0]["card"] == {"off": True, "replace": "已受理"}
    assert update(desk, sent["response_code"], button={"replace_name": "再来"})["errcode"] == 60140


def test_a_card_whose_button_is_dead_cannot_be_clicked(desk: Desk, app: App) -> None:
    card = confirm_card()
    update(desk, send_card(desk, card)["response_code"], button={"replace_name": "已受理"})
    body = {"userid": "lihua", "task_id": card["task_id"], "key": "confirm"}
    assert desk.session.post(f"{desk.url}/sim/card", json=body, timeout=20).status_code == 409
    assert app.received == []


def test_a_response_code_is_worthless_after_72_hours(desk: Desk) -> None:
    sent = send_card(desk, confirm_card())
    desk.sim("clock", advance=3 * DAY)
    desk.token = ""
    assert update(desk, sent["response_code"], button={"replace_name": "x"})["errcode"] == 60140


def test_a_whole_card_takes_the_place_of_the_old_one_for_everybody(desk: Desk) -> None:
    sent = send_card(desk, confirm_card(), to="lihua|boss")
    fresh = {**confirm_card(), "main_title": {"title": "已打款"}, "replace_text": "已打款"}
    done = update(desk, sent["response_code"], userids=[], atall=1, template_card=fresh)
    assert done["errcode"] == 0
    for name in ("lihua", "boss"):
        (entry,) = desk.chat(name)
        assert entry["content"]["main_title"]["title"] == "已打款"
        assert entry["card"] == {"off": True, "replace": "已打款"}


def test_an_update_needs_a_receiver_and_one_kind_of_change(desk: Desk) -> None:
    code = send_card(desk, confirm_card())["response_code"]
    assert update(desk, code, userids=[], button={"replace_name": "x"})["errcode"] == 40058
    assert update(desk, code)["errcode"] == 40058
    assert update(desk, code, button={"replace_name": "x"}, template_card=confirm_card())["errcode"] == 40058
    assert update(desk, code, template_card={**confirm_card(), "button_list": []})["errcode"] == 40058
    assert update(desk, code, button={"replace_name": "x"})["errcode"] == 0, "a refused update must not use the code up"


UPDATE = (
    "<TemplateCard><CardType>button_interaction</CardType><MainTitle><Title>已受理</Title></MainTitle>"
    "<HorizontalContentList><KeyName>金额</KeyName><Value>1.00</Value></HorizontalContentList>"
    "<ButtonList><Text>确认</Text><Style>1</Style><Key>confirm</Key></ButtonList>"
    "<ReplaceText>已提交</ReplaceText></TemplateCard>"
)


def test_a_passive_reply_to_a_click_changes_the_card_of_who_clicked(desk: Desk, app: App) -> None:
    card = confirm_card()
    send_card(desk, card, to="lihua|boss")
    app.always = lambda got: (200, envelope(reply_xml(got.sender, "update_template_card", UPDATE)))
    clicked = desk.sim("card", userid="lihua", task_id=card["task_id"], key="confirm", wait=True)
    assert clicked["problem"] is None
    mine, other = desk.chat("lihua")[0], desk.chat("boss")[0]
    assert mine["content"]["horizontal_content_list"] == [{"keyname": "金额", "value": "1.00"}]
    assert mine["card"] == {"off": True, "replace": "已提交"}
    assert other["card"]["off"] is False


def test_a_passive_card_update_is_ignored_where_that_reading_is_chosen(desk: Desk, app: App) -> None:
    desk.sim("settings", passive_card_update=False)
    card = confirm_card()
    send_card(desk, card)
    button = "<Button><ReplaceName>好</ReplaceName></Button>"
    app.always = lambda got: (200, envelope(reply_xml(got.sender, "update_button", button)))
    desk.sim("card", userid="lihua", task_id=card["task_id"], key="confirm", wait=True)
    assert desk.chat("lihua")[0]["card"]["off"] is False
