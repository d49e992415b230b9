"""Product pictures are read within bounds and drawn upright on white."""

import io
import zlib
from pathlib import Path

import pytest
from PIL import Image

from services.poster import PictureError, PosterStudio, picture
from tests.posters.test_posters import product


def encoded(image: Image.Image, kind: str = "PNG", **given: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **given)
    return out.getvalue()


def png_that_says(width: int, height: int) -> bytes:
    """A PNG whose header claims a size that its data does not have: what a decompression bomb looks like."""
    header = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    body = b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4, "big") + header + zlib.crc32(header).to_bytes(4, "big")
    return body + (0).to_bytes(4, "big") + b"IDAT" + zlib.crc32(b"IDAT").to_bytes(4, "big")


@pytest.mark.parametrize("side", [7_000, 10_000, 40_000])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(studio: PosterStudio, side: int) -> None:
    with pytest.raises(PictureError, match="40 million"):
        studio.render(product(picture=png_that_says(side, side)))


def test_more_than_ten_megabytes_are_refused(studio: PosterStudio, tmp_path: Path) -> None:
    (tmp_path / "huge.jpg").write_bytes(b"\xff\xd8" + bytes(10_000_000))
    with pytest.raises(PictureError, match=r"huge\.jpg: 10000002 bytes"):
        studio.render(product(picture=tmp_path / "huge.jpg"))
    with pytest.raises(PictureError, match="10000002 bytes"):
        studio.render(product(picture=b"\xff\xd8" + bytes(10_000_000)))


@pytest.mark.parametrize("data", [b"", b"<svg/>", b"GIF89a" + bytes(50), b"\xff\xd8\xff\xe0" + bytes(90)])
def test_what_is_no_picture_is_refused(studio: PosterStudio, data: bytes) -> None:
    with pytest.raises(PictureError, match="cannot be decoded"):
        studio.render(product(picture=data))


def test_a_picture_that_ends_early_is_refused(studio: PosterStudio) -> None:
    whole = encoded(Image.effect_noise((600, 600), 60).convert("RGB"), "JPEG")
    with pytest.raises(PictureError, match="cannot be decoded"):
        studio.render(product(picture=whole[: len(whole) // 2]))


def test_a_missing_file_is_named(studio: PosterStudio, tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"gone\.jpg: cannot be read"):
        studio.render(product(picture=tmp_path / "gone.jpg"))


def test_transparency_becomes_white() -> None:
    clear = encoded(Image.new("RGBA", (50, 50), (255, 0, 0, 0)))
    assert picture.cover(clear, 20, 20).getpixel((10, 10)) == (255, 255, 255)


def test_a_picture_taken_sideways_is_turned_upright() -> None:
    sideways = Image.new("RGB", (80, 40), (0, 0, 255))
    sideways.paste((255, 0, 0), (0, 0, 40, 40))  # the left half is red; turned a quarter clockwise it is the upper one
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = picture.cover(encoded(sideways, "PNG", exif=exif), 40, 80)
    assert upright.getpixel((20, 10)) == (255, 0, 0)
    assert upright.getpixel((20, 70)) == (0, 0, 255)


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "I;16", "1"])
def test_every_mode_of_colour_is_drawn_as_rgb(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert picture.cover(encoded(Image.new(mode, (30, 30)), kind), 20, 20).mode == "RGB"
