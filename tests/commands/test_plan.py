"""`flask plan`: evaluate, publish, list."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.plan import PlanVersion
from tests.commands.conftest import ASSETS, Flask
from tests.support.shop import Shop

FRUIT = ASSETS / "plans" / "fruit.yaml"
TICK = ("--tick", "TP-1")
SCENARIO = {
    "distributors": [{"code": "A"}, {"code": "B", "upline": "A"}],
    "orders": [
        {
            "no": "O1",
            "seller": "B",
            "buyer": "cust-1",
            "paid_at": "2026-03-01T10:00:00+08:00",
            "completed_at": "2026-03-03T10:00:00+08:00",
            "lines": [{"sku": "APPLE", "qty": 1, "paid": "68.00"}],
            "refunds": [],
        }
    ],
}


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(SCENARIO), encoding="utf-8")
    return file


def amounts(data: dict[str, object]) -> dict[str, tuple[int, str]]:
    return {award["to"]: (award["amount_fen"], award["state"]) for award in data["awards"]}  # type: ignore[attr-defined]


# evaluate


def test_evaluate_prints_awards_and_skips_without_a_database(alone: Flask, scenario: Path) -> None:
    data = alone("plan", "evaluate", FRUIT, scenario, "--json").data
    assert amounts(data) == {"B": (680, "available"), "A": (340, "available")}
    assert data["skips"] == []


def test_evaluate_stops_at_as_of_and_takes_a_time_without_offset_for_shanghai(alone: Flask, scenario: Path) -> None:
    settled = "2026-03-10T10:00:00"
    assert amounts(alone("plan", "evaluate", FRUIT, scenario, "--as-of", settled, "--json").data)["B"][1] == "available"
    before = "2026-03-10T09:59:59"
    assert amounts(alone("plan", "evaluate", FRUIT, scenario, "--as-of", before, "--json").data)["B"][1] == "pending"
    unpaid = "2026-03-01T01:59:59Z"
    assert alone("plan", "evaluate", FRUIT, scenario, "--as-of", unpaid, "--json").data["awards"] == []


def test_evaluate_reads_well_for_people(alone: Flask, scenario: Path) -> None:
    text = alone("plan", "evaluate", FRUIT, scenario).text
    assert "方案「水果店」：2 笔佣金" in text
    assert "B（出单人）6.80 元，可提现" in text
    assert "订单 O1 实付 68.00 元 × 推广佣金 10% = 6.80 元" in text
    assert "A（上级）3.40 元" in text
    assert "合计：待结算 0.00 元，可提现 10.20 元" in text


def test_a_refused_plan_names_line_key_and_what_is_allowed(alone: Flask, scenario: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(FRUIT.read_text(encoding="utf-8").replace("rate: 10%", "rate: 101%"), encoding="utf-8")
    line = next(n for n, text in enumerate(bad.read_text(encoding="utf-8").splitlines(), 1) if "101%" in text)
    printed = alone("plan", "evaluate", bad, scenario, code=1)
    assert printed.text == ""
    assert f"第 {line} 行 rules[0].pay[0].rate：比例要写成 10%" in printed.said
    assert "Traceback" not in printed.said
    error = alone("plan", "evaluate", bad, scenario, "--json", code=1).data["error"]
    assert error["code"] == "plan.refused"
    assert (error["fields"][0]["line"], error["fields"][0]["field"]) == (line, "rules[0].pay[0].rate")


def test_a_refused_scenario_names_the_field(alone: Flask, scenario: Path) -> None:
    scenario.write_text(json.dumps(SCENARIO).replace('"68.00"', "68.0"), encoding="utf-8")
    error = alone("plan", "evaluate", FRUIT, scenario, "--json", code=1).data["error"]
    assert error["code"] == "scenario.refused"
    assert error["fields"][0]["field"] == "orders[0].lines[0].paid"


def test_a_file_that_is_no_utf8_is_refused(alone: Flask, scenario: Path, tmp_path: Path) -> None:
    gbk = tmp_path / "gbk.yaml"
    gbk.write_bytes("name: 水果店\n".encode("gbk"))
    assert "不是 UTF-8" in alone("plan", "evaluate", gbk, scenario, code=1).said


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-file.yaml", "scenario.json"),
        (FRUIT,),
        (FRUIT, FRUIT, "--as-of", "yesterday"),
        (FRUIT, FRUIT, "--batch", "."),
        ("--batch", "no-such-folder"),
    ],
)
def test_evaluate_used_wrongly_ends_with_2_and_no_output(alone: Flask, arguments: tuple[str, ...]) -> None:
    assert alone("plan", "evaluate", *arguments, "--json", code=2).text == ""


def test_a_batch_writes_one_result_for_each_case(alone: Flask, tmp_path: Path) -> None:
    plan_text = FRUIT.read_text(encoding="utf-8")
    for name, text, as_of in (
        ("good", plan_text, None),
        ("early", plan_text, "2026-03-02T00:00:00\n"),
        ("bad-plan", "name: x\nrules: 7\n", None),
        ("bad-time", plan_text, "soon"),
        ("no-scenario", plan_text, None),
    ):
        (tmp_path / f"{name}.plan.yaml").write_text(text, encoding="utf-8")
        if name != "no-scenario":
            (tmp_path / f"{name}.scenario.json").write_text(json.dumps(SCENARIO), encoding="utf-8")
        if as_of is not None:
            (tmp_path / f"{name}.as_of").write_text(as_of, encoding="utf-8")
    assert alone("plan", "evaluate", "--batch", tmp_path, "--json").data == {"cases": 5, "refused": 3}

    def result(name: str) -> dict[str, object]:
        return json.loads((tmp_path / f"{name}.result.json").read_text(encoding="utf-8"))

    assert amounts(result("good"))["B"] == (680, "available")
    assert amounts(result("early"))["B"] == (680, "pending")
    assert list(result("bad-plan")) == list(result("bad-time")) == list(result("no-scenario")) == ["error"]


def test_evaluate_takes_every_kind_and_shows_it_under_its_rule(alone: Flask, scenario: Path) -> None:
    text = alone("plan", "evaluate", ASSETS / "plans" / "fruit-shop.yaml", scenario).text
    assert "首单奖励\n  B（达标）10.00 元，可提现\n    首单奖励：订单 O1 结算后，结算订单达到 1 单" in text
    assert "周冲刺\n  B（排名）100.00 元，可提现" in text
    assert "带新奖励\n  A（达标）非现金奖励，可提现" in text


# diff


CHEAPER = FRUIT.read_text(encoding="utf-8").replace("upline-1, rate: 5%", "upline-1, rate: 4%")


def test_diff_says_in_words_what_changes_without_a_database(alone: Flask, tmp_path: Path) -> None:
    new = tmp_path / "new.yaml"
    new.write_text(CHEAPER, encoding="utf-8")
    assert alone("plan", "diff", FRUIT, new).text == "推广佣金：上级从 5% 降到 4%\n"
    assert alone("plan", "diff", FRUIT, FRUIT, "--json").data == {"changes": []}
    assert "完全一样" in alone("plan", "diff", FRUIT, FRUIT).text


def test_diff_counts_whom_a_change_concerns(flask: Flask, shop: Shop, tmp_path: Path) -> None:
    shop.joins("xiaoli")
    for name in ("laowang", "amei"):
        shop.joins(name, "xiaoli")
    new = tmp_path / "new.yaml"
    new.write_text(CHEAPER.replace("hold_days: 7", "hold_days: 15"), encoding="utf-8")
    assert flask("plan", "diff", FRUIT, new, "--json").data == {
        "changes": [
            {"text": "售后期从 7 天改为 15 天", "affected": 3},
            {"text": "推广佣金：上级从 5% 降到 4%", "affected": 1},
        ]
    }
    assert "推广佣金：上级从 5% 降到 4%，影响 1 人" in flask("plan", "diff", FRUIT, new).text


# publish and list


def test_publish_makes_the_next_version_from_now_on(flask: Flask, shop: Shop) -> None:
    shop.later(hours=1, microseconds=500)
    data = flask("plan", "publish", FRUIT, "--operator", "BOSS", "--tick", "TP-1", "--json").data
    assert (data["name"], data["state"], data["published_by"]) == ("水果店", "in_force", "boss")
    assert data["ticks"] == ["TP-1"]
    assert data["starts_at"] == "2026-11-18T11:00:00+08:00"
    with shop.sessions.reading() as session:
        assert session.get_one(PlanVersion, data["version"]).ticks == ["TP-1"]
    states = {row["version"]: row["state"] for row in flask("plan", "list", "--json").data["versions"]}
    assert states == {1: "superseded", 2: "in_force"}


def test_a_version_for_later_is_scheduled_and_then_in_force(flask: Flask, shop: Shop) -> None:
    text = flask("plan", "publish", FRUIT, *TICK, "--from", "2026-12-01").text
    assert text == "已发布第 2 版「水果店」，从 2026-12-01 00:00:00 起生效。\n"
    flask("plan", "publish", FRUIT, *TICK, "--from", "2026-12-01T00:00:00+08:00")
    states = [row["state"] for row in flask("plan", "list", "--json").data["versions"]]
    assert states == ["in_force", "superseded", "scheduled"]
    shop.later(days=30)
    listed = flask("plan", "list")
    assert [row.split()[1] for row in listed.text.splitlines()[1:]] == ["已被取代", "已被取代", "生效中"]


def test_a_start_more_than_a_minute_ago_is_refused_and_nothing_is_published(flask: Flask) -> None:
    flask("plan", "publish", FRUIT, *TICK, "--from", "2026-11-18T09:59:00")
    printed = flask("plan", "publish", FRUIT, "--from", "2026-11-18T09:58:59", code=1)
    assert "最早是 2026-11-18 09:59:00" in printed.said
    assert len(flask("plan", "list", "--json").data["versions"]) == 2


def test_a_plan_that_names_what_nobody_sells_is_refused(flask: Flask, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    scoped = FRUIT.read_text(encoding="utf-8").replace(
        "    pay:\n", "    scope: {categories: [海鲜], skus: [NO-SUCH]}\n    pay:\n"
    )
    bad.write_text(scoped, encoding="utf-8")
    fields = flask("plan", "publish", bad, "--json", code=1).data["error"]["fields"]
    assert [field["field"] for field in fields] == ["rules[0].scope.categories", "rules[0].scope.skus"]
    assert all(field["line"] for field in fields)


def test_an_operator_nobody_knows_cannot_publish(flask: Flask) -> None:
    assert "flask operator create ghost" in flask("plan", "publish", FRUIT, "--operator", "ghost", code=1).said


def test_a_broken_plan_is_refused_before_the_database_is_asked(alone: Flask, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: [", encoding="utf-8")
    assert "不是合法的 YAML" in alone("plan", "publish", bad, code=1).said


# drafts


def test_a_draft_is_kept_checked_and_published(flask: Flask) -> None:
    saved = flask("plan", "draft", FRUIT)
    assert saved.text == "已存为草案 D1「水果店」。下一步：flask plan check D1\n"
    assert [(row["draft"], row["state"]) for row in flask("plan", "list", "--json").data["drafts"]] == [("D1", "draft")]

    checked = flask("plan", "check", "D1", code=1)
    assert "flask plan publish D1 --tick TP-1" in checked.text
    (row,) = flask("plan", "list", "--json").data["drafts"]
    assert (row["state"], row["found"]) == ("checked", ["TP-1"])
    assert "D1    已检查  TP-1" in flask("plan", "list").text

    data = flask("plan", "publish", "D1", *TICK, "--json").data
    assert (data["name"], data["state"]) == ("水果店", "in_force")
    assert flask("plan", "list", "--json").data["drafts"] == []
    refused = flask("plan", "draft", FRUIT, "--replace", "D1", code=1).said
    assert f"草案 D1 已经发布为第 {data['version']} 版，不能再改" in refused


def test_a_draft_that_is_changed_must_be_checked_again(flask: Flask, tmp_path: Path) -> None:
    flask("plan", "draft", FRUIT)
    flask("plan", "check", "D1", code=1)
    other = tmp_path / "other.yaml"
    other.write_text(FRUIT.read_text(encoding="utf-8").replace("name: 水果店", "name: 水果店二"), encoding="utf-8")
    flask("plan", "draft", other, "--replace", "d1")
    (row,) = flask("plan", "list", "--json").data["drafts"]
    assert (row["name"], row["state"], row["found"], row["checked_at"]) == ("水果店二", "draft", [], None)


def test_a_draft_that_is_blocked_stays_a_draft(flask: Flask, tmp_path: Path) -> None:
    text = "name: 人头\nrules: [{id: m, kind: milestone, title: 奖, count: {of: recruits, qualify: joined}, every: 1,"
    blocked = tmp_path / "blocked.yaml"
    blocked.write_text(text + ' reward: {cash: "1.00"}}]\n', encoding="utf-8")
    flask("plan", "draft", blocked)
    assert flask("plan", "publish", "D1", "--json", code=1).data["error"]["code"] == "plan.blocked"
    assert [row["state"] for row in flask("plan", "list", "--json").data["drafts"]] == ["draft"]


def test_a_draft_of_nobody_is_refused(flask: Flask) -> None:
    assert "没有草案 D7" in flask("plan", "check", "D7", code=1).said
    assert "编号像 D3" in flask("plan", "draft", FRUIT, "--replace", "7", code=2).said
