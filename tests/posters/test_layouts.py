"""Layouts are data: a designer adds one without code, and a fault names file and key."""

import re
from pathlib import Path

import pytest
import zxingcpp

from services.poster import LayoutError, PosterStudio
from tests.posters.conftest import ASSETS
from tests.posters.test_posters import LINK, leaderboard, opened, product

SMALL = """
name = "春天"
shows = "product"
height = 1500
background = "#FFFFFF"
[[element]]
kind = "text"
text = "{name}"
box = [40, 40, 1000, 100]
size = 60
colour = "#222222"
[[element]]
kind = "qr"
box = [300, 900, 488, 488]
"""


def studio_with(assets: Path, name: str, text: str) -> PosterStudio:
    (assets / "posters" / name).write_text(text, encoding="utf-8")
    return PosterStudio(assets, assets / "cache")


def test_a_designers_layout_is_used_by_its_name(assets: Path) -> None:
    rendered = studio_with(assets, "spring.toml", SMALL).render(product(), layout="spring")
    assert (rendered.width, rendered.height) == (1080, 1500)
    assert [found.text for found in zxingcpp.read_barcodes(opened(rendered))] == [product().link]


def test_a_leaderboard_with_a_code_in_its_layout_shows_the_link(assets: Path) -> None:
    text = (assets / "posters" / "leaderboard.toml").read_text("utf-8")
    text += '[[element]]\nkind = "panel"\nbox = [296, 400, 488, 488]\nfill = "#FFFFFF"\nneeds = ["link"]\n'
    text += '[[element]]\nkind = "qr"\nbox = [296, 400, 488, 488]\n'
    studio = studio_with(assets, "invite.toml", text)
    board = leaderboard("小李", "小王", "小张", "小赵")
    assert not zxingcpp.read_barcodes(opened(studio.render(board, layout="invite")))
    linked = type(board)(board.title, board.period_label, board.rows, link=LINK)
    (found,) = zxingcpp.read_barcodes(opened(studio.render(linked, layout="invite")))
    assert found.text == LINK


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("size = 60", "size = 3", r"spring\.toml: element\[0\]\.size: .*greater than or equal to 12"),
        ('"#222222"', '"red"', r"spring\.toml: element\[0\]\.colour: "),
        (
            "size = 60",
            "size = 60\nsmallest = 80",
            r"spring\.toml: element\[0\]: smallest \(80\) must not be above size",
        ),
        ("size = 60", "size = 60\nsise = 1", r"spring\.toml: element\[0\]\.sise: Extra inputs"),
        ("{name}", "{nmae}", r"spring\.toml: element\[0\]: \{nmae\} is no fact of product; there are contact"),
        ("[40, 40, 1000, 100]", "[140, 40, 1000, 100]", r"element\[0\]\.box: reaches over the edge of 1080"),
        ("488, 488", "488, 400", r"spring\.toml: element\[1\]: box must be a square"),
        ('kind = "qr"', 'kind = "qrcode"', r"spring\.toml: element\[1\]: .*qrcode"),
        ("[300, 900, 488, 488]", '[300, 900, 488, 488]\ndark = "#FFCC00"', r"element\[1\]: dark must be dark enough"),
        ("height = 1500", "height = 15", r"spring\.toml: height: .*400"),
        ('shows = "product"', 'shows = "video"', r"spring\.toml: shows: "),
        ("[[element]]", "[[element", r"spring\.toml: is not TOML"),
        ('kind = "qr"', 'kind = "image"\nfile = "no.png"', r"spring\.toml: .*exactly one qr"),
    ],
)
def test_a_fault_in_a_layout_names_file_and_key(assets: Path, old: str, new: str, said: str) -> None:
    assert old in SMALL
    with pytest.raises(LayoutError, match=said):
        studio_with(assets, "spring.toml", SMALL.replace(old, new))


def test_a_decoration_that_is_missing_is_named(assets: Path) -> None:
    text = SMALL + '[[element]]\nkind = "image"\nfile = "lantern.png"\nbox = [0, 0, 100, 100]\n'
    with pytest.raises(LayoutError, match=r"spring\.toml: element\[2\]\.file: lantern\.png is not in images/"):
        studio_with(assets, "spring.toml", text)


def test_an_unknown_layout_and_one_for_other_posters_are_refused(studio: PosterStudio) -> None:
    with pytest.raises(LayoutError, match="winter"):
        studio.render(product(), layout="winter")
    with pytest.raises(LayoutError, match="shows recruit"):
        studio.render(product(), layout="recruit")


def test_a_changed_layout_makes_new_posters(assets: Path) -> None:
    before = studio_with(assets, "spring.toml", SMALL).render(product(), layout="spring")
    after = studio_with(assets, "spring.toml", SMALL.replace("#222222", "#993300")).render(product(), layout="spring")
    assert before.digest != after.digest


# reference/compliance.md section 7
FORBIDDEN = (
    "国家级 世界级 最高级 最佳 最好 最大 最低 最先进 第一 唯一 顶级 极致 极品 首选 独家 全网最低 史上最低 绝对 "
    "100% 永久 万能 王牌 冠军 领袖 填补空白 根治 治愈 疗效 特效 无副作用 祖传 药到病除 抗癌 降血糖 防辐射 "
    "稳赚 躺赚 月入过万 日入 零风险 保本 包赚 财务自由 睡后收入 一夜暴富 国家扶持 国家项目 "
    "转发领 集赞 点赞领 分享到群 不转不是 助力 砍一刀 帮我加速 "
    "拉人头 见点奖 对碰奖 层推奖 静态收益 动态收益 报单 走人 滑落"
)
ROOT = ASSETS.parent
WORDED = [*ASSETS.glob("posters/*.toml"), *ROOT.glob("tools/decorations/*.html")]
WORDED += [ASSETS / "demo/products.toml", ROOT / "services/poster/facts.py"]


@pytest.mark.parametrize("path", WORDED, ids=lambda path: path.name)
def test_what_we_write_on_posters_holds_no_forbidden_word(path: Path) -> None:
    text = re.sub(r"<style>.*?</style>|<[^>]*>", "", path.read_text("utf-8"), flags=re.DOTALL).replace(" ", "")
    assert [word for word in FORBIDDEN.split() if word in text] == []
