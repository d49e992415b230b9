"""Product pictures: read within bounds, upright, opaque, cut to a box. Nothing is decoded before its size is known."""

import io
from pathlib import Path

from PIL import Image, ImageOps

from services.poster.faults import PictureError

MAX_BYTES = 10_000_000
MAX_PIXELS = 40_000_000
FORMATS = ("JPEG", "PNG", "WEBP")


def read(source: Path | bytes) -> bytes:
    """The bytes of a picture; PictureError where it is missing or above 10 MB."""
    if isinstance(source, bytes):
        data, name = source, "the picture"
    else:
        name = source.name
        try:
            if source.stat().st_size > MAX_BYTES:
                raise PictureError(f"{name}: {source.stat().st_size} bytes; save it with at most {MAX_BYTES}")
            data = source.read_bytes()
        except OSError as fault:
            raise PictureError(f"{name}: cannot be read ({fault.strerror}); upload it again") from fault
    if len(data) > MAX_BYTES:
        raise PictureError(f"{name}: {len(data)} bytes; save it with at most {MAX_BYTES}")
    return data


def cover(data: bytes, width: int, height: int) -> Image.Image:
    """The picture's middle, cut and scaled to width x height pixels, RGB on white."""
    picture = _open(data)
    return ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)


def _open(data: bytes) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(data), formats=FORMATS)  # reads the header only
        if picture.width * picture.height > MAX_PIXELS:
            raise PictureError(f"the picture has {picture.width}x{picture.height} pixels; at most 40 million are drawn")
        picture.load()
        upright = ImageOps.exif_transpose(picture)
        if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
            upright = upright.convert("RGBA")
            white = Image.new("RGBA", upright.size, "white")
            return Image.alpha_composite(white, upright).convert("RGB")
        return upright.convert("RGB")
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as fault:
        raise PictureError("the picture has far too many pixels; at most 40 million are drawn") from fault
    except (OSError, SyntaxError, ValueError) as fault:
        raise PictureError("the picture cannot be decoded; save it as JPEG, PNG or WebP and upload it again") from fault
