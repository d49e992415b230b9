"""One running house per module: the demo merchant on SQLite, and a WeChat Work to send to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contract.platform import Platform
from tests.contract.running import AGENT_ID, CORP_ID, ROBOT, SECRET, Tuike

NAMES = {"ada": "艾达", "ben": "小本", "cleo": "克丽", "dora": "朵拉", "boss": "王老板"}

House = Callable[..., Tuike]


@pytest.fixture(scope="module")
def new_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Houses that are not running yet; `beside` another one shares its folder and database."""
    made: list[Tuike] = []

    def new(beside: Tuike | None = None, **settings: str) -> Tuike:
        folder: Path = beside.folder if beside else tmp_path_factory.mktemp("house")
        platform = beside.platform if beside else Platform(CORP_ID, AGENT_ID, SECRET, (ROBOT,), dict(NAMES))
        house = Tuike(folder, platform, f"sqlite:///{folder / 'tuike.db'}", settings)
        made.append(house)
        return house

    yield new
    for house in made:
        house.close()
    for platform in {id(house.platform): house.platform for house in made}.values():
        platform.close()


@pytest.fixture(scope="module")
def tuike(new_house: House) -> Tuike:
    house = new_house()
    house.start()
    return house
