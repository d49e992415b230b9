"""The commands as processes: `flask …` with exit codes, clean standard output, and nothing but words on faults."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.conftest import ASSETS, ROOT
from tests.commands.test_plan import SCENARIO
from tests.support.shop import FERNET

pytestmark = pytest.mark.journey

FRUIT = ASSETS / "plans" / "fruit.yaml"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A merchant of his own, without an enterprise; the same names in a `.env` of this checkout do not reach him."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "LC_ALL")}
    emptied = dict.fromkeys(("DEMO", "REDIS_URL", "BASE_URL", "WECOM_CORP_ID", "WECOM_OPERATORS", "CLOCK_FILE"), "")
    return {
        **kept,
        **emptied,
        "DATABASE_URL": f"sqlite:///{tmp_path / 'tuike.db'}",
        "SECRET_KEY": "a secret key of the tests",
        "ENCRYPTION_KEYS": FERNET,
        "SIMULATOR_PORT": "off",
        "PYTHONIOENCODING": "utf-8",
    }


def start(environment: dict[str, str], *arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", str(ROOT / "app.py"), *map(str, arguments)],
        env=environment,
        cwd=ROOT,
        text=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def flask(environment: dict[str, str], *arguments: str | Path, code: int = 0) -> tuple[str, str]:
    with start(environment, *arguments) as process:
        out, err = process.communicate(timeout=120)
    assert process.returncode == code, f"ended with {process.returncode}\n{out}\n{err}"
    assert "Traceback" not in err
    return out, err


def test_evaluate_prints_one_json_value_and_makes_no_database(environment: dict[str, str], tmp_path: Path) -> None:
    scenario = tmp_path / "s.json"
    scenario.write_text(json.dumps(SCENARIO), encoding="utf-8")
    out, err = flask(environment, "plan", "evaluate", FRUIT, scenario, "--json")
    assert [award["amount_fen"] for award in json.loads(out)["awards"]] == [680, 340]
    assert err == ""
    assert [path.name for path in tmp_path.iterdir()] == ["s.json"]


def test_a_refused_plan_ends_with_1_and_words(environment: dict[str, str], tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: 测试\nrules: []\nlevles: []\n", encoding="utf-8")
    out, err = flask(environment, "plan", "publish", bad, code=1)
    assert out == ""
    assert "第 3 行 levles" in err


def test_a_new_database_is_migrated_by_the_first_command_and_stdout_stays_clean(environment: dict[str, str]) -> None:
    out, _ = flask(environment, "ledger", "verify", "--json")
    assert json.loads(out) == {"ok": True, "accounts": 0, "entries": 0, "differences": []}


def test_the_doctor_without_an_enterprise_ends_with_1_and_names_what_is_missing(environment: dict[str, str]) -> None:
    out, _ = flask(environment, "doctor", "--json", code=1)
    found = {finding["check"]: finding for finding in json.loads(out)["findings"]}
    assert "WECOM_CORP_ID" in found["wecom"]["do"]
    assert found["database"]["status"] == "wrong"
    assert environment["SECRET_KEY"] not in out
    assert FERNET not in out


def test_a_command_used_wrongly_ends_with_2(environment: dict[str, str]) -> None:
    out, err = flask(environment, "job", "run", "dance", code=2)
    assert (out, "Error: " in err) == ("", True)


def test_wrong_settings_end_with_2_and_a_line_for_each(environment: dict[str, str]) -> None:
    wrong = {"PORT": "99999", "JOIN_MODE": "closed", "WITHDRAW_MINIMUM": "ten"}
    out, err = flask(environment | wrong, "plan", "list", "--json", code=2)
    assert out == ""
    assert {line.split(":")[0] for line in err.splitlines()} == set(wrong)


def test_two_processes_on_an_empty_database_load_the_demo_once(environment: dict[str, str]) -> None:
    running = [start(environment, "demo", "load", "--json") for _ in range(2)]
    done = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0], done
    assert sorted(json.loads(out)["products"] for out, _ in done) == [0, 6]
    assert sorted(str(json.loads(out)["plan"]) for out, _ in done) == ["None", "水果店"]
