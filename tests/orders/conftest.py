"""A merchant with a plan and a mall that pushes to him, on each database."""

from __future__ import annotations

import pytest

from tests.orders.mall import Mall
from tests.support.databases import Database


@pytest.fixture
def mall(database: Database) -> Mall:
    """With a plan in force: 10 % to the seller, 5 % to who invited him, claims hold for 30 days, 7 days of hold."""
    opened = Mall(database.sessions)
    opened.plan()
    return opened
