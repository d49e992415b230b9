"""The QR code: matrix from `qrcode`, a whole number of pixels a module, quiet zone included, never resampled."""

import qrcode
from PIL import Image, ImageColor
from qrcode.constants import ERROR_CORRECT_M
from qrcode.exceptions import DataOverflowError

from services.poster.faults import LinkTooLong

QUIET = 4  # modules on every side, ISO/IEC 18004
SMALLEST_MODULE = 8  # pixels


def matrix(link: str) -> list[list[bool]]:
    """The modules of `link` at error correction M, without quiet zone; True is dark."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=0)
    code.add_data(link, optimize=0)
    try:
        code.make(fit=True)
    except (DataOverflowError, ValueError) as fault:
        raise LinkTooLong(f"the link has {len(link.encode())} bytes, more than a QR code holds") from fault
    return [[bool(module) for module in row] for row in code.get_matrix()]


def draw(link: str, room: int, dark: str) -> Image.Image:
    """The code with quiet zone, as large as whole modules allow in `room` pixels; LinkTooLong below 8 a module."""
    modules = matrix(link)
    across = len(modules) + 2 * QUIET
    scale = room // across
    if scale < SMALLEST_MODULE:
        raise LinkTooLong(
            f"the link has {len(link.encode())} bytes and needs a QR code of {across * SMALLEST_MODULE} pixels, "
            f"but the layout leaves {room}; shorten BASE_URL or the SKU, or enlarge the layout's QR box"
        )
    white, ink = b"\xff\xff\xff", bytes(ImageColor.getrgb(dark[:7])[:3])
    blank, side = white * across * QUIET, white * QUIET
    lines = (side + b"".join(ink if module else white for module in row) + side for row in modules)
    small = Image.frombytes("RGB", (across, across), blank + b"".join(lines) + blank)
    return small.resize((across * scale, across * scale), Image.Resampling.NEAREST)
