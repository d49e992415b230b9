"""The same story with the commands of a production: PostgreSQL, Redis, and a process for each part."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.databases import Database

from . import story
from .conftest import Launch
from .processes import BIN, KEYS, STOPS_WITHIN, Process, environment, free_port, wednesday_morning
from .test_one_command import assert_log_is_clean, ledger_verify
from .town import Town

pytestmark = [pytest.mark.journey, pytest.mark.parametrize("database", ["postgresql"], indirect=True)]


@dataclass
class Production:
    env: dict[str, str]
    town: Town
    web: Process
    worker: Process
    clock: Process
    simulator: Process


@pytest.fixture
def production(launch: Launch, tmp_path: Path, database: Database, redis_url: str) -> Production:
    """Web, worker and scheduler as docs/running.md starts them; the simulator plays WeChat Work as one more process."""
    port, simulator_port = free_port(), free_port()
    town = Town(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{simulator_port}")
    wednesday_morning(tmp_path)
    env = environment(
        tmp_path,
        **KEYS,
        DEMO="1",  # the demo merchant and the clock that can be moved; everything else is as in production
        PORT=str(port),
        SIMULATOR_PORT="off",
        BASE_URL=town.app,
        DATABASE_URL=database.url,
        REDIS_URL=redis_url,
        WECOM_API_BASE=f"{town.simulator}/cgi-bin",
    )
    simulator = launch(
        [sys.executable, "-m", "simulator"], {**env, "SIMULATOR_PORT": str(simulator_port)}, tmp_path / "simulator.log"
    )
    web = launch([BIN / "gunicorn", "app:create_app()", "--workers", "2"], env, tmp_path / "web.log")
    worker = launch([BIN / "dramatiq", "app", "--processes", "1"], env, tmp_path / "worker.log")
    clock = launch([sys.executable, "-m", "jobs.scheduler"], env, tmp_path / "scheduler.log")
    simulator.serves(f"{town.simulator}/sim/clock")
    web.serves(f"{town.app}/readyz")
    return Production(env, town, web, worker, clock, simulator)


def test_the_story_with_a_process_for_each_part(production: Production) -> None:
    story.tell(production.town)
    assert ledger_verify(production.env) == 0
    for process in (production.clock, production.worker, production.web):
        code, seconds = process.stop()
        assert code == 0, process.tail()
        assert seconds < STOPS_WITHIN
    assert_log_is_clean(production.clock)
    assert_log_is_clean(production.web)
    production.simulator.stop()
