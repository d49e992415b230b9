"""`flask plan check`, the refusals of `flask plan publish`, and `flask plan override`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from domain.compliance import DISCLAIMER, NOT_CHECKED
from domain.compliance.override import STATEMENT
from models.override import OverrideRecord
from services import distributor, override
from tests.commands.conftest import ASSETS, Flask
from tests.support.plans import REASON
from tests.support.shop import Shop

PLANS = ASSETS / "plans"
FRUIT, SINGLE, TWO_ABOVE, FIVE = (
    PLANS / f"{name}.yaml" for name in ("fruit", "single", "two-level-above-seller", "five-level")
)


def written(folder: Path, name: str, content: str) -> Path:
    file = folder / name
    file.write_text(content, encoding="utf-8")
    return file


# check


def test_a_clean_plan_ends_with_0_and_says_what_was_not_checked(alone: Flask) -> None:
    data = alone("plan", "check", SINGLE, "--json").data
    assert (data["outcome"], data["findings"]) == ("PASS", [])
    assert (data["ruleset_version"], data["review_by"]) == ("cn-2026.11", "2027-02-19")
    assert data["not_checked"] == list(NOT_CHECKED)
    assert data["checked_on_material"]["AD-1"] == ["文案", "海报", "消息模板", "商品名和卖点"]
    assert not data["checked_on_material"].keys() & set(NOT_CHECKED)
    assert data["disclaimer"] == DISCLAIMER


def test_a_finding_tells_what_why_and_what_to_do(alone: Flask) -> None:
    data = alone("plan", "check", FRUIT, "--json", code=1).data
    assert data["outcome"] == "WARN"
    (finding,) = data["findings"]
    assert list(finding) == [
        "rule_id",
        "severity",
        "title_zh",
        "reason_zh",
        "evidence",
        "remedy_zh",
        "sources",
        "ruleset_version",
    ]
    assert (finding["rule_id"], finding["severity"]) == ("TP-1", "WARN")
    assert finding["evidence"]["probe"] == "P-DEPTH"
    assert finding["evidence"]["shape"] == "chain-12"
    assert finding["evidence"]["numbers"] == {"paid_above": 1, "seats": [1]}


def test_the_report_opens_with_the_disclaimer_and_ends_with_what_is_left(alone: Flask) -> None:
    lines = alone("plan", "check", FRUIT, code=1).text.splitlines()
    assert lines[0] == DISCLAIMER
    assert "律师" in lines[0]
    assert "[需要确认] TP-1 团队计酬/多级｜上级从下级的销售中计酬（出单人之外 1 人）" in lines
    assert f"结论：发布前要逐条确认：flask plan publish {FRUIT} --tick TP-1" in lines
    assert any(line.startswith("尚未检查") for line in lines)
    assert "  打款规则：PAY-1、PAY-2、PAY-3" in lines


def test_what_stands_beside_the_plan_is_told_in_a_file(alone: Flask, tmp_path: Path) -> None:
    context = written(tmp_path, "context.yaml", 'join: [{title: 礼包, pay: purchase, amount: "499.00"}]\n')
    data = alone("plan", "check", SINGLE, "--context", context, "--json", code=1).data
    assert (data["outcome"], [it["rule_id"] for it in data["findings"]]) == ("BLOCK", ["EF-2"])


def test_a_context_with_an_unknown_key_is_refused_with_its_line(alone: Flask, tmp_path: Path) -> None:
    context = written(tmp_path, "context.yaml", "upline_moves: false\nfree: true\n")
    error = alone("plan", "check", SINGLE, "--context", context, "--json", code=1).data["error"]
    assert error["code"] == "context.refused"
    assert [(it["line"], it["field"]) for it in error["fields"]] == [(2, "free")]


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("join: []", "join"),
        ("join: [{title: x, pay: fee}]", "join[0]"),
        ('join: [{title: x, amount: "1.00"}]', "join[0]"),
        ("join: [{title: x, pay: gift}]", "join[0].pay"),
        ("members: [{title: x, gives: []}]", "members[0].gives"),
        ("rewards: [{title: x, for: fun}]", "rewards[0].for"),
        ("rewards: [{title: x, for: own_order}]", "rewards[0]"),
        ("coupons: {A: 10.00}", "coupons.A"),
        ("coupons: 7", "coupons"),
        ('order_value: "0.00"', "order_value"),
        ("group_buy: {size: 1}", "group_buy.size"),
        ("upline_moves: yes", "upline_moves"),
    ],
)
def test_a_context_says_what_is_allowed(alone: Flask, tmp_path: Path, line: str, field: str) -> None:
    context = written(tmp_path, "context.yaml", line + "\n")
    error = alone("plan", "check", SINGLE, "--context", context, "--json", code=1).data["error"]
    assert [it["field"] for it in error["fields"]] == [field]
    assert error["fields"][0]["message"]


def test_a_refused_plan_is_refused_as_elsewhere_and_wrong_use_ends_with_2(alone: Flask, tmp_path: Path) -> None:
    bad = written(tmp_path, "bad.yaml", "name: x\nrules: 7\n")
    assert alone("plan", "check", bad, "--json", code=1).data["error"]["code"] == "plan.refused"
    assert alone("plan", "check", code=2).text == ""
    assert alone("plan", "check", "nothing.yaml", "--json", code=2).text == ""


def test_the_report_says_when_the_rule_set_is_due_for_review(flask: Flask, shop: Shop) -> None:
    assert not flask("plan", "check", SINGLE, "--json").data["review_overdue"]
    shop.later(days=94)  # 2027-02-20
    assert flask("plan", "check", SINGLE, "--json").data["review_overdue"]
    assert "已过复核日期" in flask("plan", "check", SINGLE).text


def test_the_catalogues_prices_are_used_where_there_is_one(flask: Flask, alone: Flask) -> None:
    assert "用到 3 件商品的价格" in flask("plan", "check", SINGLE).text
    assert "没有商品价格，按一单 100.00 元估算" in alone("plan", "check", SINGLE).text


# publish


def versions(flask: Flask) -> int:
    return len(flask("plan", "list", "--json").data["versions"])


def test_a_warning_that_is_not_ticked_is_refused_with_what_to_add(flask: Flask) -> None:
    printed = flask("plan", "publish", FRUIT, code=1)
    assert "--tick TP-1" in printed.said
    error = flask("plan", "publish", FRUIT, "--tick", "TP-2", "--json", code=1).data["error"]
    assert (error["code"], [it["field"] for it in error["fields"]]) == ("plan.ticks_needed", ["TP-1"])
    assert versions(flask) == 1
    assert flask("plan", "publish", FRUIT, "--tick", "TP-1", "--json").data["found"] == ["TP-1"]


def test_what_is_forbidden_is_refused_whatever_is_ticked(flask: Flask, tmp_path: Path) -> None:
    context = written(tmp_path, "context.yaml", "join: [{title: 首单, pay: first_order}]\n")
    ticks = [word for rule_id in ("EF-1", "EF-2", "TP-1") for word in ("--tick", rule_id)]
    error = flask("plan", "publish", FRUIT, *ticks, "--context", context, "--json", code=1).data["error"]
    assert (error["code"], [it["field"] for it in error["fields"]]) == ("plan.blocked", ["EF-2"])
    assert versions(flask) == 1


def test_what_needs_an_override_is_refused_with_how_one_is_recorded(flask: Flask) -> None:
    printed = flask("plan", "publish", TWO_ABOVE, "--tick", "TP-2", code=1)
    assert "flask plan override PLAN.yaml --operator" in printed.said
    assert versions(flask) == 1


# override


@pytest.fixture
def house(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A terminal, an owner who is also the shop's boss, and a second person."""
    monkeypatch.setattr("web.commands.override.at_a_terminal", lambda: True)
    with shop.sessions.writing() as session:
        distributor.add_operator(session, "partner", name="合伙人", role="finance", now=shop.now)
    return shop


def typed(shop: Shop, monkeypatch: pytest.MonkeyPatch, **changed: str) -> str:
    """What is typed in order; the codes are those that were sent to the two."""
    answers = {
        "name": "陈建国",
        "second": "李秀英",
        "title": "店主",
        "reason": REASON,
        "statement": STATEMENT,
        "code": "11111111",
        "second_code": "22222222",
    } | changed
    codes = iter((11111111, 22222222))
    monkeypatch.setattr("services.override.secrets.randbelow", lambda _: next(codes))
    return "".join(f"{answer}\n" for answer in answers.values())


ARGUMENTS = ("plan", "override", TWO_ABOVE, "--operator", "boss", "--second", "partner")


def test_a_record_is_made_at_the_terminal_and_lets_the_plan_through(
    flask: Flask, house: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = flask(*ARGUMENTS, "--json", stdin=typed(house, monkeypatch))
    assert printed.data["rules"] == ["TP-2"]
    assert "第七条" in printed.said
    assert "三十人以上" in printed.said
    assert any("11111111" in body for body in house.told("boss"))
    assert any("22222222" in body for body in house.told("partner"))
    assert not any("22222222" in body for body in house.told("boss"))
    assert flask("plan", "publish", TWO_ABOVE, "--json").data["overrides"] == [printed.data["id"]]
    (row,) = flask("plan", "override", "list", "--json").data["records"]
    assert (row["operator"], row["second"], row["rules"], row["expired"]) == ("boss", "partner", ["TP-2"], False)
    assert "有效期内" in flask("plan", "override", "list").text
    assert flask("plan", "override", "verify", "--json").data == {"ok": True, "records": 1}
    house.later(days=181)
    assert flask("plan", "override", "list", "--json").data["records"][0]["expired"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"statement": STATEMENT[:-1]}, "statement"),
        ({"reason": "老板说可以"}, "reason"),
        ({"second": "陈建国"}, "second"),
        ({"name": "b"}, "operator.real_name"),
    ],
)
def test_what_is_typed_wrongly_makes_no_record(
    flask: Flask, house: Shop, monkeypatch: pytest.MonkeyPatch, changed: dict[str, str], said: str
) -> None:
    printed = flask(*ARGUMENTS, "--json", stdin=typed(house, monkeypatch, **changed), code=1)
    assert said in [it["field"] for it in json.loads(printed.text.splitlines()[-1])["error"]["fields"]]
    with house.sessions.reading() as session:
        assert override.everything(session) == []


def test_a_wrong_code_makes_no_record(flask: Flask, house: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = typed(house, monkeypatch, code="0\n1\n2")
    assert "验证码不对" in flask(*ARGUMENTS, stdin=wrong, code=1).said
    with house.sessions.reading() as session:
        assert override.everything(session) == []


def test_what_does_not_come_from_a_terminal_is_refused(flask: Flask, shop: Shop) -> None:
    assert "必须由本人在终端逐字输入" in flask(*ARGUMENTS, stdin="陈建国\n" * 9, code=1).said


def test_the_statement_and_the_reason_are_no_options(flask: Flask) -> None:
    usage = flask("plan", "override", "record", "--help").text
    assert "--reason" not in usage
    assert "--statement" not in usage
    assert "--yes" not in usage


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("plan", "override", TWO_ABOVE, "--operator", "boss"), "需要第二位审批人"),
        (("plan", "override", "--operator", "boss", TWO_ABOVE), "需要第二位审批人"),
        (("plan", "override", FIVE, "--operator", "boss", "--second", "partner"), "律师的书面意见"),
        (("plan", "override", FRUIT, "--operator", "boss"), "没有需要特批的问题"),
        (("plan", "override", PLANS / "fruit-shop.yaml", "--operator", "boss"), "禁止发布，特批也不能放行"),
        (("plan", "override", TWO_ABOVE, "--operator", "ghost"), "没有账号为 ghost 的操作员"),
    ],
)
def test_nothing_is_asked_where_nothing_can_come_of_it(
    flask: Flask, house: Shop, arguments: tuple[str, ...], said: str
) -> None:
    assert said in flask(*arguments, code=1).said


def test_a_record_that_was_changed_is_found(flask: Flask, house: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    if house.sessions.engine.dialect.name != "sqlite":
        pytest.skip("triggers are dropped in SQLite's words")
    flask(*ARGUMENTS, stdin=typed(house, monkeypatch))
    with house.sessions.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER override_record_no_update"))
        connection.execute(text(f"UPDATE {OverrideRecord.__tablename__} SET reason = 'x'"))
    printed = flask("plan", "override", "verify", code=1)
    assert "第 1 号记录对不上" in printed.text
