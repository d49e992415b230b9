"""The import arrow of the house, and one door for each outside world.

    domain ← models ← services ← handlers ← bot        A module imports only from its own folder or from folders to
                         ↑                             its left. `app.py` imports everything and is imported by nothing;
                      web, jobs                        it alone reads `config` (with `migrations/env.py`). `simulator`
                                                       imports nothing of ours, so that it can contradict us.

What is imported inside a function or under TYPE_CHECKING counts like any other import.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

MAY_IMPORT = {
    "domain": {"domain"},
    "models": {"domain", "models"},
    "services": {"domain", "models", "services"},
    "handlers": {"domain", "models", "services", "handlers"},
    "bot": {"domain", "models", "services", "handlers", "bot"},
    "web": {"domain", "models", "services", "handlers", "web"},
    "jobs": {"domain", "models", "services", "handlers", "jobs"},
    "simulator": {"simulator"},
    "migrations": {"domain", "models", "config"},
    "tools": {"domain", "models", "services", "tests", "tools"},
    "config.py": {"domain"},
    "gunicorn.conf.py": set(),
    "app.py": {"domain", "models", "services", "handlers", "bot", "web", "jobs", "simulator", "config"},
}
FREE = ("tests", "bench")  # they look at everything, from outside
OURS = {name.removesuffix(".py") for name in MAY_IMPORT} | set(FREE)

# The one exception: an entry point that is a module of a folder has its wiring in app.py.
ENTRY_POINTS = {("jobs/scheduler.py", "main", "app")}

# Who may import a package of others. A name that ends with / is a folder, with * a beginning.
DOORS = {
    "flask": ("web/", "bot/webhook.py", "simulator/", "app.py"),
    "werkzeug": ("web/", "bot/webhook.py", "simulator/", "app.py"),
    "waitress": ("app.py", "simulator/"),
    "cheroot": ("app.py", "web/server.py"),
    "dramatiq": ("jobs/queue.py", "jobs/redis_broker.py"),
    "apscheduler": ("jobs/scheduler.py",),
    "PIL": ("services/poster*",),
    "qrcode": ("services/poster*", "simulator/contact/qr.py"),
    "requests": ("bot/", "simulator/"),
    "urllib3": ("bot/", "simulator/"),
    "httpx": ("bot/", "simulator/"),
    "wechatpy": ("bot/wecom*",),
    "redis": ("jobs/redis_broker.py",),
    "sqlalchemy": ("models/", "services/", "handlers/context.py", "migrations/", "bot/", "web/", "jobs/", "app.py"),
    "alembic": ("models/migrating.py", "migrations/"),
    "dotenv": ("config.py",),
}
DOMAIN_MAY_USE = {"pydantic", "pydantic_core", "yaml"}
TOOLS = ("tools/",)  # draw pictures and write files; they are no part of the running program


@dataclass(frozen=True)
class Import:
    path: str  # of the file, from the root
    line: int
    module: str
    function: str | None  # the outermost function that it stands in


def imports_of(path: str, source: str) -> Iterator[Import]:
    """Every import of a file, relative ones resolved."""
    package = path.removesuffix(".py").removesuffix("/__init__").split("/")
    if not path.endswith("/__init__.py"):
        package = package[:-1]

    def visit(node: ast.AST, function: str | None) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(path, child.lineno, alias.name, function)
            elif isinstance(child, ast.ImportFrom):
                base = package[: len(package) - child.level + 1] if child.level else []
                yield Import(
                    path, child.lineno, ".".join([*base, *(child.module or "").split(".")]).strip("."), function
                )
            named = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else None
            yield from visit(child, function or named)

    yield from visit(ast.parse(source), None)


def broken_rule(found: Import) -> str | None:
    """The rule that an import breaks, None for a good one."""
    area = found.path.split("/")[0]
    top = found.module.split(".")[0]
    if area in FREE:
        return None
    if top in OURS:
        if (found.path, found.function, found.module) in ENTRY_POINTS or top in MAY_IMPORT[area]:
            return None
        return f"{area} may import of ours only {', '.join(sorted(MAY_IMPORT[area]))}"
    if area == "domain" and top not in DOMAIN_MAY_USE and not _is_standard(top):
        return "domain/ uses the standard library only (pydantic and yaml where a file format is parsed)"
    if top in DOORS and not _may_pass(found.path, (*DOORS[top], *TOOLS)):
        return f"{top} is imported only by {', '.join(DOORS[top])}"
    return None


def _may_pass(path: str, doors: tuple[str, ...]) -> bool:
    return any(path.startswith(door.rstrip("*")) if door.endswith(("/", "*")) else path == door for door in doors)


def _is_standard(top: str) -> bool:
    return top in sys.stdlib_module_names


def sources() -> list[Path]:
    here = [ROOT / name for name in MAY_IMPORT if name.endswith(".py")]
    folders = [ROOT / name for name in [*MAY_IMPORT, *FREE] if not name.endswith(".py")]
    return [file for file in here if file.exists()] + [
        file for folder in folders for file in sorted(folder.rglob("*.py"))
    ]


def test_every_import_follows_the_arrow() -> None:
    broken = [
        f"{found.path}:{found.line} imports {found.module}: {rule}"
        for file in sources()
        for found in imports_of(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8"))
        if (rule := broken_rule(found))
    ]
    assert not broken, "\n" + "\n".join(broken)


def test_every_folder_of_code_has_its_place_in_the_arrow() -> None:
    with_code = {file.parent.name for file in ROOT.glob("*/*.py")} | {file.name for file in ROOT.glob("*.py")}
    assert with_code <= MAY_IMPORT.keys() | set(FREE)


@pytest.mark.parametrize(
    ("path", "source", "rule"),
    [
        ("domain/plan.py", "from models import base", "domain may import of ours only domain"),
        ("domain/plan.py", "import requests", "standard library only"),
        ("domain/plan.py", "import sqlalchemy", "standard library only"),
        ("models/order.py", "from services.order import record", "models may import"),
        ("services/order.py", "def f():\n    import handlers", "services may import"),
        ("services/order.py", "if TYPE_CHECKING:\n    from bot.worker import Worker", "services may import"),
        ("services/order.py", "from flask import g", "flask is imported only by web/, bot/webhook.py"),
        ("handlers/help.py", "from sqlalchemy import select", "sqlalchemy is imported only by"),
        ("handlers/help.py", "from bot import wecom", "handlers may import"),
        ("bot/worker.py", "import flask", "flask is imported only by"),
        ("bot/worker.py", "from web import errors", "bot may import"),
        ("web/api.py", "from bot.webhook import view", "web may import"),
        ("web/api.py", "from jobs.queue import Queue", "web may import"),
        ("web/api.py", "from redis import Redis", "redis is imported only by jobs/redis_broker.py"),
        ("web/api.py", "import config", "web may import"),
        ("jobs/settlement.py", "import dramatiq", "dramatiq is imported only by jobs/queue.py, jobs/redis_broker.py"),
        ("jobs/settlement.py", "from apscheduler.triggers import cron", "apscheduler is imported only by"),
        ("jobs/settlement.py", "import app", "jobs may import"),
        ("jobs/scheduler.py", "from app import run_scheduler", "jobs may import"),
        ("simulator/api.py", "from domain.money import Money", "simulator may import of ours only simulator"),
        ("services/order.py", "from simulator import crypto", "services may import"),
        ("app.py", "from PIL import Image", "PIL is imported only by services/poster*"),
        ("config.py", "from services import clock", "config.py may import of ours only domain"),
        ("services/deep/inner.py", "from ... import bot", None),  # beyond the root: Python refuses it itself
        ("services/deep/inner.py", "from .. import order", None),
        ("services/poster/paint.py", "from PIL import Image", None),
        ("services/poster.py", "import qrcode", None),
        ("jobs/scheduler.py", "def main():\n    from app import run_scheduler", None),
        ("migrations/env.py", "from config import Settings", None),
        ("tests/test_x.py", "import app, simulator, config", None),
        ("domain/plan.py", "import yaml, decimal, pydantic", None),
    ],
)
def test_the_rule_names_what_it_forbids(path: str, source: str, rule: str | None) -> None:
    broken = [said for found in imports_of(path, source) if (said := broken_rule(found))]
    if rule is None:
        assert broken == []
    else:
        assert len(broken) == 1
        assert rule in broken[0]


def test_relative_imports_are_resolved() -> None:
    def of(path: str, source: str) -> list[str]:
        return [found.module for found in imports_of(path, source)]

    assert of("services/poster/paint.py", "from .qr import matrix") == ["services.poster.qr"]
    assert of("services/poster/paint.py", "from .. import order") == ["services"]
    assert of("services/poster/__init__.py", "from .paint import draw") == ["services.poster.paint"]


@pytest.mark.parametrize("module", ["services.commission", "services.plan", "services.order", "services.settlement"])
def test_a_module_can_be_the_first_that_is_imported(module: str) -> None:
    """No circle of imports that only works from one end."""
    done = subprocess.run([sys.executable, "-c", f"import {module}"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
