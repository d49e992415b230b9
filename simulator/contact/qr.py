"""The picture of a code, as the platform's picture server gives it: a PNG written by hand around the modules."""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache

import qrcode

QUIET, SCALE = 4, 8


@lru_cache(maxsize=64)
def png(address: str) -> bytes:
    code = qrcode.QRCode(border=0)
    code.add_data(address, optimize=0)
    code.make(fit=True)
    modules = code.get_matrix()
    across = len(modules) + 2 * QUIET
    blank = [False] * across
    rows = [*[blank] * QUIET, *([*[False] * QUIET, *row, *[False] * QUIET] for row in modules), *[blank] * QUIET]
    lines = bytearray()
    for row in rows:
        line = b"\0" + b"".join((b"\0" if dark else b"\xff") * SCALE for dark in row)
        lines += line * SCALE
    side = across * SCALE
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(bytes(lines))) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
