"""The example of docs/order-api.md, run as it stands there, with openssl and curl, against a server."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.orders.mall import SECRET, Mall
from web.server import Server

DOCS = Path(__file__).parents[2] / "docs"

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
needs_tools = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl"
)


@pytest.fixture
def address(mall: Mall) -> Iterator[str]:
    mall.now = datetime.now(UTC)
    server = Server(mall.app, "127.0.0.1", 0, threads=2)
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()


def run(page: str, **environment: str) -> str:
    found = re.search(r"```bash\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    assert found, f"no example in {page}"
    keep = {"PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["bash", "-c", found[1]], env=keep | environment, capture_output=True, text=True, timeout=30, check=False
    )
    return done.stdout + done.stderr


@only_sqlite
@needs_tools
@pytest.mark.parametrize("page", ["order-api.md", "order-api.zh-CN.md"])
def test_the_example_pushes_an_order(mall: Mall, address: str, page: str) -> None:
    seller = mall.distributor("小李")
    answer = json.loads(run(page, BASE_URL=address, ORDER_API_SECRET=SECRET, CODE=seller.code))
    assert answer["distributor"] == {"code": seller.code, "name": "小李"}
    assert [award["amount"] for award in answer["awards"]] == ["6.80"]


@only_sqlite
@needs_tools
def test_the_example_with_another_secret_is_told_what_is_wrong(mall: Mall, address: str) -> None:
    answer = json.loads(run("order-api.md", BASE_URL=address, ORDER_API_SECRET="another"))
    assert answer["error"]["code"] == "wrong_signature"


@only_sqlite
@needs_tools
def test_the_example_without_a_secret_says_what_to_set(mall: Mall, address: str) -> None:
    assert "ORDER_API_SECRET" in run("order-api.md", BASE_URL=address)


def test_both_languages_have_the_same_example_and_the_same_sections() -> None:
    english, chinese = ((DOCS / page).read_text(encoding="utf-8") for page in ("order-api.md", "order-api.zh-CN.md"))
    code = [re.search(r"^body=.*?^curl.*?```", page, re.DOTALL | re.MULTILINE) for page in (english, chinese)]
    assert code[0] is not None
    assert code[1] is not None
    assert code[0][0] == code[1][0]
    assert len(re.findall(r"^## ", english, re.MULTILINE)) == len(re.findall(r"^## ", chinese, re.MULTILINE))
