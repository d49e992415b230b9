"""What the tables of sentences are read against."""

from __future__ import annotations

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.understanding import ProductName, Understanding
from domain.conversation import Intent

HERE = Path(__file__).parent
ASSETS = HERE.parents[1] / "assets"
NOW = datetime.fromisoformat("2026-11-21T15:00:00+08:00")
CATALOGUE = (
    ProductName("SB-3", "丹东99草莓 3斤装", "水果"),
    ProductName("CL-2", "智利车厘子 2斤", "水果"),
    ProductName("OR-5", "赣南脐橙 5斤", "水果"),
    ProductName("AP-9", "烟台红富士苹果 9斤", "水果"),
    ProductName("MG-4", "海南贵妃芒果 4斤", "水果"),
    ProductName("HN-1", "百花蜂蜜 500g", "滋补"),
    ProductName("MK-12", "原味酸奶 12杯", "乳品"),
    ProductName("MK-10", "无糖酸奶 10杯", "乳品"),
)


def table(file: str) -> dict[str, list[Any]]:
    return tomllib.loads((HERE / file).read_text(encoding="utf-8"))


def read(understanding: Understanding, text: str, **how: Any) -> Intent:
    return understanding.understand(text, now=NOW, catalogue=CATALOGUE, **how)


def comparable(slots: dict[str, Any]) -> dict[str, Any]:
    """Slots without what the tables leave open: labels of periods, `topic`, `query`, the order of candidates."""
    kept = {name: value for name, value in slots.items() if name not in ("topic", "query")}
    if "period" in kept:
        kept["period"] = {edge: kept["period"][edge] for edge in ("from", "to")}
    if "products" in kept:
        kept["products"] = sorted(kept["products"])
    return kept


def expected(case: list[Any]) -> tuple[str, dict[str, Any]]:
    return case[1], comparable(case[2] if len(case) > 2 else {})
