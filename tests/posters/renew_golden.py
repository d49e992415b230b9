"""Draw the golden pictures anew, after a change that was meant and looked at: python -m tests.posters.renew_golden"""

import tempfile
from pathlib import Path

from PIL import Image

from services.poster import Poster, PosterStudio
from tests.posters.conftest import ASSETS
from tests.posters.test_posters import coupon, leaderboard, opened, product, recruit


def main() -> None:
    posters: tuple[Poster, ...] = (
        product(),
        recruit(nickname="果园里的阿芳🍓"),
        coupon(),
        leaderboard("小李", "𠮷田㐂子龘", "الأمير محمد", "Alexandra"),
    )
    with tempfile.TemporaryDirectory() as folder:
        studio = PosterStudio(ASSETS, Path(folder))
        for poster in posters:
            picture = opened(studio.render(poster))
            small = picture.resize((360, round(picture.height / 3)), Image.Resampling.BOX)
            small.save(Path(__file__).parent / "golden" / f"{poster.layout}.png", optimize=True)


if __name__ == "__main__":
    main()
