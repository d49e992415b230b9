"""What a warm poster costs: a new distributor's poster for a known product, against what no drawing can avoid.

python -m bench.poster

The floor, measured in the same run and in turn with the posters, is the QR matrix of the same link and the JPEG
encoding of a picture of the same size and content. Both are the thread's own processor time, so that what else the
machine does is not counted. Goal: at most 1.5 times the floor.
"""

from __future__ import annotations

import io
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import qrcode
from PIL import Image

from services.poster import PosterStudio, ProductPoster
from services.poster.studio import QUALITY

ASSETS = Path(__file__).resolve().parent.parent / "assets"
LINK = "https://tuike.example.com/r/{code}?s=poster&p=STRAWBERRY-3J"


def _poster(number: int) -> ProductPoster:
    return ProductPoster(
        sku="STRAWBERRY-3J",
        name="丹东99草莓 3斤装",
        price="68.00",
        promise="坏果包赔·冷链配送",
        picture=ASSETS / "images" / "strawberry.jpg",
        nickname=f"小李{number}",
        link=LINK.format(code=f"K{number:06d}"),
        merchant="鲜果到家",
    )


def _floor(link: str, picture: Image.Image) -> None:
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=0)
    code.add_data(link, optimize=0)
    code.make(fit=True)
    code.get_matrix()
    picture.save(io.BytesIO(), "JPEG", quality=QUALITY, subsampling="4:2:0")


def _seconds(work: Callable[[], object]) -> float:
    started = time.thread_time()
    work()
    return time.thread_time() - started


def measure(posters: int = 40) -> dict[str, float]:
    """Medians in processor seconds of a `poster` and of the `floor`, and their `ratio`."""
    with tempfile.TemporaryDirectory() as folder:
        studio = PosterStudio(ASSETS, Path(folder))
        known = studio.render(_poster(0))
        finished = Image.open(io.BytesIO(known.jpeg)).convert("RGB")
        drawn, floors = [], []
        for number in range(1, posters + 1):
            poster = _poster(number)
            drawn.append(_seconds(lambda poster=poster: studio.render(poster)))  # type: ignore[misc]
            floors.append(_seconds(lambda poster=poster: _floor(poster.link, finished)))  # type: ignore[misc]
    poster_s, floor_s = statistics.median(drawn), statistics.median(floors)
    return {"poster": poster_s, "floor": floor_s, "ratio": poster_s / floor_s}


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name}: {value:.4f}")
