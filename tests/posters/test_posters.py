"""Finished posters: they scan, they are the right size, and every character in them has a glyph."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import zxingcpp
from fontTools.ttLib import TTFont
from PIL import Image, ImageChops, ImageStat

from services.poster import (
    CouponPoster,
    LeaderboardPoster,
    LinkTooLong,
    Poster,
    PosterStudio,
    ProductPoster,
    RecruitPoster,
    Rendered,
    Row,
)
from services.poster import qr as code
from services.poster.cache import DiskCache
from services.poster.typeset import Typesetter
from tests.posters.conftest import ASSETS
from tests.posters.names import AWKWARD

FONTS = ASSETS / "fonts"
LINK = "https://tuike.example.com/r/K7M2QX4?s=poster"


def product(**given: object) -> ProductPoster:
    poster = ProductPoster(
        sku="STRAWBERRY-3J",
        name="丹东99草莓 3斤装",
        price="68.00",
        promise="坏果包赔·冷链配送·当天采摘当天发",
        picture=ASSETS / "images" / "strawberry.jpg",
        nickname="小李",
        link=f"{LINK}&p=STRAWBERRY-3J",
        merchant="鲜果到家",
        contact="微信客服",
    )
    return replace(poster, **given)  # type: ignore[arg-type]


def recruit(**given: object) -> RecruitPoster:
    return replace(RecruitPoster("鲜果到家", "小李", LINK, contact="微信客服"), **given)  # type: ignore[arg-type]


def coupon(**given: object) -> CouponPoster:
    poster = CouponPoster(
        title="新客满100减20",
        worth="减 20 元",
        condition="满 100 元可用，限新客",
        lasts="领取后 7 天内，最晚 11月30日 24:00",
        scope="水果（四季鲜果礼盒除外）",
        nickname="小李",
        link="https://tuike.example.com/shop/c/7K3M2QAB9XYZ",
        merchant="鲜果到家",
        contact="微信客服",
    )
    return replace(poster, **given)  # type: ignore[arg-type]


def leaderboard(*names: str) -> LeaderboardPoster:
    rows = tuple(Row(place, name, f"{9000 - 700 * place:,}.00 元") for place, name in enumerate(names, 1))
    return LeaderboardPoster("本周销售榜", "11月16日—11月22日", rows, "已扣除退款", merchant="鲜果到家")


def opened(rendered: Rendered) -> Image.Image:
    return Image.open(io.BytesIO(rendered.jpeg)).convert("RGB")


POSTERS: dict[str, Callable[[str], Poster]] = {
    "product": lambda name: product(nickname=name),
    "product without picture": lambda name: product(nickname=name, picture=None, name=name or "草莓"),
    "recruit": lambda name: recruit(nickname=name),
    "coupon": lambda name: coupon(nickname=name),
    "leaderboard": lambda name: leaderboard(name, "小王", name),
}


@cache
def cmap(name: str) -> frozenset[str]:
    with TTFont(FONTS / name) as font:
        return frozenset(chr(point) for point, glyph in font.getBestCmap().items() if glyph != ".notdef")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Every run of characters that was drawn, with the face that drew it."""
    seen: list[tuple[str, str]] = []
    runs = Typesetter._runs

    def spy(self: Typesetter, text: str, weight: str) -> Iterator[tuple[str, str]]:
        for name, run in runs(self, text, weight):
            seen.append((name, run))
            yield name, run

    monkeypatch.setattr(Typesetter, "_runs", spy)
    monkeypatch.setattr(DiskCache, "get", lambda self, digest: None)  # names that clean alike are drawn again
    return seen


@pytest.mark.parametrize("name", AWKWARD.values(), ids=AWKWARD)
@pytest.mark.parametrize("kind", POSTERS)
def test_a_poster_scans_and_shows_no_box_whatever_the_nickname(
    studio: PosterStudio, drawn: list[tuple[str, str]], kind: str, name: str
) -> None:
    poster = POSTERS[kind](name)
    rendered = studio.render(poster)

    picture = opened(rendered)
    assert picture.size == (rendered.width, rendered.height)
    assert picture.width >= 1080
    assert len(rendered.jpeg) < 1_000_000
    found = [result.text for result in zxingcpp.read_barcodes(picture)]
    assert found == ([poster.link] if poster.link else [])
    assert drawn, "nothing was drawn"
    assert [(face, run) for face, run in drawn if not set(run) <= cmap(face)] == []


def test_a_busy_photograph_stays_under_a_megabyte_and_scans(studio: PosterStudio, photo: Path) -> None:
    rendered = studio.render(product(picture=photo))
    assert len(rendered.jpeg) < 1_000_000
    assert [result.text for result in zxingcpp.read_barcodes(opened(rendered))] == [f"{LINK}&p=STRAWBERRY-3J"]


@pytest.mark.parametrize("length", [40, 84, 106, 122, 152, 180])
@pytest.mark.parametrize("make", [product, recruit, coupon], ids=["product", "recruit", "coupon"])
def test_the_code_keeps_eight_pixels_a_module_and_a_quiet_zone(
    studio: PosterStudio, make: Callable[..., Poster], length: int
) -> None:
    link = LINK + "&p=" + "X" * (length - len(LINK) - 3) if length > len(LINK) else LINK[:length]
    picture = opened(studio.render(make(link=link)))
    (found,) = zxingcpp.read_barcodes(picture)
    assert found.text == link
    modules = len(code.matrix(link))
    corner, across = found.position.top_left, found.position.top_right.x - found.position.top_left.x
    module = across / modules
    assert module > 7.9
    quiet = round(4 * module) - 1
    around = (corner.x - quiet, corner.y - quiet, corner.x + across + quiet, corner.y + across + quiet)
    zone = picture.convert("L").crop(around)
    zone.paste(255, (quiet - 2, quiet - 2, zone.width - quiet + 3, zone.height - quiet + 3))
    assert zone.getextrema()[0] >= 225  # JPEG rings a little beside black


def test_a_link_that_no_code_of_the_layout_holds_is_refused_with_what_to_do(studio: PosterStudio) -> None:
    with pytest.raises(LinkTooLong, match="shorten BASE_URL"):
        studio.render(product(link="https://x.example/" + "a" * 200))


def test_error_correction_is_at_least_m(studio: PosterStudio) -> None:
    (found,) = zxingcpp.read_barcodes(opened(studio.render(product())))
    assert found.ec_level in {"M", "Q", "H"}


def test_a_code_with_a_thumb_on_a_corner_of_it_still_scans(studio: PosterStudio) -> None:
    picture = opened(studio.render(product()))
    (found,) = zxingcpp.read_barcodes(picture)
    corner = found.position.bottom_right
    picture.paste((200, 160, 140), (corner.x - 50, corner.y - 50, corner.x, corner.y))
    assert [result.text for result in zxingcpp.read_barcodes(picture)] == [f"{LINK}&p=STRAWBERRY-3J"]


def test_two_distributors_get_posters_that_differ_only_in_nickname_and_code(studio: PosterStudio) -> None:
    one = opened(studio.render(product()))
    other = opened(studio.render(product(nickname="王姐", link=f"{LINK[:-13]}9?s=poster")))
    changed = ImageChops.difference(one, other).point(lambda level: 255 if level > 24 else 0).getbbox()
    assert changed is not None
    assert changed[1] > 1370  # all above is the product's


def test_a_nickname_leaves_no_trace_on_the_next_distributors_poster(studio: PosterStudio, tmp_path: Path) -> None:
    studio.render(product(nickname="张三李四王五赵六孙七周八"))
    again = studio.render(product(nickname="安"))
    fresh = PosterStudio(ASSETS, tmp_path).render(product(nickname="安"))
    assert again.jpeg == fresh.jpeg


def test_a_leaderboard_grows_with_its_rows_and_shows_ten_at_most(studio: PosterStudio) -> None:
    heights = [studio.render(leaderboard(*["小李"] * count)).height for count in (0, 1, 2, 10, 30)]
    assert heights[0] == heights[1] < heights[2] < heights[3] == heights[4]


def test_a_name_that_cannot_be_drawn_at_all_is_said_as_a_friend(
    studio: PosterStudio, drawn: list[tuple[str, str]]
) -> None:
    studio.render(product(nickname="สวัสดี", sku="FRIEND"))
    assert "好友" in {run for _, run in drawn}


def test_an_emptied_contact_leaves_no_half_sentence(studio: PosterStudio, drawn: list[tuple[str, str]]) -> None:
    studio.render(product(contact="", merchant="", sku="BARE"))
    texts = "".join(run for _, run in drawn)
    assert "售后" not in texts
    assert "广告" in texts


@pytest.mark.parametrize(
    "poster",
    [
        product(),
        recruit(nickname="果园里的阿芳🍓"),
        coupon(),
        leaderboard("小李", "𠮷田㐂子龘", "الأمير محمد", "Alexandra"),
    ],
    ids=["product", "recruit", "coupon", "leaderboard"],
)
def test_a_poster_looks_like_its_golden_picture(studio: PosterStudio, poster: Poster) -> None:
    golden = Image.open(Path(__file__).parent / "golden" / f"{poster.layout}.png").convert("RGB")
    now = opened(studio.render(poster)).resize(golden.size, Image.Resampling.BOX)
    difference = ImageChops.difference(golden, now).convert("L")
    assert ImageStat.Stat(difference).mean[0] < 1.0
    blocks = difference.resize((golden.width // 6, golden.height // 6), Image.Resampling.BOX)
    assert blocks.getextrema()[1] < 26, (
        "something moved, is missing or changed colour: look at it, then renew the golden"
    )
