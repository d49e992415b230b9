"""Smooth shapes on an RGB canvas: rounded panels, gradients, shadows, dashes. Pillow's own edges are jagged."""

from functools import lru_cache

from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter

SMALL = 20_000  # pixels
FINER = 4  # corners are drawn that much larger and scaled down
Fill = str | tuple[str, str]


def rgb(colour: str) -> tuple[int, int, int]:
    return ImageColor.getrgb(colour[:7])[:3]


def opacity(colour: str) -> int:
    return int(colour[7:9], 16) if len(colour) == 9 else 255


@lru_cache(maxsize=32)
def _corner(radius: int) -> Image.Image:
    large = Image.new("L", (radius * FINER, radius * FINER), 0)
    ImageDraw.Draw(large).ellipse((0, 0, 2 * radius * FINER, 2 * radius * FINER), fill=255)
    return large.resize((radius, radius), Image.Resampling.BOX)


def rounded(width: int, height: int, radius: int, corners: str = "all") -> Image.Image:
    """A mask of the size with rounded corners: all, top or bottom."""
    mask = Image.new("L", (width, height), 255)
    radius = min(radius, width // 2, height // 2)
    if radius == 0:
        return mask
    left = _corner(radius)
    right = left.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if corners in ("all", "top"):
        mask.paste(left, (0, 0))
        mask.paste(right, (width - radius, 0))
    if corners in ("all", "bottom"):
        mask.paste(left.transpose(Image.Transpose.FLIP_TOP_BOTTOM), (0, height - radius))
        mask.paste(right.transpose(Image.Transpose.FLIP_TOP_BOTTOM), (width - radius, height - radius))
    return mask


def filled(width: int, height: int, fill: Fill, *, across: bool = False) -> tuple[Image.Image, Image.Image | None]:
    """The paint of a panel, and its opacity where it is not opaque."""
    if isinstance(fill, str):
        level = opacity(fill)
        paint = Image.new("RGB", (width, height), rgb(fill))
        return paint, None if level == 255 else Image.new("L", (width, height), level)
    ramp = Image.linear_gradient("L")
    if across:
        ramp = ramp.transpose(Image.Transpose.ROTATE_90)
    ramp = ramp.resize((width, height), Image.Resampling.BICUBIC)
    first, second = (Image.new("RGB", (width, height), rgb(colour)) for colour in fill)
    top, low = (opacity(colour) for colour in fill)
    veil = None if (top, low) == (255, 255) else ramp.point(lambda at: round(top + (low - top) * at / 255))
    return Image.composite(second, first, ramp), veil


def panel(
    canvas: Image.Image,
    box: tuple[int, int, int, int],
    fill: Fill,
    radius: int = 0,
    corners: str = "all",
    *,
    across: bool = False,
) -> None:
    left, top, width, height = box
    small = width * height <= SMALL
    paint, mask = (_small_panel if small else _panel)(width, height, fill, radius, corners, across)
    canvas.paste(paint, (left, top), mask)


def _panel(
    width: int, height: int, fill: Fill, radius: int, corners: str, across: bool
) -> tuple[Image.Image, Image.Image]:
    paint, veil = filled(width, height, fill, across=across)
    mask = rounded(width, height, radius, corners)
    return paint, mask if veil is None else ImageChops.multiply(mask, veil)


_small_panel = lru_cache(maxsize=64)(_panel)  # discs and pills recur on every poster


def shadow(canvas: Image.Image, box: tuple[int, int, int, int], radius: int, blur: int, down: int, colour: str) -> None:
    """A soft shadow of a rounded box, to be drawn before it."""
    left, top, width, height = box
    edge = 3 * blur
    mask = Image.new("L", (width + 2 * edge, height + 2 * edge), 0)
    mask.paste(rounded(width, height, radius), (edge, edge))
    level = opacity(colour)
    soft = mask.filter(ImageFilter.GaussianBlur(blur)).point(lambda at: at * level // 255)
    canvas.paste(Image.new("RGB", mask.size, rgb(colour)), (left - edge, top - edge + down), soft)


def dashes(canvas: Image.Image, box: tuple[int, int, int, int], colour: str, dash: tuple[int, int]) -> None:
    left, top, width, height = box
    upright = height > width
    for start in range(0, max(width, height), sum(dash)):
        if upright:
            panel(canvas, (left, top + start, width, min(dash[0], height - start)), colour, width // 2)
        else:
            panel(canvas, (left + start, top, min(dash[0], width - start), height), colour, height // 2)
