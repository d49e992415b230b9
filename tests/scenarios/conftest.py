"""A merchant's shop on every database; at the end of every story the books must add up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.databases import Database
from tests.support.shop import Shop


@pytest.fixture
def shop(database: Database) -> Iterator[Shop]:
    shop = Shop(database.sessions)
    yield shop
    assert shop.differences() == []
