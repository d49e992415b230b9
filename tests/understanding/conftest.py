from __future__ import annotations

import pytest

from bot.understanding import Understanding
from tests.support.databases import Database
from tests.support.shop import Shop
from tests.understanding.support import ASSETS


@pytest.fixture(scope="session")
def understanding() -> Understanding:
    return Understanding.load(ASSETS)


@pytest.fixture
def shop(database: Database) -> Shop:
    return Shop(database.sessions)
