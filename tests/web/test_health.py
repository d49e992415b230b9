"""Liveness, readiness and what Prometheus reads; and what a caller sees while the database is down."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from models.base import Sessions, new_engine
from models.message import Outbox
from tests.orders.mall import NOW, Mall, order

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def samples(text: str) -> dict[str, float]:
    return {
        sample.name + "".join(f"{{{name}={value}}}" for name, value in sample.labels.items()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def broken(tmp_path: Path) -> Mall:
    return Mall(Sessions(new_engine(f"sqlite:///{tmp_path / 'none' / 'x.db'}")))


def test_a_living_process_says_so(shop: Mall, tmp_path: Path) -> None:
    assert shop.app.test_client().get("/healthz").status_code == 200
    assert broken(tmp_path).app.test_client().get("/healthz").status_code == 200


def test_ready_is_exactly_three_oks(shop: Mall) -> None:
    answer = shop.app.test_client().get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"database": "ok", "redis": "ok", "migrations": "ok"})


def test_what_is_wrong_is_said_with_503(database: object) -> None:
    def unreachable() -> str | None:
        raise ConnectionError("redis://:password@host")

    checks = {"redis": unreachable, "migrations": lambda: "2 revisions behind: run `flask db upgrade`"}
    answer = Mall(database.sessions, checks=checks).app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {
        "database": "ok",
        "redis": "cannot be checked (ConnectionError)",
        "migrations": "2 revisions behind: run `flask db upgrade`",
    }


def test_without_its_database_the_service_is_not_ready_and_asks_to_come_again(shop: Mall, tmp_path: Path) -> None:
    down = broken(tmp_path)
    ready = down.app.test_client().get("/readyz")
    assert ready.status_code == 503
    assert ready.json["database"].startswith("does not answer")
    pushed, page = down.push(order()), down.app.test_client().get("/shop")
    assert (pushed.status_code, pushed.json["error"]["code"]) == (503, "unavailable")
    assert (page.status_code, "暂时不可用" in page.text) == (503, True)
    assert pushed.headers["Retry-After"] == "5"


def test_pushes_are_counted_by_what_became_of_them(shop: Mall) -> None:
    before = samples(shop.app.test_client().get("/metrics").text)
    shop.push(order())
    shop.push(order())
    shop.push(order(freight="1.00"))
    shop.push(order("O2", freight="x"))
    shop.push(order("O3"), X_Signature="0" * 64)
    shop.refund("O1", "R1", (0, 1, "1.00"))
    shop.refund("O9", "R9", (0, 1, "1.00"))
    shop.send("GET", "/api/v1/products", b"")
    after = samples(shop.app.test_client().get("/metrics").text)
    grown = {name: after[name] - before.get(name, 0.0) for name in after if after[name] != before.get(name)}
    results = ("created", "same", "conflict", "invalid", "unauthorized", "refunded", "kept")
    assert grown == {f"tuike_orders_total{{result={result}}}": 1.0 for result in results}


def test_what_waits_to_be_sent_is_measured_at_the_scrape(shop: Mall) -> None:
    nothing = samples(shop.app.test_client().get("/metrics").text)
    assert (nothing["tuike_outbox_waiting"], nothing["tuike_outbox_oldest_seconds"]) == (0, 0)
    with shop.sessions.writing() as session:
        for number, (state, age) in enumerate([("waiting", 5), ("waiting", 90), ("sent", 900)]):
            at = NOW - timedelta(seconds=age)
            session.add(
                Outbox(key=str(number), lane="wecom:a", kind="text", body={}, state=state, due_at=NOW, created_at=at)
            )
    waiting = samples(shop.app.test_client().get("/metrics").text)
    assert (waiting["tuike_outbox_waiting"], waiting["tuike_outbox_oldest_seconds"]) == (2, 90)


def test_the_five_names_of_the_contract_are_always_there(shop: Mall) -> None:
    text = shop.app.test_client().get("/metrics").text
    named = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert named >= {
        "tuike_messages_total",
        "tuike_outbox_waiting",
        "tuike_outbox_oldest_seconds",
        "tuike_orders_total",
        "tuike_wecom_calls_total",
    }


def test_counters_are_told_while_the_database_is_down(shop: Mall, tmp_path: Path) -> None:
    answer = broken(tmp_path).app.test_client().get("/metrics")
    assert answer.status_code == 200
    assert "tuike_orders_total" in answer.text
    assert "tuike_outbox_waiting" not in answer.text


def test_the_counters_of_several_processes_add_up(shop: Mall, tmp_path: Path) -> None:
    count = "from services import metrics; metrics.messages.labels(channel='wecom', intent='join').inc()"
    read = "from services import metrics; print(metrics.exposition(None, shared_directory='.').decode())"
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": ".", "PYTHONPATH": str(ROOT)}
    outputs = [
        subprocess.run(
            [sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout
        for code in (count, count, read)
    ]
    assert samples(outputs[-1])["tuike_messages_total{channel=wecom}{intent=join}"] == 2.0
