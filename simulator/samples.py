"""A small picture that a person can send without choosing one: a PNG written by hand, so that no library is needed."""

from __future__ import annotations

import struct
import zlib
from functools import cache

SIDE = 240


@cache
def picture() -> bytes:
    """A soft gradient, 240 × 240 RGB."""
    rows = bytearray()
    for y in range(SIDE):
        rows.append(0)
        for x in range(SIDE):
            rows += bytes((90 + x * 120 // SIDE, 150 + y * 70 // SIDE, 230 - x * 60 // SIDE))
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(bytes(rows))) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
