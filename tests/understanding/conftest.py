from __future__ import annotations

import pytest

from bot.understanding import Understanding
from tests.understanding.support import ASSETS


@pytest.fixture(scope="session")
def understanding() -> Understanding:
    return Understanding.load(ASSETS)
