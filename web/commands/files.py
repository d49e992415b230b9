"""Files that a command is given."""

from __future__ import annotations

from pathlib import Path

import click

from services.terminal import Refusal

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
LARGEST_FILE = 64 << 20


def read_text(path: Path) -> str:
    """A file's text. A byte order mark, which some editors write, is no part of it."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise Refusal("file.too_large", f"{path} 超过 {LARGEST_FILE >> 20} MB")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as fault:
        raise Refusal(
            "file.not_utf8", f"{path} 不是 UTF-8 文本（第 {fault.start + 1} 个字节）；用 UTF-8 另存"
        ) from None
    except OSError as fault:
        raise Refusal("file.unreadable", f"{path} 读不了：{fault.strerror}") from None
