"""`flask doctor`: each finding says what is wrong and what to do; nothing it prints is a secret."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
import requests
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import text, update

from bot import doctor as wecom_doctor
from bot import webhook
from bot.doctor import WecomHouse
from bot.wecom.client import Client
from bot.wecom.crypto import Envelope
from bot.wecom.token import TokenProvider
from bot.wecom.wire import Wire
from models import Sessions, new_engine
from models.ledger import LedgerAccount
from models.message import Inbox, JobState, Outbox, Pause
from models.plan import PlanVersion
from services.doctor import Check, Finding
from services.vault import Vault
from simulator import Options, create_simulator
from simulator import Server as Simulator
from tests.commands.conftest import ASSETS, Printed, runner
from tests.support.databases import Database
from tests.support.shop import FERNET, START, Shop
from web import doctor
from web.doctor import DoctorDeps
from web.server import Server

CORP, AGENT, SECRET = "ww0123456789abcdef", 1000002, "secret-of-the-app-0123456789abcdefghijklmnopq"
TOKEN, AES_KEY = "FenXiaoToken2026", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"

# Where the database's kind cannot matter.
one_database = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def house(shop: Shop) -> DoctorDeps:
    """A house in which all is well: a scheduler holds its lease and has beaten just now."""
    with shop.sessions.writing() as session:
        held = datetime.now(UTC) + timedelta(hours=1)
        session.add(JobState(name="scheduler", done_until=START, beat_at=START, holder="me", held_until=held))
    return DoctorDeps(
        sessions=shop.sessions,
        vault=shop.vault,
        clock=shop.clock,
        clock_shift=timedelta,
        clock_file=None,
        assets=ASSETS,
        base_url="http://127.0.0.1:8000",
        demo=True,
        order_api=True,
        simulated=True,
        redis=None,
        jobs=lambda: [("settlement", "结算到期的佣金", START + timedelta(hours=17))],
    )


def examined(house: DoctorDeps, name: str) -> list[Finding]:
    (look,) = [look for look in doctor.checks(house) if look.name == name]
    return doctor.examine(look)


def the_one(house: DoctorDeps, name: str) -> Finding:
    (finding,) = examined(house, name)
    return finding


def run(checks: list[Check], *arguments: str, code: int = 0) -> Printed:
    root = click.Group("flask")
    root.add_command(doctor.command(checks))
    return runner(root)("doctor", *arguments, code=code)


# The whole


def test_a_house_in_order_ends_with_0(house: DoctorDeps) -> None:
    data = run(doctor.checks(house), "--json").data
    assert data["ok"]
    assert {finding["check"]: finding["status"] for finding in data["findings"]} == dict.fromkeys(
        (
            *("configuration", "database", "migrations", "crypto", "redis", "clock", "fonts"),
            *("merchant", "plans", "scheduler", "outbox", "pauses", "ledger"),
        ),
        "ok",
    )
    text_ = run(doctor.checks(house)).text
    assert text_.endswith("一切正常。\n")
    assert "✓ 账本" in text_


@one_database
def test_what_is_wrong_is_counted_and_ends_with_1(house: DoctorDeps) -> None:
    house = replace(house, redis=lambda: "ConnectionError")
    printed = run(doctor.checks(house), code=1)
    assert "✗ Redis" in printed.text
    assert "→ 启动 Redis，检查 REDIS_URL" in printed.text
    assert printed.text.endswith("有 1 个问题要处理。\n")
    assert not run(doctor.checks(house), "--json", code=1).data["ok"]


@one_database
def test_a_check_that_breaks_is_a_finding_and_hides_no_other(house: DoctorDeps) -> None:
    def broken() -> Iterator[Finding]:
        raise RuntimeError("a secret text")

    printed = run([Check("broken", "坏掉的", broken), *doctor.checks(house)], "--json", code=1)
    assert printed.data["findings"][0]["said"] == "检查时出错（RuntimeError）"
    assert printed.data["findings"][-1]["check"] == "ledger"
    assert "a secret text" not in printed.text


@one_database
def test_every_finding_that_is_wrong_or_noted_says_what_to_do(house: DoctorDeps, tmp_path: Path) -> None:
    missing = Sessions(new_engine(f"sqlite:///{tmp_path / 'none.db'}"))
    house = replace(house, sessions=missing, order_api=False, simulated=False, redis=lambda: "TimeoutError")
    findings = run([*doctor.checks(house), *wecom_doctor.checks(None)], "--json", code=1).data["findings"]
    assert {finding["status"] for finding in findings} == {"wrong", "note", "skipped", "ok"}
    assert all(finding["do"] for finding in findings if finding["status"] in ("wrong", "note"))
    assert not (tmp_path / "none.db").exists()


# Configuration, database, keys


@one_database
def test_without_an_enterprise_it_says_what_is_missing(house: DoctorDeps) -> None:
    checks = wecom_doctor.checks(None)
    (finding,) = run(checks, "--json", code=1).data["findings"]
    assert "没有配置企业微信应用" in finding["said"]
    for name in ("WECOM_CORP_ID", "WECOM_AGENT_ID", "WECOM_SECRET", "WECOM_TOKEN", "WECOM_AES_KEY"):
        assert name in finding["do"]


@one_database
@pytest.mark.parametrize(
    ("base_url", "status"),
    [
        ("http://127.0.0.1:8000", "wrong"),
        ("http://192.168.1.5", "wrong"),
        ("http://shop.example.com", "note"),
        ("https://shop.example.com", "ok"),
    ],
)
def test_a_real_enterprise_needs_an_address_that_others_reach(house: DoctorDeps, base_url: str, status: str) -> None:
    house = replace(house, simulated=False, demo=False, base_url=base_url)
    assert the_one(house, "configuration").status == status


@one_database
def test_a_database_that_does_not_answer_is_wrong_and_the_rest_skipped(house: DoctorDeps) -> None:
    down = new_engine("postgresql+psycopg://u:hush@127.0.0.1:1/none", timeout_seconds=2)
    house = replace(house, sessions=Sessions(down))
    assert the_one(house, "database").status == "wrong"
    assert the_one(house, "ledger").status == "skipped"
    assert the_one(house, "fonts").status == "ok"
    assert "hush" not in run(doctor.checks(house), code=1).text


def test_the_version_of_the_database_is_said(house: DoctorDeps, database: Database) -> None:
    product = {"sqlite": "SQLite 3.", "postgresql": "PostgreSQL 1", "mariadb": "MariaDB 1"}[database.backend]
    assert the_one(house, "database").said.startswith(product)


def test_a_database_that_is_behind_the_program_is_found(house: DoctorDeps) -> None:
    with house.sessions.writing() as session:
        kept = session.scalar(text("SELECT version_num FROM alembic_version"))
        session.execute(text("DELETE FROM alembic_version"))
    try:
        finding = the_one(house, "migrations")
        assert finding.status == "wrong"
        assert "flask db upgrade" in (finding.do or "")
    finally:
        with house.sessions.writing() as session:
            session.execute(text("INSERT INTO alembic_version (version_num) VALUES (:kept)"), {"kept": kept})


def test_stored_identities_that_todays_keys_do_not_fit_are_found(house: DoctorDeps, shop: Shop) -> None:
    shop.joins("xiaoli")
    assert the_one(house, "crypto").said.endswith("抽查 2 条都读得出来")
    other = replace(house, vault=Vault([FERNET], "another secret key"))
    assert "SECRET_KEY" in (the_one(other, "crypto").do or "")


def test_identities_sealed_under_a_key_that_is_gone_are_found(house: DoctorDeps, shop: Shop) -> None:
    shop.joins("xiaoli")
    with shop.sessions.writing() as session:
        sealed = shop.vault.seal("13800000000")
        digest = shop.vault.digest("phone", "13800000000")
        values = {"kind": "phone", "digest": digest, "sealed": sealed, "now": START.replace(tzinfo=None)}
        session.execute(
            text(
                "INSERT INTO identity (distributor_id, kind, digest, sealed, created_at)"
                " VALUES (:who, :kind, :digest, :sealed, :now)"
            ),
            values | {"who": shop.who("xiaoli").id},
        )
    newer = replace(house, vault=Vault([Fernet.generate_key().decode()], "a secret key of the tests"))
    finding = the_one(newer, "crypto")
    assert (finding.status, "ENCRYPTION_KEYS" in (finding.do or "")) == ("wrong", True)


# What waits, what runs, the books


def test_a_merchant_without_plan_or_operator_is_told_the_commands(house: DoctorDeps) -> None:
    with house.sessions.writing() as session:
        session.execute(update(PlanVersion).values(starts_at=START + timedelta(days=1)))
        session.execute(text("DELETE FROM operator"))
    said = [finding.do or "" for finding in examined(house, "merchant")]
    assert [line.split(" USERID")[0] for line in said] == [
        "flask plan publish assets/plans/fruit.yaml --tick TP-1，或发布自己的方案",
        "flask operator create",
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"holder": None, "held_until": None}, "没有在运行，最后一次心跳 2026-11-18 10:00:00"),
        ({"held_until": datetime(2026, 1, 1, tzinfo=UTC)}, "没有在运行"),
        ({"beat_at": None}, "还没有运行过"),
    ],
)
def test_a_scheduler_that_does_not_run_is_found(house: DoctorDeps, change: dict[str, Any], said: str) -> None:
    with house.sessions.writing() as session:
        session.execute(update(JobState).values(**change))
    finding = the_one(house, "scheduler")
    assert finding.status == "wrong"
    assert said in finding.said
    assert "python -m jobs.scheduler" in (finding.do or "")


@one_database
def test_a_job_that_should_have_run_is_found(house: DoctorDeps) -> None:
    house = replace(house, jobs=lambda: [("settlement", "结算到期的佣金", START - timedelta(minutes=6))])
    finding = the_one(house, "scheduler")
    assert "「结算到期的佣金」该在 2026-11-18 09:54:00 做" in finding.said
    assert "flask job run settlement" in (finding.do or "")


def _outbox(state: str, minutes: int) -> Outbox:
    at = START - timedelta(minutes=minutes)
    return Outbox(key=f"k{state}{minutes}", lane="wecom:x", kind="text", body={}, state=state, due_at=at, created_at=at)


def test_messages_that_should_have_been_sent_are_counted(house: DoctorDeps) -> None:
    with house.sessions.writing() as session:
        session.add_all([_outbox("waiting", 6), _outbox("sending", 9), _outbox("waiting", 4), _outbox("sent", 99)])
    finding = the_one(house, "outbox")
    assert (finding.status, finding.said) == ("wrong", "2 条消息该发没发，最早的从 2026-11-18 09:51:00 起")


def test_messages_that_were_given_up_or_not_handled_are_found(house: DoctorDeps) -> None:
    with house.sessions.writing() as session:
        session.add(_outbox("given_up", 60))
        at = START - timedelta(minutes=10)
        inbox = {"channel": "wecom", "sender": "x", "inbound": {}, "due_at": at, "received_at": at}
        session.add_all([Inbox(key="1", state="waiting", **inbox), Inbox(key="2", state="failed", **inbox)])
    found = {(finding.check, finding.status) for finding in examined(house, "outbox")}
    assert found == {("inbox", "wrong"), ("outbox", "note"), ("inbox", "note")}


@one_database
@pytest.mark.parametrize(
    ("errcode", "remedy"), [(60020, "企业可信IP"), (40001, "WECOM_SECRET"), (99999, "错误码 99999")]
)
def test_a_pause_says_since_when_and_what_mends_it(house: DoctorDeps, errcode: int, remedy: str) -> None:
    with house.sessions.writing() as session:
        session.add(Pause(scope="wecom", errcode=errcode, since=START, retry_at=START))
    finding = the_one(house, "pauses")
    assert (finding.status, remedy in (finding.do or "")) == ("wrong", True)
    assert f"返回 {errcode}" in finding.said


def test_books_that_do_not_add_up_are_found(house: DoctorDeps, shop: Shop) -> None:
    shop.joins("xiaoli")
    shop.sells("xiaoli", "68.00")
    with shop.sessions.writing() as session:
        wrong = update(LedgerAccount).where(LedgerAccount.purpose == "pending").values({"balance": text("balance + 1")})
        session.execute(wrong)
    finding = the_one(house, "ledger")
    assert (finding.status, "distributor:1:pending" in finding.said) == ("wrong", True)


# The machine


@one_database
@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (None, "ok", "现在是上海时间"),
        ("0.000\n", "ok", "现在是上海时间"),
        ("273600\n", "note", "演示时钟比系统时间快 3 天 4 小时"),
        ("-90", "note", "慢 1 分 30 秒"),
        ("a week", "wrong", "不是一个秒数"),
    ],
)
def test_the_clock_file_is_looked_at(
    house: DoctorDeps, tmp_path: Path, content: str | None, status: str, said: str
) -> None:
    file = tmp_path / "clock"
    if content is not None:
        file.write_text(content, encoding="ascii")
    shift = timedelta(seconds=float(content)) if content and status != "wrong" else timedelta()
    finding = the_one(replace(house, clock_file=file, clock_shift=lambda: shift), "clock")
    assert finding.status == status
    assert said in finding.said


@one_database
def test_a_font_that_is_missing_is_found(house: DoctorDeps, tmp_path: Path) -> None:
    (tmp_path / "fonts").mkdir()
    finding = the_one(replace(house, assets=tmp_path), "fonts")
    assert (finding.status, "assets/fonts" in (finding.do or "")) == ("wrong", True)


def test_characters_that_no_poster_can_show_are_named(house: DoctorDeps) -> None:
    with house.sessions.writing() as session:
        session.execute(text("UPDATE product SET promise = '\U00030000好'"))
    finding = the_one(house, "fonts")
    assert (finding.status, finding.said) == ("note", "商品名或卖点里有 1 个字画不出来：\U00030000")


# WeChat Work


@dataclass
class Desk:
    """A running simulator and an app that answers its callbacks."""

    house: WecomHouse
    simulator: str

    def look(self, name: str) -> list[Finding]:
        (check,) = [check for check in wecom_doctor.checks(self.house) if check.name == name]
        return doctor.examine(check)

    def fault(self, **wish: Any) -> None:
        answer = requests.post(f"{self.simulator}/sim/faults", json=wish, timeout=10)
        assert answer.status_code == 200, answer.text


@pytest.fixture
def desk(shop: Shop) -> Iterator[Desk]:
    envelope = Envelope(TOKEN, AES_KEY, CORP)
    app = Flask("tuike")
    app.register_blueprint(webhook.blueprint(shop.assistant, "wecom", webhook.wecom(envelope, CORP, AGENT, shop.clock)))
    web = Server(app, "127.0.0.1", 0, threads=2)
    web.start()
    try:
        options = Options(CORP, AGENT, SECRET, TOKEN, AES_KEY, f"http://127.0.0.1:{web.port}/callback/wecom")
        with Simulator(create_simulator(options)) as simulator:
            yield Desk(_house(shop, envelope, simulator.url, f"http://127.0.0.1:{web.port}"), simulator.url)
    finally:
        web.stop()


def _house(shop: Shop, envelope: Envelope, simulator: str, base_url: str, secret: str = SECRET) -> WecomHouse:
    wire = Wire(f"{simulator}/cgi-bin")
    seal, unseal = shop.vault.seal, shop.vault.open
    tokens = TokenProvider(shop.sessions, wire, CORP, secret, seal=seal, unseal=unseal, clock=shop.clock)
    client = Client(wire, tokens)
    return WecomHouse(shop.sessions, client, envelope, AGENT, base_url, f"{simulator}/cgi-bin", simulated=True)


@one_database
def test_with_the_platform_all_is_well_and_the_menu_is_asked_for(desk: Desk) -> None:
    printed = run(wecom_doctor.checks(desk.house), "--json")
    found = {finding["check"]: finding["status"] for finding in printed.data["findings"]}
    assert found == {
        "wecom.token": "ok",
        "wecom.ip": "ok",
        "wecom.menu": "note",
        "wecom.callback": "ok",
        "wecom.clock": "ok",
    }
    for secret in (SECRET, TOKEN, AES_KEY):
        assert secret not in printed.text + printed.said


@one_database
def test_an_address_that_is_not_in_the_list_is_quoted(desk: Desk) -> None:
    desk.fault(ip_list=["9.9.9.9"])
    (finding,) = desk.look("wecom.ip")
    assert finding.status == "wrong"
    assert "出口 IP 127.0.0.1 不在可信名单" in finding.said
    assert "60020" in finding.said
    assert "企业可信IP" in (finding.do or "")


@one_database
def test_a_wrong_secret_is_found_and_the_address_cannot_be_asked(desk: Desk, shop: Shop) -> None:
    wrong = _house(shop, desk.house.envelope, desk.simulator, desk.house.base_url, secret="x" * 43)
    desk.house = wrong
    (finding,) = desk.look("wecom.token")
    assert (finding.status, "WECOM_SECRET" in (finding.do or "")) == ("wrong", True)
    assert [found.status for found in desk.look("wecom.ip")] == ["skipped"]


@one_database
def test_a_platform_that_does_not_answer_is_found(shop: Shop) -> None:
    nowhere = _house(shop, Envelope(TOKEN, AES_KEY, CORP), "http://127.0.0.1:1", "http://127.0.0.1:1")
    found = {check.name: doctor.examine(check)[0] for check in wecom_doctor.checks(nowhere)}
    assert {name: finding.status for name, finding in found.items()} == {
        "wecom.token": "wrong",
        "wecom.ip": "wrong",
        "wecom.callback": "wrong",
        "wecom.clock": "skipped",
    }
    assert "make run" in (found["wecom.token"].do or "")


@one_database
@pytest.mark.parametrize(
    ("envelope", "path", "said"),
    [
        (Envelope("AnotherToken", AES_KEY, CORP), "", "HTTP 403，签名或密文没有通过"),
        (Envelope(TOKEN, AES_KEY, "ww-another-corp"), "", "HTTP 403"),
        (Envelope(TOKEN, AES_KEY, CORP), "/elsewhere", "HTTP 404"),
    ],
)
def test_a_callback_that_does_not_verify_is_found(desk: Desk, envelope: Envelope, path: str, said: str) -> None:
    desk.house = replace(desk.house, envelope=envelope, base_url=desk.house.base_url + path)
    (finding,) = desk.look("wecom.callback")
    assert (finding.status, said in finding.said) == ("wrong", True), finding


@one_database
def test_a_machine_whose_clock_is_off_is_found(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    late = datetime.now(UTC) + timedelta(minutes=10)
    monkeypatch.setattr(wecom_doctor, "_read_date", lambda _: late)
    (finding,) = desk.look("wecom.clock")
    assert (finding.status, "NTP" in (finding.do or "")) == ("wrong", True)
    assert "比平台慢" in finding.said
