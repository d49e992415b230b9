"""Posters are made once, kept within bounds, and never seen half written."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from services.poster import PosterStudio
from services.poster import studio as studio_module
from services.poster.cache import STALE_SECONDS, DiskCache
from tests.posters.conftest import ASSETS
from tests.posters.test_posters import product, recruit

JPEG = b"\xff\xd8" + bytes(996) + b"\xff\xd9"  # 1,000 bytes that end like a JPEG


def jpegs(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.jpg"))


@pytest.fixture
def encodings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one for each poster that is really encoded."""
    made: list[int] = []
    encode = studio_module._encode

    def counted(canvas: object) -> bytes:
        made.append(1)
        return encode(canvas)  # type: ignore[arg-type]

    monkeypatch.setattr(studio_module, "_encode", counted)
    return made


def test_the_same_content_is_made_once(tmp_path: Path, encodings: list[int]) -> None:
    studio = PosterStudio(ASSETS, tmp_path)
    first, second = studio.render(product()), studio.render(product())
    assert first == second
    assert first.path.read_bytes() == first.jpeg
    assert len(encodings) == 1


def test_another_process_finds_the_poster_made(tmp_path: Path, encodings: list[int]) -> None:
    PosterStudio(ASSETS, tmp_path).render(recruit())
    PosterStudio(ASSETS, tmp_path).render(recruit())
    assert len(encodings) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"price": "69.00"},
        {"name": "丹东99草莓 5斤装"},
        {"nickname": "小王"},
        {"link": "https://x.example/r/A?s=poster"},
        {"picture": None},
    ],
)
def test_every_fact_that_is_shown_changes_the_poster(tmp_path: Path, change: dict[str, object]) -> None:
    studio = PosterStudio(ASSETS, tmp_path)
    one, other = studio.render(product()), studio.render(product(**change))
    assert one.digest != other.digest
    assert one.jpeg != other.jpeg


def test_a_picture_that_was_replaced_under_its_name_makes_a_new_poster(tmp_path: Path) -> None:
    studio = PosterStudio(ASSETS, tmp_path / "cache")
    shown = tmp_path / "shown.jpg"
    shown.write_bytes((ASSETS / "images" / "strawberry.jpg").read_bytes())
    before = studio.render(product(picture=shown))
    shown.write_bytes((ASSETS / "images" / "grape.jpg").read_bytes())
    assert studio.render(product(picture=shown)).digest != before.digest


def test_threads_that_ask_for_one_poster_draw_it_once(tmp_path: Path, encodings: list[int]) -> None:
    studio = PosterStudio(ASSETS, tmp_path)
    start = threading.Barrier(8)

    def ask(_: int) -> bytes:
        start.wait(timeout=30)
        return studio.render(product()).jpeg

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert len(encodings) == 1


def test_threads_that_ask_for_many_posters_get_each_their_own(tmp_path: Path) -> None:
    names = [f"小李{number}" for number in range(12)]
    alone = PosterStudio(ASSETS, tmp_path / "alone")
    expected = [alone.render(product(nickname=name)).jpeg for name in names]
    shared = PosterStudio(ASSETS, tmp_path / "shared", bases=1)
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda name: shared.render(product(nickname=name)).jpeg, names)) == expected


def test_the_cache_stays_within_its_files(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, max_bytes=10**9, max_files=20)
    for number in range(100):
        cache.put(f"{number:04d}", JPEG)
        assert len(jpegs(tmp_path)) <= 20


def test_the_cache_stays_within_its_bytes(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, max_bytes=10_000, max_files=10**6)
    for number in range(50):
        cache.put(f"{number:04d}", JPEG)
        assert len(jpegs(tmp_path)) <= 10


def test_what_was_not_asked_for_longest_goes_first(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, max_bytes=10**9, max_files=10)
    for number in range(10):
        cache.put(f"{number:04d}", JPEG)
        os.utime(cache.path(f"{number:04d}"), (1_000 + number, 1_000 + number))
    assert cache.get("0000") == JPEG  # used: now the youngest
    cache.put("new", JPEG)
    assert jpegs(tmp_path) == ["0000", *(f"{number:04d}" for number in range(3, 10)), "new"]


def test_a_poster_that_a_crash_left_short_is_made_again(tmp_path: Path) -> None:
    studio = PosterStudio(ASSETS, tmp_path)
    whole = studio.render(recruit())
    whole.path.write_bytes(whole.jpeg[:5_000])
    assert studio.render(recruit()).jpeg == whole.jpeg
    assert whole.path.read_bytes() == whole.jpeg


def test_unfinished_files_are_swept_when_they_are_old(tmp_path: Path) -> None:
    old, young = tmp_path / ".old.part", tmp_path / ".young.part"
    for path in (old, young):
        path.write_bytes(b"half")
    long_ago = time.time() - STALE_SECONDS - 60
    os.utime(old, (long_ago, long_ago))
    DiskCache(tmp_path, 10**9, 100).put("a", JPEG)
    assert (old.exists(), young.exists()) == (False, True)


def test_an_emptied_cache_is_filled_again(tmp_path: Path) -> None:
    studio = PosterStudio(ASSETS, tmp_path)
    first = studio.render(recruit())
    first.path.unlink()
    assert studio.render(recruit()).path.exists()


def _write_and_read(folder: Path, number: int) -> int:
    cache = DiskCache(folder, max_bytes=10**9, max_files=8)
    broken = 0
    for turn in range(150):
        digest = f"{(turn * 7 + number) % 16:04d}"
        cache.put(digest, JPEG)
        found = cache.get(f"{turn % 16:04d}")
        broken += found is not None and found != JPEG
    return broken


def test_processes_that_write_read_and_sweep_one_folder_never_see_half_a_file(tmp_path: Path) -> None:
    with get_context("spawn").Pool(3) as pool:
        assert pool.starmap(_write_and_read, [(tmp_path, number) for number in range(3)]) == [0, 0, 0]
    assert list(tmp_path.glob("*.part")) == []
