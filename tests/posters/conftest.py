"""A studio over the real assets, and one over a copy whose layouts a test may add to."""

from pathlib import Path

import pytest
from PIL import Image

from services.poster import PosterStudio

ASSETS = Path(__file__).resolve().parents[2] / "assets"


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> PosterStudio:
    return PosterStudio(ASSETS, tmp_path_factory.mktemp("posters"))


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    """The real fonts and images, and a folder of layouts that belongs to the test."""
    for name in ("fonts", "images"):
        (tmp_path / name).symlink_to(ASSETS / name, target_is_directory=True)
    (tmp_path / "posters").mkdir()
    for layout in (ASSETS / "posters").glob("*.toml"):
        (tmp_path / "posters" / layout.name).write_bytes(layout.read_bytes())
    return tmp_path


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A busy picture: its JPEG is as large as a photograph's."""
    path = tmp_path_factory.mktemp("photo") / "photo.jpg"
    noise = Image.effect_noise((700, 700), 60).resize((1400, 1400))
    Image.merge("RGB", (noise, noise.rotate(90), noise.rotate(180))).save(path, quality=90)
    return path
