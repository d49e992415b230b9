"""The merchant of tests/orders with products and pictures, and a phone that opens his pages."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from domain.money import Money
from models.order import Product
from tests.orders.mall import Mall
from tests.support.databases import Database


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Mall:
    images = tmp_path / "images"
    images.mkdir()
    Image.new("RGB", (600, 600), "#c0392b").save(images / "apple.jpg")
    (tmp_path / "secret.jpg").write_bytes(b"outside")
    (images / "notes.txt").write_text("not a picture", encoding="utf-8")
    opened = Mall(database.sessions, images)
    opened.plan()
    with opened.sessions.writing() as session:
        for sku, name, picture, on_shelf in [
            ("APPLE", "红富士 <5斤>", "apple.jpg", True),
            ("A/B ?", "礼盒", None, True),
            ("GONE", "下架的", "apple.jpg", False),
        ]:
            session.add(
                Product(
                    sku=sku, name=name, category="水果", price=Money(123450), stock=3, on_shelf=on_shelf,
                    promise="坏果包赔·冷链配送", picture=picture,
                )
            )  # fmt: skip
    return opened
