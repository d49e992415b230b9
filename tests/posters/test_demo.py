"""The demo catalogue: six products that a poster can be made of."""

import re
import tomllib

import pytest
import zxingcpp
from PIL import Image

from services.poster import PosterStudio, ProductPoster
from tests.posters.conftest import ASSETS
from tests.posters.test_posters import LINK, opened

CATALOGUE = tomllib.loads((ASSETS / "demo" / "products.toml").read_text("utf-8"))
PRODUCTS = CATALOGUE["product"]


def test_there_are_six_products_and_the_gift_box_is_one_of_them() -> None:
    assert len({item["sku"] for item in PRODUCTS}) == 6
    assert next(item for item in PRODUCTS if item["sku"] == "GIFT-BOX")["category"] == "礼盒"


@pytest.mark.parametrize("item", PRODUCTS, ids=lambda item: item["sku"])
def test_a_demo_product_is_sold_above_cost_and_has_a_picture(item: dict[str, str]) -> None:
    assert re.fullmatch(r"\d+\.\d\d", item["price"])
    assert float(item["cost"]) < float(item["price"])
    path = ASSETS / "images" / item["picture"]
    assert path.stat().st_size < 250_000
    with Image.open(path) as picture:
        assert min(picture.size) >= 1080


@pytest.mark.parametrize("item", PRODUCTS, ids=lambda item: item["sku"])
def test_every_demo_product_has_a_poster_that_scans(studio: PosterStudio, item: dict[str, str]) -> None:
    link = f"{LINK}&p={item['sku']}"
    picture = ASSETS / "images" / item["picture"]
    poster = ProductPoster(
        item["sku"], item["name"], item["price"], item["promise"], picture, "小李", link, CATALOGUE["merchant"]
    )
    assert [found.text for found in zxingcpp.read_barcodes(opened(studio.render(poster)))] == [link]
