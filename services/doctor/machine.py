"""The machine: clock and time zone, fonts and what they have to draw."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from domain.periods import SHANGHAI
from models.base import Sessions
from models.order import Product
from services.doctor import Finding, NoDatabase, reading
from services.log import redact
from services.poster import PosterError, PosterStudio, RecruitPoster
from services.poster.glyphs import REPLACEMENT, Faces
from services.terminal import clock_text


def clock(shift: timedelta, clock_file: Path | None) -> Iterator[Finding]:
    """The zone's rules are there, and what CLOCK_FILE adds. The platform's time is compared in bot/doctor.py."""
    title = "时钟和时区"
    noon = datetime(2026, 1, 1, 12, tzinfo=SHANGHAI)
    if noon.utcoffset() != timedelta(hours=8):
        do = "重新安装 Python 包 tzdata：pip install --force-reinstall tzdata"
        yield Finding("clock", title, "wrong", "时区数据不对，上海不是 UTC+8", do)
    elif clock_file is not None and (fault := _clock_file_fault(clock_file)):
        do = f"删掉 {clock_file}，或用模拟器的时钟重新写"
        yield Finding("clock", title, "wrong", f"CLOCK_FILE {fault}", do)
    elif abs(shift) >= timedelta(seconds=1):
        said = f"演示时钟比系统时间{'快' if shift > timedelta() else '慢'} {_duration(abs(shift))}"
        do = "只用于演示；要回到真实时间，在模拟器里把时钟复位"
        yield Finding("clock", title, "note", said, do)
    else:
        yield Finding("clock", title, "ok", f"现在是上海时间 {clock_text(datetime.now(UTC))}")


def _clock_file_fault(file: Path) -> str | None:
    try:
        timedelta(seconds=float(file.read_text(encoding="ascii")))
    except FileNotFoundError:
        return None
    except OSError as fault:
        return f"读不了（{fault.strerror}）"
    except (ValueError, OverflowError):
        return "里不是一个秒数"
    return None


def _duration(span: timedelta) -> str:
    hours, seconds = divmod(span.seconds, 3600)
    parts = ((span.days, "天"), (hours, "小时"), (seconds // 60, "分"), (seconds % 60, "秒"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "不到 1 秒"


def fonts(assets: Path, sessions: Sessions) -> Iterator[Finding]:
    """The font files draw what is sold, and a poster comes out of the studio."""
    title = "字体和海报"
    do = "从发布包恢复 assets/fonts、assets/posters 和 assets/images；版式有误时按提示改"
    try:
        faces = Faces(assets / "fonts")
        with tempfile.TemporaryDirectory(prefix="tuike-doctor-") as folder:
            poster = RecruitPoster(merchant="推客助手", nickname="体检", link="https://example.com/r/8K3M2Q")
            drawn = PosterStudio(assets, Path(folder)).render(poster)
    except (OSError, ValueError, PosterError) as fault:
        yield Finding("fonts", title, "wrong", f"海报画不出来：{redact(str(fault))}", do)
        return
    letters = _letters(sessions) - {REPLACEMENT}
    missing = sorted(letter for letter in letters if faces.drawable(letter) == REPLACEMENT)
    if missing:
        said = f"商品名或卖点里有 {len(missing)} 个字画不出来：{' '.join(missing[:10])}"
        yield Finding("fonts", title, "note", said, "换成常用字；海报上它们会显示为「·」")
    else:
        yield Finding("fonts", title, "ok", f"试画一张海报 {drawn.width}×{drawn.height} 正常，商品名里的字都有字形")


def _letters(sessions: Sessions) -> set[str]:
    """The characters of what is sold; none where there is no database to ask, which has a finding of its own."""
    try:
        with reading(sessions) as session:
            rows = session.execute(select(Product.name, Product.promise).limit(2000)).all()
    except (NoDatabase, SQLAlchemyError):
        return set()
    return {letter for row in rows for letter in f"{row.name}{row.promise}"}
