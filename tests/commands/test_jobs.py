"""`flask settle` and `flask job`."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text, update

from models.ledger import LedgerAccount
from models.settlement import SettlementRun
from tests.commands.conftest import Flask
from tests.support.shop import Shop


@pytest.fixture
def completed(shop: Shop) -> Shop:
    shop.joins("xiaoli")
    shop.completes(shop.sells("xiaoli", "68.00"))
    return shop


def test_settle_makes_what_is_due_available_once(flask: Flask, completed: Shop) -> None:
    nothing = {"runs": 0, "distributors": 0, "failed": 0, "amount": "0.00", "bonuses": "0.00", "windows": 0}
    now = flask("settle", "--json").data
    assert now == {"as_of": "2026-11-18T10:00:00+08:00", **nothing}
    ahead = flask("settle", "--as-of", "2026-11-25T10:00:00", "--json").data
    assert ahead == {"as_of": "2026-11-25T10:00:00+08:00", **nothing, "runs": 1, "distributors": 1, "amount": "6.80"}
    assert completed.balances("xiaoli") == {"available": "6.80"}
    again = flask("settle", "--as-of", "2026-11-25T10:00:00")
    assert again.text == "结算到 2026-11-25 10:00:00：没有到期的佣金。\n"
    with completed.sessions.reading() as session:
        assert session.scalars(select(SettlementRun.reason)).all() == ["command"]


def test_settle_says_who_got_what_in_words(flask: Flask, completed: Shop) -> None:
    printed = flask("settle", "--as-of", "2026-12-01")
    assert printed.text == "结算到 2026-12-01 00:00:00：1 位分销员，共 6.80 元转为可提现。\n"


def test_a_second_before_the_hold_period_ends_nothing_is_due(flask: Flask, completed: Shop) -> None:
    assert flask("settle", "--as-of", "2026-11-25T09:59:59", "--json").data["distributors"] == 0


@pytest.mark.parametrize("moment", ["tomorrow", "2026-13-01", "1.5", ""])
def test_a_time_that_is_none_is_used_wrongly(flask: Flask, moment: str) -> None:
    printed = flask("settle", "--as-of", moment, "--json", code=2)
    assert printed.text == ""
    assert "ISO 8601" in printed.said


def test_a_job_runs_by_hand_as_if_it_were_due(flask: Flask, completed: Shop) -> None:
    data = flask("job", "run", "settlement", "--as-of", "2026-11-25T10:00:00", "--json").data
    assert (data["job"], data["summary"]["amount"]) == ("settlement", "6.80")
    assert flask("job", "run", "reconcile").text == "任务 reconcile 已执行（2026-11-18 10:00:00）：differences 0\n"


def test_a_job_that_finds_something_ends_with_1(flask: Flask, completed: Shop) -> None:
    with completed.sessions.writing() as session:
        wrong = update(LedgerAccount).where(LedgerAccount.purpose == "pending").values({"balance": text("balance + 1")})
        session.execute(wrong)
    assert flask("job", "run", "reconcile", "--json", code=1).data["summary"] == {"differences": 1}


def test_an_unknown_job_is_used_wrongly_and_the_known_ones_are_named(flask: Flask) -> None:
    printed = flask("job", "run", "dance", code=2)
    assert "settlement" in printed.said
    assert "reconcile" in printed.said


def test_jobs_are_listed_with_their_next_moment(flask: Flask) -> None:
    jobs = flask("job", "list", "--json").data["jobs"]
    assert jobs[0] == {
        "name": "settlement",
        "title": "结算到期的佣金",
        "cron": "0 3 * * *",
        "done_until": None,
        "next_at": "2026-11-19T03:00:00+08:00",
    }
    assert "settlement" in flask("job", "list").text.splitlines()[1]
